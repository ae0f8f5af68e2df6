from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dinobase.access.guard import Guard
from dinobase.access.policy import policy_of
from dinobase.catalog.runs import RunLog, TableRun
from dinobase.core.clock import now
from dinobase.core.errors import UnknownName
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from dinobase.workspace import Workspace
from tests.access.conftest import CONNECTORS, SECRET, build


@pytest.fixture(scope="session")
def opened(workspace: Paths) -> Workspace:
    return Workspace(workspace)


def test_a_description_shows_what_is_there_and_samples_are_masked(opened: Workspace) -> None:
    found = opened.describe(["shop"], identity="masked")
    assert SECRET not in json.dumps([table.as_dict() for table in found])
    clear = opened.describe(["shop"])
    assert SECRET in json.dumps([table.as_dict() for table in clear])
    assert [table.table for table in found] == [table.table for table in clear]


def test_a_description_counts_the_rows_that_are_there(opened: Workspace) -> None:
    found = opened.describe(["shop.customers"], identity="europe")[0]
    assert (found.row_count, len(found.sample_rows)) == (2, 2)
    assert "phone" not in [column.name for column in found.columns]


def test_joins_with_what_is_not_there_are_not_described(opened: Workspace) -> None:
    joins = [related.join for related in opened.describe(["shop.notes"])[0].related_tables]
    assert joins == ["shop.notes._customers_email = shop.customers.email"]
    described = opened.describe(["shop.customers"], identity="support")[0]
    assert [related.table for related in described.related_tables] == ["shop.customers__lines"]
    assert opened.describe(["shop.notes"], identity="masked")[0].related_tables[0].join == joins[0]


@pytest.mark.parametrize("name", ["shop.notes", "hr.salaries", "crm", "hr"])
def test_an_unknown_name_and_a_forbidden_one_are_told_alike(opened: Workspace, name: str) -> None:
    with pytest.raises(UnknownName) as caught:
        opened.describe([name], identity="support")
    assert "salaries" not in caught.value.hint
    assert "notes" not in caught.value.hint
    with pytest.raises(UnknownName):
        opened.history(name, identity="support")


def test_history_counts_nothing_where_rows_are_taken_away(opened: Workspace) -> None:
    assert {v.inserted for v in opened.history("shop.customers", identity="europe").versions} == {None}
    assert len(opened.history("shop.customers", identity="europe").versions) == 3


def test_lists_show_what_is_there(opened: Workspace) -> None:
    assert [one.name for one in opened.status(identity="nobody").connectors] == []
    support = opened.connectors(identity="support").connectors
    assert [(one.name, [t.name for t in one.tables]) for one in support] == [("shop", ["customers"])]
    europe = opened.status(identity="europe").connectors[0].tables
    assert {t.name: t.rows for t in europe} == {"customers": 2, "notes": 2}
    assert len(opened.status().connectors) == 3


def _run(workspace: Paths, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DINOBASE_DIR": str(workspace.root), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, "-m", "dinobase", *words], capture_output=True, text=True, env=env, check=False
    )


@pytest.mark.parametrize(
    "words", [("query", "FROM shop.customers"), ("describe", "shop"), ("status",), ("connectors",)]
)
def test_the_command_line_tries_an_identity_out(workspace: Paths, words: tuple[str, ...]) -> None:
    done = _run(workspace, *words, "--as", "masked")
    assert (done.returncode, done.stderr) == (0, "")
    assert SECRET not in done.stdout
    unknown = _run(workspace, *words, "--as", "maskd")
    assert unknown.returncode == 2
    assert "Did you mean `masked`?" in unknown.stderr


def test_rules_follow_the_connectors_file_in_warm_instances_too(workspace: Paths, opened: Workspace) -> None:
    sql = "SELECT name FROM shop.customers WHERE id = 1"
    engine = opened.engine("masked", keep=1)
    path = workspace.connectors / "shop.yaml"
    before = path.read_text()
    data = yaml.safe_load(before)
    data["resources"][0]["columns"]["name"] = {"pii": "name"}
    assert engine.run(sql).rows == [("Ada Lovelace",)]
    path.write_text(yaml.safe_dump(data))
    try:
        assert engine.run(sql).rows == opened.query(sql, identity="masked").rows == [("***",)]
    finally:
        path.write_text(before)
    assert engine.run(sql).rows == [("Ada Lovelace",)]


def test_an_identity_sees_its_own_runs_of_what_is_there_for_it(tmp_path: Path) -> None:
    paths = build(Paths(tmp_path), "ada", SECRET, 1, [])
    log = RunLog(paths.state)
    for number, (connector, by) in enumerate(
        (("shop", "cli"), ("shop", "support"), ("hr", "support"), ("shop", "bot"))
    ):
        log.start(f"run_{number}", connector, by=by)
        table = "salaries" if connector == "hr" else "customers"
        log.table(f"run_{number}", connector, TableRun(table, "success", now(), now()))
    for name in ("sync_runs", "sync_run_tables"):
        sql = f"SELECT run_id FROM _dinobase.{name} ORDER BY ALL"
        asked = {who: Workspace(paths).query(sql, identity=who).rows for who in ("cli", "support", "mcp", "nobody")}
        assert asked == {"cli": [(f"run_{n}",) for n in range(4)], "support": [("run_1",)], "mcp": [], "nobody": []}


def test_a_connector_without_a_table_to_see_is_no_schema(workspace: Paths) -> None:
    guarded = Guard(policy_of({"x": {"sources": ["*.salaries"]}}, "x"), lambda *_: {}, str)
    engine = QueryEngine(Storage(workspace.lakes), workspace, CONNECTORS, identity="x", guard=guarded)
    assert engine.run("SELECT schema_name FROM information_schema.schemata").rows == [("hr",)]
