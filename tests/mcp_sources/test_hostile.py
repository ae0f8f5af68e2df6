"""Servers that lie about themselves: names, words and schemas that no honest one gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dinobase.spec.tools import Tool, fitted
from tests.mcp_sources.servers import define, raw, rows, synced, workspace

READS = {"readOnlyHint": True}
EMPTY: dict[str, Any] = {"type": "object", "properties": {}}
NAMES = (
    "_dinobase_state",
    "../../../etc/passwd",
    'list"; DROP TABLE x; --',
    "list-a",
    "list_a",
    "information_schema",
    "list\n\x1b[31mred",
    "\u202elist_right_to_left",
    "__import__('os')",
    "list_" + "x" * 5_000,
)


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(levels):
        schema = {"anyOf": [schema]}
    return schema


def listed(tmp_path: Path, tools: list[dict[str, Any]], **env: str) -> Any:
    made = workspace(tmp_path)
    file = tmp_path / "tools.json"
    file.write_text(json.dumps(tools))
    define(tmp_path, "evil", raw(tmp_path, env={"RAW_LISTING": str(file), **env}))
    return made


def test_a_tools_name_becomes_a_plain_name_that_is_nobody_elses(tmp_path: Path) -> None:
    made = listed(tmp_path, [{"name": name, "inputSchema": EMPTY, "annotations": READS} for name in NAMES])
    made.add("evil")
    tables = synced(made, "evil")
    assert set(tables) == {
        "dinobase_state", "etc_passwd", "list_drop_table_x", "list_a", "list_a_2", "information_schema",
        "list_31mred", "list_right_to_left", "import_os",
    }  # fmt: skip
    assert {one.status for one in tables.values()} == {"success"}
    assert rows(made, "SELECT count(*) FROM evil.dinobase_state") == [(1,)]
    [long] = [tool for tool in made.mcp().tools() if len(tool.name) > 5_000]
    assert (long.table, long.note[:38]) == (None, "a table's name has at most 120 letters")


def test_what_a_server_says_steers_no_terminal_and_is_cut(tmp_path: Path) -> None:
    words = "\x1b[2J\x1b]0;title\x07 \u202e" + "y" * 100_000
    tools = [{"name": "list_a", "description": words, "inputSchema": EMPTY, "annotations": READS}]
    made = listed(tmp_path, tools, RAW_NAME="\x1b[31mraw", RAW_SAYS=words)
    detail = made.add("evil").check.detail
    said = made.mcp().info("evil")
    [tool] = said.tools
    for text in (detail, said.server, tool.description, said.instructions):
        assert not set(text) & set("\x1b\x07\u202e")
        assert len(text) <= 20_000


def test_what_is_left_out_is_named_without_what_steers_a_terminal(tmp_path: Path) -> None:
    made = listed(tmp_path, [{"name": name, "inputSchema": EMPTY} for name in ("do\x1b[2J", "run_" + "x" * 500)])
    detail = made.add("evil").check.detail
    assert "\x1b" not in detail
    assert len(detail) < 400


def test_an_arguments_schema_may_be_anything(tmp_path: Path) -> None:
    schemas = [
        {"anyOf": 7},
        {"enum": 5},
        {"type": {"x": 1}},
        {"type": [1, None]},
        {"oneOf": [None, [], "x"]},
        deep(60),
    ]
    takes = [{"type": "object", "properties": {"a": schema}} for schema in schemas]
    for schema in takes:
        assert fitted(Tool("search_a", schema=schema), {"a": "7"}) == {"a": "7"}
    made = listed(
        tmp_path, [{"name": f"search_{n}", "inputSchema": t, "annotations": READS} for n, t in enumerate(takes)]
    )
    made.add("evil")
    assert [argument.name for tool in made.mcp().tools() for argument in tool.arguments] == ["a"] * 6
