"""Descriptions are comments in the lake, for any DuckDB client; no version is made for one that is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import _duckdb
import pytest

from dinobase.lake.attach import attach_sql
from dinobase.lake.extensions import extension_path
from dinobase.lake.introspect import snapshots
from dinobase.lake.sql import literal
from dinobase.workspace import Workspace
from tests.annotations.conftest import Say, speaker
from tests.servers.json_api import JsonApi, serve


def comments(workspace: Workspace) -> dict[str, str]:
    """Read them as a client that knows nothing of us does."""
    connection = _duckdb.connect(":memory:", config={"allow_unsigned_extensions": "true"})
    for name in ("ducklake", "sqlite_scanner"):
        connection.execute(f"LOAD {literal(extension_path(name))}")
    connection.execute(attach_sql(workspace.storage().lake("shop"), read_only=True))
    rows = connection.execute(
        "SELECT table_name, comment FROM duckdb_tables() WHERE comment IS NOT NULL UNION ALL "
        "SELECT table_name || '.' || column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL"
    ).fetchall()
    connection.close()
    return {str(name): str(text) for name, text in rows}


def versions(workspace: Workspace) -> list[int]:
    return [snapshot.version for snapshot in snapshots(workspace.storage().lake("shop"))]


YAML = """\
name: shop
client: {{base_url: "{url}"}}
resources:
- name: users
  primary_key: id
  description: People who buy.
  endpoint: {{data_selector: data}}
  columns:
    email: {{description: Where receipts go.}}
    address.city: {{description: "Their town's name."}}
"""


@pytest.fixture
def synced(tmp_path: Path) -> Iterator[tuple[Workspace, JsonApi]]:
    api = JsonApi(page_size=500)
    api.tables["users"] = [{"id": n, "email": f"u{n}@x", "address": {"city": "Bern"}, "age": n} for n in range(3)]
    with serve(api):
        workspace = Workspace.open(tmp_path)
        workspace.init()
        workspace.paths.make(workspace.paths.connectors)
        (workspace.paths.connectors / "shop.yaml").write_text(YAML.format(url=api.url))
        workspace.add("shop", check=False)
        workspace.sync()
        yield workspace, api


FIRST = {
    "users": "People who buy.",
    "users.email": "Where receipts go.",
    "users.address__city": "Their town's name.",
}


def test_a_load_brings_descriptions_as_comments_and_the_next_makes_no_version(
    synced: tuple[Workspace, JsonApi],
) -> None:
    workspace, _ = synced
    assert comments(workspace) == FIRST
    before = versions(workspace)
    workspace.sync()
    assert versions(workspace) == before
    assert [v.changes for v in workspace.history("shop.users").versions] == [("created", "inserted")]


def test_an_annotation_changes_the_comment_at_once_and_history_shows_no_change(
    synced: tuple[Workspace, JsonApi],
) -> None:
    workspace, _ = synced
    say = speaker(workspace)
    history = workspace.history("shop.users")
    say("shop.users.age", "description", "In years.")
    say("shop.users", "description", "All users.")
    assert comments(workspace) == {**FIRST, "users": "All users.", "users.age": "In years."}
    assert workspace.history("shop.users") == history
    before = versions(workspace)
    workspace.sync()
    say("shop.users.age", "description", "In years.")
    say("shop.users.age", "description", "Weaker.", origin="agent")
    say("shop.users.age", "note", "No comment.")
    assert versions(workspace) == before
    say("shop.users.age", "description")
    say("shop.users.age", "description", origin="agent")
    say("shop.users", "description")
    assert comments(workspace) == FIRST


def test_a_column_that_takes_another_type_keeps_its_comment(synced: tuple[Workspace, JsonApi]) -> None:
    workspace, api = synced
    speaker(workspace)("shop.users.age", "description", "In years.")
    api.tables["users"] = [{"id": 9, "email": 7, "address": {"city": "Bern"}, "age": "old", "new": 1}]
    workspace.sync()
    assert comments(workspace) == {**FIRST, "users.age": "In years."}


def test_a_definition_that_says_something_else_changes_the_comment_at_the_next_load(
    synced: tuple[Workspace, JsonApi],
) -> None:
    workspace, api = synced
    text = (
        YAML.format(url=api.url).replace("Where receipts go.", "Login.").replace("  description: People who buy.\n", "")
    )
    (workspace.paths.connectors / "shop.yaml").write_text(text)
    workspace.sync()
    assert comments(workspace) == {"users.email": "Login.", "users.address__city": "Their town's name."}
    assert [v.inserted for v in workspace.history("shop.users").versions] == [3]
    api.tables["users"].append({"id": 7, "email": "new"})
    workspace.sync()
    assert [v.changes for v in workspace.history("shop.users").versions] == [("inserted",), ("created", "inserted")]


def test_what_a_lake_that_is_not_there_yet_cannot_take_comes_with_its_first_load(
    workspace: Workspace, say: Say
) -> None:
    say("shop.customers", "description", "Made by another program.")
    assert comments(workspace) == {"customers": "Made by another program."}
