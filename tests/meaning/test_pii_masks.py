"""Personal data that only the rows show is masked from the first query on, and a person's word beats it both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dinobase.core.errors import DinobaseError
from dinobase.workspace import Workspace
from tests.meaning.test_profiles import change, make


@pytest.fixture
def desk(tmp_path: Path) -> Workspace:
    return make(tmp_path / "w")


def first(workspace: Workspace, sql: str, identity: str = "bot") -> list[Any]:
    return list(workspace.query(sql, identity=identity).rows[0])


def test_a_table_that_nobody_looked_at_is_looked_at_before_it_is_shown(desk: Workspace) -> None:
    assert first(desk, "SELECT contact, plan FROM desk.people ORDER BY id") == ["***", "free"]
    assert first(desk, "SELECT contact FROM desk.people ORDER BY id", "cli") == ["user0@mail.example"]


def test_what_a_sync_brings_is_masked_in_an_engine_that_was_open_before(desk: Workspace) -> None:
    engine = desk.engine("bot", keep=1)
    assert engine.run("SELECT body FROM desk.notes ORDER BY id").rows[0] == ("hello",)
    change(desk, "DELETE FROM notes", "INSERT INTO notes SELECT i, 'u' || i || '@x.example' FROM range(9) t(i)")
    assert engine.run("SELECT body FROM desk.notes ORDER BY id").rows[0] == ("***",)


def test_a_person_takes_a_mask_away_and_puts_one_on(desk: Workspace) -> None:
    say = [{"target": "desk.people.contact", "key": "pii", "value": "none"}]
    desk.annotate([*say, {"target": "desk.people.plan", "key": "pii", "value": "name"}], origin="person")
    assert first(desk, "SELECT contact, plan FROM desk.people ORDER BY id") == ["user0@mail.example", "***"]


def test_a_column_that_is_gone_is_masked_in_older_versions(desk: Workspace) -> None:
    version = desk.history("desk.people").versions[0].version
    first(desk, "SELECT contact FROM desk.people")
    change(desk, "ALTER TABLE people DROP COLUMN contact")
    assert first(desk, "SELECT count(*) FROM desk.people") == [60]
    sql = f"SELECT contact FROM desk.people AT (VERSION => {version})"
    assert first(desk, sql) == ["***"]


def test_what_cannot_be_looked_at_is_not_shown(desk: Workspace) -> None:
    for file in Path(desk.storage().lake("desk").data).rglob("*.parquet"):
        file.write_bytes(b"not parquet")
    with pytest.raises(DinobaseError):
        desk.query("SELECT plan FROM desk.people", identity="bot")


def test_search_knows_no_value_of_a_column_that_is_personal_by_its_values(desk: Workspace) -> None:
    change(
        desk,
        "CREATE TABLE shifts (id BIGINT, worker VARCHAR, kind VARCHAR)",
        """INSERT INTO shifts SELECT i, ['maria.lopez@x.example', 'peter.novak@x.example'][i % 2 + 1],
            ['nightly', 'daily'][i % 2 + 1] FROM range(40) t(i)""",
    )
    desk.maintain()
    assert [table.table for table in desk.search("nightly").tables] == ["desk.shifts"]
    assert not desk.search("novak").tables
