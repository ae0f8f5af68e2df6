"""`dinobase connector create --transport`, `dinobase mcp ...`, and the same from Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import dinobase
from dinobase.core.errors import DinobaseError
from tests.acceptance.cli_process import Cli, plain
from tests.mcp_sources.servers import define, raw, workspace
from tests.servers import mcp_raw

TOOLS = ("list_good", "search_shelves", "add_shelf", "get_error")


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    root = tmp_path_factory.mktemp("commands")
    made = workspace(root)
    define(root, "shelves", raw(root, *TOOLS, timeout=30))
    made.add("shelves")
    return Cli(root / "workspace", {})


def called(cli: Cli, tool: str) -> int:
    return (cli.root.parent / "raw.log").read_text().count(f"call {tool}")


def test_a_tool_that_writes_is_called_after_a_yes_alone(cli: Cli) -> None:
    refused = cli("mcp", "call", "shelves", "add_shelf")
    assert (refused.code, refused.json["error"]["code"]) == (2, "mcp.writes")
    declined = cli.terminal("mcp", "call", "shelves", "add_shelf", answers=[("Type `yes`", "no")])
    assert declined.code == 2
    assert called(cli, "add_shelf") == 0
    agreed = cli.terminal("mcp", "call", "shelves", "add_shelf", answers=[("Type `yes`", "yes")])
    assert "added" in plain(agreed.out)
    assert cli.ok("mcp", "call", "shelves", "add_shelf", "--yes")["value"] == "added"
    assert called(cli, "add_shelf") == 2


def test_another_identity_never_calls_what_writes(cli: Cli) -> None:
    before = called(cli, "add_shelf")
    assert cli("mcp", "call", "shelves", "add_shelf", "--yes", "--as", "mcp").json["error"]["code"] == "mcp.writes"
    assert called(cli, "add_shelf") == before


def test_a_tool_that_reads_is_called_without_a_question(cli: Cli) -> None:
    shown = cli.terminal("mcp", "call", "shelves", "search_shelves", "words=cheese")
    assert shown.code == 0
    assert "cheese" in plain(shown.out)


def test_flags_may_stand_between_a_calls_arguments(cli: Cli) -> None:
    words = ("call", "shelves", "search_shelves", "--format", "json", "words=a", "--yes", "limit=3")
    assert cli.ok("mcp", *words)["value"]["shelves"][0]["asked"] == {"words": "a", "limit": 3}


def test_an_answer_that_is_an_error_ends_with_1(cli: Cli) -> None:
    done = cli("mcp", "call", "shelves", "get_error")
    assert (done.code, done.json["is_error"], done.json["value"]) == (1, True, "no such shelf")


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["call", "shelves", "serch_shelves"], "mcp.no_tool", "Did you mean `search_shelves`?"),
        (["call", "shelfs", "list_good"], "mcp.unknown", "Did you mean `shelves`?"),
        (["call", "shelves", "search_shelves", "word=a"], "mcp.arguments", "Did you mean `words`?"),
        (["call", "shelves", "search_shelves", "--json", "{"], "usage", "--json"),
        (["info", "shelves", "list_god"], "mcp.no_tool", "Did you mean `list_good`?"),
    ],
)
def test_what_is_wrong_names_what_is_nearest(cli: Cli, words: list[str], code: str, hint: str) -> None:
    done = cli("mcp", *words)
    assert (done.code, done.json["error"]["code"]) == (2, code)
    assert hint in done.json["error"]["hint"]


def test_info_shows_what_a_tool_takes(cli: Cli) -> None:
    [tool] = cli.ok("mcp", "info", "shelves", "search_shelves")["tools"]
    assert [argument["name"] for argument in tool["arguments"]] == ["words", "limit"]
    shown = plain(cli.terminal("mcp", "info", "shelves", "search_shelves").out)
    assert "What to look for." in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--transport", "stdio"], "--transport stdio needs --command"),
        (["--transport", "stdio", "--command", "x", "--bearer", "abcdef"], "--bearer means nothing"),
        (["--transport", "stdio", "--command", "x", "--endpoint", "a"], "--endpoint is for APIs"),
        (["--command", "x"], "--command is for MCP servers"),
        (["--url", "http://x/"], "--endpoint must be given"),
        (["--transport", "stdio", "--command", "x", "--env", "novalue"], "--env takes NAME=VALUE"),
    ],
)
def test_create_says_what_does_not_go_together(cli: Cli, words: list[str], message: str) -> None:
    done = cli("connector", "create", "fresh", *words)
    assert done.code == 2
    assert message in done.json["error"]["message"]
    assert not (cli.root / "connectors" / "fresh.yaml").exists()


def test_create_remembers_where_a_command_names_a_file(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "workspace", {})
    (tmp_path / "server.py").write_text(Path(mcp_raw.__file__).read_text())
    cli.ok("connector", "create", "here", "--transport", "stdio", "--command", f"{sys.executable} server.py")
    assert cli.ok("add", "here")["resources"] == ["list_good", "list_fine"]
    again = cli("connector", "create", "here", "--transport", "stdio", "--command", "x")
    assert again.json["error"]["code"] == "connector.exists"


def test_a_connected_server_is_tried_one_page_a_tool(cli: Cli) -> None:
    tried = cli.ok("connector", "test", "shelves", "--resources", "list_good")["resources"]
    assert [(one["name"], one["status"], one["rows"]) for one in tried] == [("list_good", "ok", 2)]


def test_the_same_from_python(cli: Cli) -> None:
    mcp = dinobase.connect(cli.root).mcp
    assert [server.name for server in mcp.servers().servers] == ["shelves"]
    assert mcp.search("cheese").tools == []
    assert mcp.search("shelves").tools[0].name == "search_shelves"
    assert mcp.instructions("shelves").instructions == "Search before you add."
    with mcp.calls() as calls:
        assert calls.call("shelves", "list_good", {}).value == [{"id": 1}, {"id": 2}]
        with pytest.raises(DinobaseError) as caught:
            calls.call("shelves", "add_shelf", {})
    assert caught.value.error_code == "mcp.writes"


def test_removing_a_server_forgets_its_tools(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    define(tmp_path, "raw", raw(tmp_path))
    made.add("raw")
    assert made.mcp().tools()
    made.remove("raw")
    assert made.mcp().tools() == []
    assert list(made.paths.state.glob("raw.mcp*")) == []
