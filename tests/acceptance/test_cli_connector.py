"""`connector create|validate|test|list|edit|schema`: a file from draft to a table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.cli_process import Cli, plain
from tests.acceptance.conftest import TOKEN
from tests.servers.json_api import Fault, JsonApi


def test_a_draft_is_valid_and_its_table_can_be_synced_as_it_is(cli: Cli, api: JsonApi) -> None:
    drafted = cli.ok(
        "connector", "create", "shop", "--url", api.url, "--endpoint", "users", "--endpoint", "v1/orders?limit=5",
        "--data-selector", "data", "--primary-key", "id",
    )  # fmt: skip
    assert cli.ok("connector", "validate", "shop")["resources"] == ["users", "orders"]
    assert drafted["path"] == str(cli.root / "connectors" / "shop.yaml")
    cli.ok("add", "shop", "--api-key", TOKEN, "--resources", "users")
    assert cli.ok("sync")["connectors"][0]["tables"][0]["total_rows"] == 2


@pytest.mark.parametrize("auth", ["bearer", "api_key", "http_basic", "none"])
def test_every_kind_of_draft_validates(cli: Cli, auth: str) -> None:
    cli.ok("connector", "create", "shop", "--url", "https://shop.test", "--endpoint", "/a/b.json", "--auth", auth)
    assert cli.ok("connector", "validate", "shop")["valid"] is True


def test_an_endpoint_that_needs_a_parent_is_refused_with_the_way_to_it(cli: Cli) -> None:
    done = cli("connector", "create", "shop", "--url", "https://shop.test", "--endpoint", "a/{id}/b")
    assert done.code == 2
    assert "parent" in done.json["error"]["hint"]


def test_a_draft_does_not_overwrite_a_file_unless_told(acme: Cli) -> None:
    words = ["connector", "create", "acme", "--url", "https://shop.test", "--endpoint", "users"]
    done = acme(*words)
    assert done.code == 2
    assert "--replace" in done.json["error"]["hint"]
    acme.ok(*words, "--replace")


def test_a_url_with_a_password_is_refused(cli: Cli) -> None:
    done = cli("connector", "create", "shop", "--url", "https://me:pw12345@shop.test", "--endpoint", "users")
    assert done.code == 2
    assert "pw12345" not in done.out + done.err


def test_validate_prints_all_problems_with_their_lines_and_is_exit_2(acme: Cli) -> None:
    path = acme.root / "connectors" / "acme.yaml"
    path.write_text(path.read_text().replace("cursor_path", "cursor_pth").replace("credentials:", "credentals:"))
    done = acme("connector", "validate", str(path))
    assert done.code == 2
    assert len(done.json["problems"]) >= 2
    assert all(p["line"] > 0 for p in done.json["problems"])
    shown = plain(acme.terminal("connector", "validate", "acme", width=100).out)
    assert "cursor_path" in shown
    assert "✗" in shown


def test_validate_of_a_path_works_outside_the_workspace(acme: Cli, tmp_path: Path) -> None:
    file = tmp_path / "other" / "acme.yaml"
    file.parent.mkdir()
    file.write_text((acme.root / "connectors" / "acme.yaml").read_text())
    assert acme.ok("connector", "validate", str(file))["valid"] is True
    assert acme("connector", "validate", str(tmp_path / "none.yaml")).code == 2


def test_test_reads_one_page_per_selected_resource_and_stores_nothing(connected: Cli, api: JsonApi) -> None:
    tried = {r["name"]: r for r in connected.ok("connector", "test", "acme")["resources"]}
    assert [seen.path for seen in api.requests] == ["users", "orders"]
    assert tried["users"]["rows"] == 2
    assert tried["users"]["next_page"] is True
    assert {"name": "address__city", "type": "VARCHAR"} in tried["users"]["columns"]
    assert tried["orders"]["cursor"] == "2024-02-01T00:00:00Z"
    assert not (connected.root / "lakes" / "acme.db").exists()


def test_test_tries_children_with_the_first_row_of_their_parent(acme: Cli, api: JsonApi) -> None:
    path = acme.root / "connectors" / "acme.yaml"
    child = """\
  - name: notes
    endpoint: {path: "users/{user}/notes"}
    parent: {resource: users, field: id, param: user}
"""
    path.write_text(path.read_text() + child)
    api.tables["users/1/notes"] = [{"id": 9, "text": "hi"}]
    tried = acme.ok("connector", "test", "acme", "--api-key", TOKEN, "--resources", "notes")["resources"]
    assert [(r["name"], r["rows"]) for r in tried] == [("notes", 1)]
    assert {"name": "_users_id", "type": "BIGINT"} in tried[0]["columns"]


def test_test_goes_on_after_a_resource_that_fails_and_is_exit_1(connected: Cli, api: JsonApi) -> None:
    api.fail("users", Fault(403, b'{"message": "no scope"}'))
    done = connected("connector", "test", "acme")
    assert done.code == 1
    assert [(r["name"], r["status"]) for r in done.json["resources"]] == [("users", "error"), ("orders", "ok")]
    assert "no scope" in json.dumps(done.json)


def test_list_says_which_files_are_ours_and_which_hide_a_packaged_one(acme: Cli) -> None:
    acme.ok("connector", "create", "stripe", "--url", "https://shop.test", "--endpoint", "users")
    listed = {d["name"]: d for d in acme.ok("connector", "list")["definitions"]}
    assert (listed["acme"]["origin"], listed["acme"]["overrides"]) == ("user", False)
    assert (listed["stripe"]["origin"], listed["stripe"]["overrides"]) == ("user", True)
    assert listed["github"]["origin"] == "packaged"
    available = {c["name"]: c for c in acme.ok("connectors", "--available")["available"]}
    assert available["stripe"]["overrides"] is True


def test_edit_opens_the_editor_and_checks_afterwards(acme: Cli, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/^client:/clint:/' \"$2\"\n")
    editor.chmod(0o700)
    done = acme("connector", "edit", "acme", env={"EDITOR": f"{editor} --wait"})
    assert done.code == 2
    assert any("client" in p["hint"] + p["message"] for p in done.json["problems"])


def test_edit_of_a_packaged_connector_copies_it_first(cli: Cli) -> None:
    done = cli("connector", "edit", "github", env={"EDITOR": "true"})
    assert done.code == 0
    assert done.json["file"] == str(cli.root / "connectors" / "github.yaml")
    assert "your copy" in done.err


def test_schema_is_a_json_schema_of_connector_files(cli: Cli) -> None:
    schema = cli.ok("connector", "schema")
    assert {"name", "client", "resources"} <= set(schema["properties"])
