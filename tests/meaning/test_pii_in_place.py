"""Personal data in rows that stay where they are: files read as views and databases asked live are looked at too."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from dinobase.core.errors import DinobaseError
from dinobase.workspace import Workspace

RULES = "\naccess:\n  bot: {pii: mask}\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [
        {"id": n, "reach": f"u{n}@mail.example", "extra": {"to": f"u{n}@mail.example", "plan": "free"}}
        for n in range(40)
    ]
    (folder / "people.json").write_text("\n".join(map(json.dumps, rows)))
    base = sqlite3.connect(folder / "app.db")
    base.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, reach TEXT, plan TEXT)")
    base.executemany("INSERT INTO people VALUES (?, ?, 'free')", [(n, f"u{n}@mail.example") for n in range(40)])
    base.commit()
    base.close()
    return folder


@pytest.fixture
def workspace(data: Path, tmp_path: Path) -> Workspace:
    found = Workspace.open(tmp_path / "w")
    found.add("json", name="files", given={"path": str(data / "people.json")})
    found.add("sqlite", name="app", given={"path": str(data / "app.db"), "mode": "live"})
    found.sync()
    found.paths.config.write_text(found.paths.config.read_text() + RULES)
    return found


@pytest.mark.parametrize("table", ["files.people", "app.people"])
def test_what_values_tell_is_masked_where_they_stay(workspace: Workspace, table: str) -> None:
    sql = f"SELECT id, reach FROM {table} ORDER BY id LIMIT 1"
    assert workspace.query(sql).rows == [(0, "u0@mail.example")]
    assert workspace.query(sql, identity="bot").rows == [(0, "***")]
    [told] = workspace.describe([table], samples=2, identity="bot")
    assert {column.name: column.pii for column in told.columns}["reach"] == "email"
    assert "mail.example" not in str(told)
    workspace.annotate([{"target": f"{table}.reach", "key": "pii", "value": "none"}], origin="person")
    assert workspace.query(sql, identity="bot").rows == [(0, "u0@mail.example")]


def test_what_is_inside_a_structure_of_a_file_is_masked_too(workspace: Workspace) -> None:
    columns = [column.name for column in workspace.describe(["files.people"], samples=0)[0].columns]
    sql = f"SELECT {', '.join(name for name in columns if name.startswith('extra'))} FROM files.people"
    assert "mail.example" in str(workspace.query(sql).rows)
    assert "mail.example" not in str(workspace.query(sql, identity="bot").rows)


def test_a_source_that_is_gone_shows_nothing(workspace: Workspace, data: Path) -> None:
    (data / "people.json").unlink()
    with pytest.raises(DinobaseError) as caught:
        workspace.query("SELECT reach FROM files.people", identity="bot")
    assert "mail.example" not in str(caught.value)
