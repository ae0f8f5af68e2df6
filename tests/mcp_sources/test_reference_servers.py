"""The MCP project's own example servers, from npm: everything, memory, filesystem."""

from __future__ import annotations

from pathlib import Path

from tests.mcp import npm
from tests.mcp_sources.servers import define, rows, synced, workspace

VERSION = "2026.8.31"


def command(name: str, *words: str) -> dict[str, object]:
    folder = npm.package(f"@modelcontextprotocol/server-{name}", VERSION)
    return {"transport": "stdio", "command": [npm.NODE, str(folder / "dist" / "index.js"), *words]}


def test_everything(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    tables = [
        {"name": "weather", "tool": "get-structured-content", "arguments": {"location": "New York"}},
        {"name": "total", "tool": "get-sum", "arguments": {"a": 2, "b": 40}},
    ]
    slow = {"exclude": ["trigger-*"]}
    define(tmp_path, "everything", command("everything", "stdio"), resources=tables, tools=slow)
    added = made.add("everything")
    assert added.check is not None
    assert "toggle-simulated-logging (the server says that it writes)" in added.check.detail
    assert "trigger-long-running-operation (the definition excludes it)" in added.check.detail
    reports = synced(made, "everything")
    assert {report.status for report in reports.values()} == {"success"}
    assert rows(made, "SELECT temperature, conditions FROM everything.weather") == [(33, "Cloudy")]
    assert rows(made, "SELECT text FROM everything.total") == [("The sum of 2 and 40 is 42.",)]
    assert rows(made, "SELECT count(*) > 5 FROM everything.resources WHERE text IS NOT NULL") == [(True,)]


def test_memory(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    server = {**command("memory"), "env": {"MEMORY_FILE_PATH": str(tmp_path / "memory.json")}}
    define(tmp_path, "notes", server)
    made.add("notes")
    city = {"name": "Oslo", "entityType": "city", "observations": ["cold", "north"]}
    called = made.mcp().call("notes", "create_entities", {"entities": [city]}, confirmed=True)
    assert not called.is_error
    assert synced(made, "notes")["read_graph"].status == "success"
    assert rows(made, "SELECT name, entity_type FROM notes.read_graph__entities") == [("Oslo", "city")]


def test_filesystem(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.txt").write_text("hello")
    tables = [
        {"name": "files", "tool": "list_directory", "arguments": {"path": str(folder)}, "text": "lines"},
        {"name": "a", "tool": "read_text_file", "arguments": {"path": str(folder / "a.txt")}},
    ]
    define(tmp_path, "files", command("filesystem", str(folder)), resources=tables)
    added = made.add("files")
    assert set(added.resources) == {"files", "a", "list_allowed_directories"}
    reports = synced(made, "files")
    assert {report.status for report in reports.values()} == {"success"}, reports
    assert ("hello",) in rows(made, "SELECT * FROM files.a")
