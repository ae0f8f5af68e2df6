"""Tools of connected servers as functions of agents' code: those that read, for who may see all of their source."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.cli_process import Cli
from tests.mcp.doors import over_stdio, text
from tests.mcp_sources.servers import define, raw, workspace

TOOLS = ("list_good", "search_shelves", "add_shelf", "get_error", "read_hang")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("code")
    made = workspace(root)
    define(root, "shelves", raw(root, *TOOLS, timeout=30))
    made.add("shelves")
    return root


async def run(root: Path, code: str, *, timeout: float = 30) -> str:  # noqa: ASYNC109 - the code's
    async with over_stdio(Cli(root / "workspace", {})) as session:
        return text(await session.call_tool("exec_code", {"code": code, "timeout": timeout}))


async def test_code_finds_and_calls_what_reads(root: Path) -> None:
    code = (
        "print([t['function'] for t in tools()])\n"
        "print(tools('search')[0]['arguments'])\n"
        "print(len(shelves__list_good()))\n"
        "shelves__search_shelves(words='cheese', limit=2)['shelves'][0]['asked']"
    )
    assert (await run(root, code)).splitlines() == [
        "['shelves__list_good', 'shelves__search_shelves', 'shelves__get_error', 'shelves__read_hang']",
        "{'words': 'string', 'limit': 'integer, optional'}",
        "2",
        '{"words": "cheese", "limit": 2}',
    ]
    started = [line for line in (root / "raw.log").read_text().splitlines() if line.startswith("start")]
    assert len(started) == 2  # by `add`, and once for all calls of the code


async def test_errors_can_be_read_and_what_writes_is_not_there(root: Path) -> None:
    code = (
        "for f in (shelves__get_error, shelves__search_shelves):\n"
        "    try:\n        f()\n    except ValueError as e:\n        print(e)\n"
        "try:\n    shelves__add_shelf()\nexcept NameError as e:\n    print(e)"
    )
    said = (await run(root, code)).splitlines()
    assert said[0] == "no such shelf"
    assert said[1].startswith("mcp.arguments: the tool `search_shelves` needs `words`.")
    assert "shelves__add_shelf" in said[2]
    assert "call add_shelf" not in (root / "raw.log").read_text()


async def test_a_tool_that_never_answers_ends_with_the_codes_time(root: Path) -> None:
    assert "TimeoutError" in await run(root, "shelves__read_hang()", timeout=3)


@pytest.mark.parametrize(
    "rules",
    [
        "{sources: []}",
        "{sources: [shelves.list_good]}",
        "{hide: [shelves.list_good.id]}",
        "{rows: {shelves.list_good: 'id = 1'}}",
        "{pii: mask}",
        "{columns: {shelves.list_good.id: hash}}",
    ],
)
def test_rules_that_take_anything_away_take_the_tools_away(root: Path, rules: str) -> None:
    made = workspace(root)
    config = made.paths.config
    before = config.read_text()
    config.write_text(f"{before}access:\n  mcp: {rules}\n")
    try:
        assert made.mcp("mcp").tools() == []
        assert made.mcp("mcp").servers().servers == []
        assert made.mcp("mcp").search("shelves").tools == []
        assert made.mcp("cli").tools() != []
    finally:
        config.write_text(before)


async def test_code_of_an_identity_without_the_source_has_no_such_function(root: Path) -> None:
    config = root / "workspace" / "config.yaml"
    before = config.read_text()
    config.write_text(before + "access:\n  mcp: {sources: []}\n")
    try:
        said = await run(root, "print(tools())\nshelves__list_good()")
    finally:
        config.write_text(before)
    assert "NameError" in said
    assert "It had printed: []" in said
