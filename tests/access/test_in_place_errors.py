"""A value that a database live cannot give stops the query, and where rules hide it the error does not repeat it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dinobase.core.errors import DinobaseError
from dinobase.workspace import Workspace

RULES = """
access:
  eu: {rows: {s.t: "region = 'eu'"}}
  hashed: {columns: {s.t.day: hash, s.t.n: hash}}
  bot: {pii: mask}
"""
HIDDEN = "wombat"


@pytest.fixture
def there(tmp_path: Path) -> Workspace:
    file = tmp_path / "s.db"
    workspace = Workspace.open(tmp_path / "workspace")
    with closing(sqlite3.connect(file)) as source, source:
        source.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, region TEXT, n INTEGER, day DATE, email TEXT)")
        source.execute("INSERT INTO t VALUES (1, 'eu', 1, '2026-01-01', 'ada@x.example')")
    workspace.add("sqlite", name="s", given={"path": str(file), "mode": "live"})
    workspace.sync(["s"])
    with closing(sqlite3.connect(file)) as source, source:
        source.execute("INSERT INTO t VALUES (2, 'us', ?, ?, 'bob@x.example')", [f"{HIDDEN}1", f"{HIDDEN}2"])
    workspace.paths.config.write_text(workspace.paths.config.read_text() + RULES)
    return workspace


@pytest.mark.parametrize("identity", ["eu", "hashed", "bot"])
@pytest.mark.parametrize("picked", ["*", "n", "day", "max(n)", "id, day"])
def test_an_error_of_the_source_repeats_no_value_that_rules_hide(there: Workspace, identity: str, picked: str) -> None:
    with pytest.raises(DinobaseError) as caught:
        there.query(f"SELECT {picked} FROM s.t", identity=identity)
    assert caught.value.error_code == "source.changed"
    assert HIDDEN not in str(caught.value.as_dict())


def test_neither_does_a_description(there: Workspace) -> None:
    with pytest.raises(DinobaseError) as caught:
        there.describe(["s.t"], identity="eu")
    assert HIDDEN not in str(caught.value.as_dict())


def test_whoever_sees_all_is_told_the_value_and_faults_of_their_own_are_said_to_all(there: Workspace) -> None:
    with pytest.raises(DinobaseError, match=HIDDEN):
        there.query("SELECT n FROM s.t")
    with pytest.raises(DinobaseError, match="There is no column nn"):
        there.query("SELECT nn FROM s.t", identity="eu")
    assert there.query("SELECT id, region FROM s.t", identity="eu").rows == [(1, "eu")]
