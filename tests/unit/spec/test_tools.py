from __future__ import annotations

from typing import Any

import pytest

from dinobase.core.errors import RequestError
from dinobase.spec.models import Client, Connector, Resource
from dinobase.spec.servers import Server, Tools
from dinobase.spec.tools import Listing, Tool, expand, fitted, judged


def listing(*tools: Tool, resources: bool = False) -> Listing:
    return Listing("Acme", "1", "2025-11-25", "", tools, resources, "2026-01-01T00:00:00Z")


def connector(*tables: Resource, tools: Tools | None = None) -> Connector:
    server = Server(transport="stdio", command="acme")
    client = Client(base_url="mcp://acme")
    return Connector(name="acme", type="mcp", client=client, server=server, tools=tools, resources=list(tables))


def reads(*names: str, tools: Tools | None = None) -> dict[str, bool]:
    found = judged(connector(tools=tools), listing(*(Tool(name) for name in names)))
    return {name: verdict.reads for name, verdict in found.items()}


def test_without_hints_a_name_that_begins_with_a_word_for_reading_reads() -> None:
    assert reads("list_issues", "getUser", "search-code", "read.file") == dict.fromkeys(
        ("list_issues", "getUser", "search-code", "read.file"), True
    )


@pytest.mark.parametrize(
    "name",
    [
        "create_issue",
        "delete_list",
        "get_or_create_user",
        "search_and_replace",
        "find_and_delete",
        "query",
        "issue_list",
        "run_search",
        "listen",
        "getaway",
    ],
)
def test_without_hints_every_other_name_does_not(name: str) -> None:
    assert reads(name, "other") == {name: False, "other": False}


def test_a_prefix_that_all_tools_share_is_not_looked_at() -> None:
    assert reads("slack_list_channels", "slack_post_message") == {
        "slack_list_channels": True,
        "slack_post_message": False,
    }


@pytest.mark.parametrize(
    ("read_only", "destructive", "expected"),
    [
        (True, None, True),
        (True, False, True),
        (True, True, False),
        (False, None, False),
        (False, True, False),
        (False, False, False),
        (None, True, False),
    ],
)
def test_the_servers_hints_win_over_the_name(read_only: bool | None, destructive: bool | None, expected: bool) -> None:
    tool = Tool("list_issues", read_only_hint=read_only, destructive_hint=destructive)
    assert judged(connector(), listing(tool))["list_issues"].reads is expected


def test_a_definition_adds_and_takes_away_but_never_what_destroys() -> None:
    rules = Tools(include=["query", "wipe"], exclude=["list_*"])
    tools = (Tool("query"), Tool("list_a"), Tool("wipe", read_only_hint=False), Tool("get_b"))
    found = judged(connector(tools=rules), listing(*tools))
    assert {name: verdict.reads for name, verdict in found.items()} == {
        "query": True,
        "list_a": False,
        "wipe": False,
        "get_b": True,
    }


def test_a_tool_that_a_table_names_reads() -> None:
    assert judged(connector(Resource(name="rows", tool="query")), listing(Tool("query")))["query"].reads


def test_tables_are_named_as_the_tools_in_names_that_sql_takes() -> None:
    tools = (Tool("list-issues"), Tool("listIssues"), Tool("resources", read_only_hint=True))
    found = expand(connector(), listing(*tools, resources=True)).connector.resources
    assert [(table.name, table.tool) for table in found] == [
        ("list_issues", "list-issues"),
        ("list_issues_2", "listIssues"),
        ("resources", "resources"),
        ("resources_2", "resources/list"),
    ]


def test_a_tool_whose_arguments_are_not_given_is_left_out_and_named() -> None:
    tool = Tool("get_user", schema={"properties": {"id": {"type": "integer"}}, "required": ["id"]})
    assert expand(connector(), listing(tool)).left_out == {
        "get_user": "it needs id: give `arguments` in `resources` of the file"
    }
    given = expand(connector(Resource(name="me", tool="get_user", arguments={"id": 1})), listing(tool))
    assert [table.name for table in given.connector.resources] == ["me"]
    assert given.left_out == {}


SCHEMA: dict[str, Any] = {
    "properties": {
        "n": {"type": "integer"},
        "x": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "on": {"type": "boolean"},
        "names": {"type": "array"},
        "q": {"type": "string"},
    },
    "required": ["q"],
}


def test_text_becomes_what_the_schema_asks_for() -> None:
    tool = Tool("search", schema=SCHEMA)
    given = {"n": "7", "x": "1.5", "on": "true", "names": '["a"]', "q": "7"}
    assert fitted(tool, given) == {"n": 7, "x": 1.5, "on": True, "names": ["a"], "q": "7"}
    assert fitted(tool, {"q": "a", "n": "seven"}) == {"q": "a", "n": "seven"}


@pytest.mark.parametrize(
    ("given", "message"),
    [({}, "needs `q`"), ({"q": "a", "nams": "b"}, "has no argument `nams`")],
)
def test_arguments_that_miss_or_are_not_known_are_named(given: dict[str, str], message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        fitted(Tool("search", schema=SCHEMA), given)
    assert "q" in caught.value.hint


def test_what_was_kept_of_a_server_comes_back_the_same() -> None:
    said = listing(Tool("get_user", schema={"required": ["id"]}, read_only_hint=True), resources=True)
    assert Listing.from_json(said.as_json()) == said
