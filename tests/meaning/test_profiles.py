"""What rows show of columns: told where nobody said it, kept for one state of a table, never what may be somebody's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.catalog.brief import describe_text
from dinobase.catalog.examine import Examiner
from dinobase.catalog.profiles import ProfileBook
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.workspace import Workspace
from tests.lake.build import Builder

DESK: dict[str, Any] = {
    "name": "desk",
    "client": {"base_url": "https://desk.example"},
    "resources": [
        {"name": "people", "primary_key": "id"},
        {"name": "bills", "primary_key": "id", "columns": {"status": {"values": {"o": "open", "p": "paid"}}}},
        {"name": "notes", "primary_key": "id"},
    ],
}
ROWS = (
    "CREATE TABLE people (id BIGINT, contact VARCHAR, plan VARCHAR, seen BIGINT, city VARCHAR)",
    """INSERT INTO people SELECT i, 'user' || i || '@mail.example', ['free', 'pro'][i % 2 + 1], 1700000000 + i * 1000,
        ['Bern', 'Rome', 'Lyon'][i % 3 + 1] FROM range(60) t(i)""",
    "CREATE TABLE bills (id BIGINT, status VARCHAR, amount BIGINT, updated_at BIGINT)",
    """INSERT INTO bills SELECT i, ['o', 'p'][i % 2 + 1], i * 1000 + [99, 50, 0, 37][i % 4 + 1], 1700000000 + i
        FROM range(60) t(i)""",
    "CREATE TABLE notes (id BIGINT, body VARCHAR)",
    "INSERT INTO notes VALUES (1, 'hello'), (2, NULL)",
)
ACCESS = {
    "bot": {"pii": "mask"},
    "few": {"rows": {"desk.people": "id < 3"}},
    "blind": {"columns": {"desk.people.plan": "mask"}},
}


def make(root: Path, **storage: str) -> Workspace:
    paths = Paths(root)
    builder = Builder(Storage(paths.lakes, **storage).lake("desk"))
    builder.commit(*ROWS)
    builder.close()
    paths.make(paths.connectors)
    (paths.connectors / "desk.yaml").write_text(yaml.safe_dump(DESK))
    settings = {"storage": storage, "connectors": {"desk": {"type": "desk"}}, "access": ACCESS}
    paths.config.write_text(yaml.safe_dump(settings))
    return Workspace(paths)


@pytest.fixture
def desk(tmp_path: Path) -> Workspace:
    return make(tmp_path / "w")


def change(workspace: Workspace, *statements: str) -> None:
    builder = Builder(workspace.storage().lake("desk"))
    builder.commit(*statements)
    builder.close()


def column(workspace: Workspace, name: str, table: str = "desk.people", **how: Any) -> dict[str, Any]:
    [described] = workspace.describe([table], samples=0, **how)
    return next(c for c in described.as_dict()["columns"] if c["name"] == name)


def looked_at(workspace: Workspace) -> dict[str, int]:
    """Return table -> the version at which it was last looked at."""
    book = ProfileBook(workspace.paths.state, workspace.storage().catalog)
    return {name: profile.version for name, profile in book.kept("desk").items()}


def test_a_description_tells_units_codes_and_personal_data_that_nobody_said(desk: Workspace) -> None:
    assert column(desk, "seen") == {
        "name": "seen",
        "type": "BIGINT",
        "nullable": True,
        "unit": "epoch_s",
        "from_data": ["unit"],
    }
    assert column(desk, "plan")["values"] == ["free", "pro"]
    assert column(desk, "contact")["pii"] == "email"
    assert column(desk, "amount", "desk.bills")["unit"] == "cents"


def test_what_the_file_or_anybody_says_stays(desk: Workspace) -> None:
    desk.annotate(
        [
            {"target": "desk.people.seen", "key": "unit", "value": "fortnights"},
            {"target": "desk.people.plan", "key": "values", "value": ["a"]},
        ],
        origin="heuristic",
    )
    desk.annotate([{"target": "desk.people.contact", "key": "pii", "value": "none"}], origin="person")
    assert column(desk, "status", "desk.bills")["values"] == {"o": "open", "p": "paid"}
    assert column(desk, "seen")["unit"] == "fortnights"
    assert column(desk, "plan")["values"] == ["a"]
    assert "pii" not in column(desk, "contact")
    assert "from_data" not in column(desk, "contact")


def test_only_the_full_description_tells_counts_and_reasons(desk: Workspace) -> None:
    short = describe_text(desk.describe(["desk.bills"], samples=0))
    full = describe_text(desk.describe(["desk.bills"], samples=0, full=True), full=True)
    assert "different" not in short
    assert "60 different, 1700000000 to 1700000059" in full
    assert "unit by: `updated_at` names a moment" in full
    assert "newest row 2023-11-14T22:14:19Z by updated_at" in full
    [described] = desk.describe(["desk.notes"], samples=0, full=True)
    assert described.columns[1].profile == {"nulls": 1, "distinct": 1}


def test_only_tables_that_changed_are_looked_at_again(desk: Workspace) -> None:
    desk.maintain()
    before = looked_at(desk)
    change(desk, "INSERT INTO notes VALUES (3, 'more')")
    desk.describe(["desk"], samples=0, full=True)
    after = looked_at(desk)
    assert {name for name in after if after[name] != before[name]} == {"notes"}


def test_looking_twice_tells_the_same(desk: Workspace) -> None:
    examiner = Examiner(desk.storage(), desk.paths)
    first = examiner.current("desk")
    ProfileBook(desk.paths.state).forget("desk")
    again = examiner.current("desk")
    assert {n: p.columns for n, p in first.items()} == {n: p.columns for n, p in again.items()}


def test_a_large_table_is_sampled_and_its_bounds_are_those_of_all_rows(desk: Workspace) -> None:
    change(
        desk,
        """CREATE TABLE hits AS SELECT i AS id, 1700000000 + i AS created_at, 'x' || i AS word,
            ['a', 'b', 'c'][i % 3 + 1] AS kind, CASE WHEN i % 2 = 0 THEN i END AS even FROM range(150000) t(i)""",
    )
    profile = Examiner(desk.storage(), desk.paths).current("desk", ["hits"])["hits"]
    seen = {c.name: c for c in profile.columns}
    assert profile.rows == 150_000
    assert profile.looked_at == 2_000
    assert (seen["id"].least, seen["id"].greatest, seen["even"].nulls) == (0, 149_999, 75_000)
    assert seen["kind"].values == ("a", "b", "c")
    assert seen["created_at"].unit == "epoch_s"
    assert profile.newest == "2023-11-16T15:53:19Z"


def test_values_of_hidden_rows_and_columns_are_not_told(desk: Workspace) -> None:
    desk.maintain()
    few = column(desk, "plan", identity="few", full=True)
    assert (few.get("values"), few.get("profile")) == (None, None)
    blind = column(desk, "plan", identity="blind", full=True)
    assert (blind.get("values"), blind.get("profile")) == (None, None)
    assert column(desk, "plan", identity="cli", full=True)["profile"]["distinct"] == 2


def test_a_record_that_is_forgotten_leaves_no_profile(desk: Workspace) -> None:
    desk.maintain()
    change(desk, """INSERT INTO _dinobase_state VALUES ('people', 'key', '["id"]'), ('people', 'schema', '[]')""")
    desk.forget("desk.people", ["7"])
    assert looked_at(desk) == {}


def test_gaps_shows_the_most_frequent_values(desk: Workspace) -> None:
    [gap] = [g for g in desk.gaps("desk.people").gaps if g.target.endswith(".plan") and g.missing == "description"]
    assert sorted(gap.samples) == ["free", "pro"]
    assert not [g for g in desk.gaps("desk").gaps if g.missing == "unit"]


def test_profiles_are_kept_beside_a_catalog_in_postgresql(postgres: str, tmp_path: Path) -> None:
    desk = make(tmp_path / "w", catalog=postgres)
    desk.maintain()
    assert set(looked_at(desk)) == {"people", "bills", "notes"}
    assert column(desk, "seen")["unit"] == "epoch_s"
