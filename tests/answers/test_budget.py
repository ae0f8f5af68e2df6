"""An answer within a number of tokens: a summary, the first rows, and a table of the whole for an hour."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from dinobase.access.guard import Guard
from dinobase.access.policy import policy_of
from dinobase.catalog.tokens import estimate_tokens
from dinobase.core import clock
from dinobase.core.errors import QueryError, QueryTimeout, UnknownName, UsageError
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.query import handles
from dinobase.query.budget import run_within
from dinobase.query.engine import QueryEngine
from dinobase.query.format import render
from dinobase.query.result import QueryResult, Summary
from dinobase.workspace.results import Queried
from tests.answers.conftest import CONNECTORS

ALL = "SELECT * FROM shop.orders ORDER BY id"


def kept(engine: QueryEngine, sql: str = ALL, budget: int = 1_000) -> tuple[str, Summary, QueryResult]:
    found = run_within(engine, sql, budget)
    assert found.handle is not None
    assert found.summary is not None
    return found.handle.table, found.summary, found


def other(workspace: Paths, identity: str) -> QueryEngine:
    return QueryEngine(Storage(workspace.lakes), workspace, CONNECTORS, identity=identity)


def test_what_fits_is_answered_as_without_a_budget(engine: QueryEngine) -> None:
    sql = "SELECT status, count(*) AS n FROM shop.orders GROUP BY ALL ORDER BY ALL"
    assert run_within(engine, sql, 1_000) == engine.run(sql)


def test_a_larger_answer_is_a_summary_with_five_rows_and_a_table(engine: QueryEngine) -> None:
    table, summary, found = kept(engine)
    assert (summary.row_count, summary.column_count, summary.complete) == (5000, 6, True)
    columns = {column.name: column for column in summary.columns}
    assert (columns["id"].nulls, columns["id"].distinct, columns["id"].min, columns["id"].max) == (0, 5000, "0", "4999")
    assert [(top.value, top.count) for top in columns["status"].top or ()] == [
        ("open", 1667),
        ("paid", 1667),
        ("lost", 1666),
    ]
    assert [row[0] for row in found.rows] == [0, 1, 2, 3, 4]
    assert found.truncated
    assert table.startswith("result.r_")
    assert found.sources[0].table == "shop.orders"


@pytest.mark.parametrize("form", ["compact", "json"])
@pytest.mark.parametrize("budget", [400, 1_000, 5_000])
def test_no_answer_costs_more_than_its_budget(engine: QueryEngine, form: str, budget: int) -> None:
    sql = f"SELECT *, {', '.join(f'repeat(status, 40) AS c{n}' for n in range(40))} FROM shop.orders"
    answer = render(run_within(engine, sql, budget, form=form), form)
    assert estimate_tokens(answer) <= budget


def test_a_thousand_columns_still_name_their_table(engine: QueryEngine) -> None:
    sql = f"SELECT {', '.join(f'range AS column_number_{n}' for n in range(300))} FROM range(100)"
    _, summary, found = kept(engine, sql, 400)
    assert summary.column_count == 300
    assert len(found.columns) == len(summary.columns) < 300
    assert any("columns are not shown" in note for note in found.notes)


def test_a_kept_result_joins_with_connectors_and_says_where_it_is_from(engine: QueryEngine) -> None:
    table, _, _ = kept(engine)
    sql = f"SELECT p.name, sum(r.total) AS total FROM {table} r JOIN crm.people p ON p.id = r.customer GROUP BY ALL"
    found = engine.run(f"{sql} ORDER BY ALL LIMIT 1")
    assert found.rows == [("Person 0", "446696.25")]
    assert [source.table for source in found.sources] == ["crm.people", "shop.orders"]


def test_types_and_values_are_kept(engine: QueryEngine) -> None:
    values = """170141183460469231731687303715884105727::HUGEINT AS a, 5::HUGEINT AS b, 1.50::DECIMAL(5,2) AS c,
        INTERVAL '1 month 2 days 3.000004 s' AS d, '{"x": 1}'::JSON AS e, [1::HUGEINT] AS f, NULL AS g, 'b'::BLOB AS h,
        TIMESTAMPTZ '2026-01-01 10:00:00.123456+02' AS i, {'a': 1} AS j, 'x' AS "x y", TIME '12:00' AS k"""
    table, _, _ = kept(engine, f"SELECT {values}, repeat('x', 2000) AS long FROM range(3)", 200)
    direct, again = engine.run(f"SELECT {values}"), engine.run(f"SELECT * EXCLUDE (long) FROM {table} LIMIT 1")
    assert again.columns == direct.columns
    assert [str(value) for value in again.rows[0]] == [str(value) for value in direct.rows[0]]


def test_a_kept_result_survives_a_new_process(workspace: Paths) -> None:
    workspace.config.write_text("connectors:\n  shop: {type: shop}\n  crm: {type: crm}\n")

    def query(*words: str) -> str:
        command = [sys.executable, "-m", "dinobase", "query", *words]
        env = {**os.environ, "DINOBASE_DIR": str(workspace.root)}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout

    first = query(ALL, "--format", "compact", "--budget", "1000").splitlines()
    table = re.findall(r"result\.r_[0-9a-f]{6}", first[0])[0]
    assert first[0].startswith("# 5,000 rows x 6 columns in result.r_")
    assert first[-1].startswith("4,4,")
    assert query(f"SELECT count(*) AS n FROM {table}", "--format", "compact").splitlines()[1:] == ["n", "5000"]


def test_another_identity_has_no_such_table(workspace: Paths, engine: QueryEngine) -> None:
    table, _, _ = kept(engine)
    with pytest.raises(UnknownName) as caught:
        other(workspace, "bot").run(f"SELECT * FROM {table}")
    assert caught.value.error_code == "unknown.table"
    assert table.removeprefix("result.")[:5] not in caught.value.hint


def test_a_kept_result_ends_with_the_rules_under_which_it_was_made(workspace: Paths) -> None:
    def bot(pii: str) -> QueryEngine:
        guard = Guard(policy_of({"bot": {"pii": pii}}, "bot"), lambda *_: {}, lambda: "key")
        return QueryEngine(Storage(workspace.lakes), workspace, CONNECTORS, identity="bot", guard=guard)

    table, _, _ = kept(bot("mask"))
    assert bot("mask").run(f"SELECT count(*) FROM {table}").rows == [(5000,)]
    with pytest.raises(UnknownName):
        bot("deny").run(f"SELECT count(*) FROM {table}")


def test_a_masked_column_is_masked_in_what_is_kept(workspace: Paths) -> None:
    rules = {"bot": {"columns": {"crm.people.email": "mask"}}}
    guard = Guard(policy_of(rules, "bot"), lambda *_: {}, lambda: "key")
    engine = QueryEngine(Storage(workspace.lakes), workspace, CONNECTORS, identity="bot", guard=guard)
    sql = "SELECT p.*, repeat('x', 200) AS pad FROM crm.people p"
    table, summary, found = kept(engine, sql, 200)
    whole = f"{summary}{found.rows}{engine.run(f'FROM {table}').rows}"
    assert "secret.example" not in whole
    files = (workspace.state / "handles").glob("*/*")
    assert not [file for file in files if b"p1@secret" in file.read_bytes()]


def test_an_hour_later_it_is_gone(workspace: Paths, engine: QueryEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    table, _, _ = kept(engine)
    now = clock.now()
    monkeypatch.setattr(handles, "now", lambda: now + timedelta(minutes=59))
    assert engine.run(f"SELECT count(*) FROM {table}").rows == [(5000,)]
    monkeypatch.setattr(handles, "now", lambda: now + timedelta(minutes=61))
    with pytest.raises(UnknownName) as caught:
        engine.run(f"FROM {table}")
    assert caught.value.hint == "Results are kept for an hour: send its query again."
    monkeypatch.setattr(handles, "now", lambda: now + timedelta(hours=2))
    engine.handles.clean()
    assert list((workspace.state / "handles").glob("*/*")) == []


def test_only_its_owner_may_read_the_files(workspace: Paths, engine: QueryEngine) -> None:
    kept(engine)
    folder = Path(engine.handles.folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_a_result_of_a_connector_that_is_gone_is_gone_too(workspace: Paths, engine: QueryEngine) -> None:
    table, _, _ = kept(engine)
    without = QueryEngine(Storage(workspace.lakes), workspace, {"crm": 3600.0})
    with pytest.raises(UnknownName):
        without.run(f"FROM {table}")


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("FROM result.nothing", UnknownName),
        ('FROM result."../x"', UnknownName),
        ("FROM result.\"r_abcdef'\"", UnknownName),
        ("FROM read_parquet('{file}')", QueryError),
        ("FROM '{file}'", QueryError),
        ("FROM {table} AT (VERSION => 1)", QueryError),
        ("COPY (SELECT 1) TO '{file}'", QueryError),
    ],
)  # fmt: skip
def test_handles_open_no_way_to_files(engine: QueryEngine, sql: str, error: type[Exception]) -> None:
    table, _, _ = kept(engine)
    file = Path(engine.handles.folder) / f"{table.removeprefix('result.')}.parquet"
    with pytest.raises(error):
        engine.run(sql.format(table=table, file=file))


def test_a_near_name_of_ones_own_is_proposed(engine: QueryEngine) -> None:
    table, _, _ = kept(engine)
    with pytest.raises(UnknownName) as caught:
        engine.run(f"FROM {table[:-1]}{'0' if table[-1] != '0' else '1'}")
    assert "Did you mean result.r_" in caught.value.hint


def test_the_time_limit_holds_for_what_is_kept_too(engine: QueryEngine) -> None:
    sql = "SELECT a.range, b.range FROM range(1000000) a, range(1000000) b"
    with pytest.raises((QueryTimeout, UnknownName)):
        run_within(engine, f"SELECT count(*) AS n, x.range FROM ({sql}) x GROUP BY ALL", 300, timeout=0.5)
    assert not list(Path(engine.handles.folder).glob("*.part"))


def test_a_million_rows_are_kept_and_it_is_said_that_there_are_more(engine: QueryEngine) -> None:
    _, summary, found = kept(engine, "SELECT range AS a FROM range(1000005)", 500)
    assert (summary.row_count, summary.complete) == (1_000_000, False)
    assert any("only the first 1,000,000 rows were kept" in note for note in found.notes)


def test_ten_thousand_rows_shown_at_most_are_no_limit_on_what_is_kept(engine: QueryEngine) -> None:
    found = run_within(engine, "SELECT range AS a FROM range(50000)", 500, max_rows=10)
    assert (found.row_count, found.truncated, found.handle) == (10, True, None)
    _, summary, _ = kept(engine, "SELECT range AS a FROM range(50000)", 500)
    assert summary.row_count == 50_000


def test_a_warm_engine_answers_within_budgets_too(workspace: Paths) -> None:
    warm = QueryEngine(Storage(workspace.lakes), workspace, CONNECTORS, keep=2)
    for _ in range(3):
        table, _, _ = kept(warm)
        assert warm.run(f"SELECT count(*) FROM {table}").rows == [(5000,)]
    with pytest.raises(QueryError):
        warm.run("PRAGMA table_info('x')")
    kept(warm, "SELECT range FROM range(3000)")


def test_explain_is_cut_to_its_budget(engine: QueryEngine) -> None:
    found = run_within(engine, f"EXPLAIN {ALL}", 200)
    assert found.handle is None
    assert estimate_tokens(render(found, "compact")) <= 200


@pytest.mark.parametrize("form", ["csv", "markdown", "ndjson"])
def test_a_format_that_could_not_name_the_table_takes_no_budget(engine: QueryEngine, form: str) -> None:
    with pytest.raises(UsageError, match="cannot be kept"):
        run_within(engine, ALL, 1_000, form=form)


@pytest.mark.parametrize("budget", [1, 199])
def test_a_budget_that_holds_nothing_is_refused(engine: QueryEngine, budget: int) -> None:
    with pytest.raises(UsageError, match="too small"):
        run_within(engine, "SELECT 1", budget)


def test_json_has_handle_and_summary_in_their_published_shape(engine: QueryEngine) -> None:
    answer = json.loads(render(run_within(engine, ALL, 2_000, form="json"), "json"))
    checked = msgspec.convert(answer, Queried)
    assert checked.handle is not None
    assert checked.summary is not None
    assert (checked.handle.rows, checked.summary.row_count, checked.row_count) == (5000, 5000, 5)
    assert list(answer["handle"]) == ["table", "rows", "expires_at"]
    assert answer["summary"]["columns"][2] == {
        "name": "status", "type": "VARCHAR", "nulls": 0, "distinct": 3,
        "top": [{"value": "open", "count": 1667}, {"value": "paid", "count": 1667}, {"value": "lost", "count": 1666}],
    }  # fmt: skip
