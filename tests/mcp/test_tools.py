from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from mcp import MCPError

from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.mcp.desk import Desk
from dinobase.mcp.work import OPERATIONS
from dinobase.workspace import Workspace
from tests.acceptance.cli_process import Cli
from tests.lake.build import STRIPE, build
from tests.mcp.conftest import Door
from tests.mcp.doors import text
from tests.servers.json_api import JsonApi, Seen


async def test_every_tool_is_listed_with_what_it_may_do(door: Door) -> None:
    async with door() as session:
        tools = (await session.list_tools()).tools
    hints = {tool.name: tool.annotations for tool in tools}
    reading = {name for name, hint in hints.items() if hint and hint.read_only_hint}
    assert reading == {
        "mutations",
        "history",
        "diff",
        "exec_code",
        "list_connectors",
        "search",
        "describe",
        "status",
    }
    refresh = hints["refresh"]
    assert refresh is not None
    assert (refresh.read_only_hint, refresh.destructive_hint) == (False, False)
    assert (refresh.idempotent_hint, refresh.open_world_hint) == (True, None)  # None: the protocol's default, true
    assert all(tool.description and tool.output_schema is None for tool in tools)


async def test_a_query_is_answered_once_with_its_proof(door: Door) -> None:
    async with door() as session:
        answer = await session.call_tool("query", {"sql": "SELECT id, name FROM stripe.customers ORDER BY id"})
    assert not answer.is_error
    assert text(answer) == "# 2 rows; stripe.customers v6 never synced\nid,name\ncus_1,Ada Lovelace\ncus_2,Bob\n"


async def test_rows_past_the_budget_become_a_summary_and_a_table_for_further_queries(door: Door) -> None:
    async with door() as session:
        sql = "SELECT id, amount, 'some words about it' AS note FROM stripe.charges, range(100)"
        answer = text(await session.call_tool("query", {"sql": sql, "budget": 300}))
        [handle] = set(re.findall(r"result\.r_\w+", answer))
        again = await session.call_tool("query", {"sql": f"SELECT count(*) AS n, sum(amount) AS s FROM {handle}"})
    assert answer.startswith("# 1,000 rows x 3 columns in result.r_")
    assert "\n1000,450000\n" in text(again)


async def test_many_tables_are_described_in_one_call(door: Door) -> None:
    async with door() as session:
        answer = text(await session.call_tool("describe", {"tables": ["stripe.customers", "github"]}))
    assert "# stripe.customers 2 rows, never synced" in answer
    assert "# github.issues 2 rows, never synced" in answer
    assert "Bob" not in answer


async def test_samples_come_where_all_is_asked_for(door: Door) -> None:
    async with door() as session:
        answer = text(await session.call_tool("describe", {"tables": ["stripe.customers"], "full": True}))
    assert "Bob" in answer


async def test_connectors_are_listed_with_tables_and_sizes(door: Door) -> None:
    async with door() as session:
        assert "stripe, never synced: charges 10, customers 2" in text(await session.call_tool("list_connectors", {}))
        found = text(await session.call_tool("list_connectors", {"search": "git"}))
    assert found == "github, never synced: issues 2"


async def test_the_status_says_what_was_never_synced(door: Door) -> None:
    async with door() as session:
        assert "stripe: never, never synced, 2 tables, stale after 1h" in text(await session.call_tool("status", {}))


async def test_the_history_of_a_table_is_listed_and_its_past_is_queried(door: Door) -> None:
    async with door() as session:
        versions = text(await session.call_tool("history", {"table": "stripe.customers", "limit": 1})).split("\n")
        past = await session.call_tool(
            "query", {"sql": "SELECT name FROM stripe.customers AT (VERSION => 3) WHERE id = 'cus_1'"}
        )
    assert versions[0] == "stripe.customers"
    assert versions[1].startswith("v6 ")
    assert text(past) == "# 1 row; stripe.customers v3 never synced\nname\nAda\n"


async def test_two_versions_of_a_table_are_compared(door: Door) -> None:
    async with door() as session:
        answer = text(await session.call_tool("diff", {"table": "stripe.customers", "since": "3"}))
    assert "+1 added, -1 removed" in answer
    assert "Ada Lovelace" in answer


async def test_tables_are_found_by_words(door: Door) -> None:
    async with door() as session:
        assert text(await session.call_tool("search", {"words": "charges"})).startswith("stripe.charges 10 rows")


async def test_a_refresh_brings_new_rows_and_says_so_as_it_goes(door: Door, api: JsonApi) -> None:
    api.tables["users"].append({"id": len(api.tables["users"]) + 1, "name": "new", "address": {"city": "Rome"}})
    told: list[str | None] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async with door() as session:
        answer = await session.call_tool("refresh", {"names": ["acme.users"]}, progress_callback=tell)
        count = await session.call_tool("query", {"sql": "SELECT count(*) AS n FROM acme.users"})
    assert f"acme.users: success, {len(api.tables['users'])} rows came" in text(answer)
    assert any(message and message.startswith("acme.users: success") for message in told)
    assert f"\nn\n{len(api.tables['users'])}\n" in text(count)


async def test_queries_are_answered_while_a_refresh_waits_for_its_api(door: Door, api: JsonApi) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(_: Seen) -> None:
        loop.call_soon_threadsafe(asked.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(60)

    async with door() as session:
        api.before = hold
        try:
            refresh = asyncio.create_task(session.call_tool("refresh", {"names": ["acme.orders"]}))
            await asked.wait()
            answer = await session.call_tool("query", {"sql": "SELECT 1 AS one"})
            assert not refresh.done()
        finally:
            go_on.set()
            api.before = lambda _: None
        assert text(answer) == "# 1 row\none\n1\n"
        assert not (await refresh).is_error


FAULTS: list[tuple[str, dict[str, object], str]] = [
    ("query", {"sql": "SELECT nam FROM stripe.customers"}, "unknown.column: There is no column nam. Did you mean"),
    ("query", {"sql": "DROP TABLE stripe.customers"}, "query.refused: DROP is not a query"),
    ("query", {"sql": "SELECT 1; SELECT 2"}, "query."),
    (
        "query",
        {"sqll": "SELECT 1"},
        "usage: query: sql: field required; there is no argument sqll. Did you mean sql?",
    ),
    ("query", {"sql": "SELECT 1", "budget": 0}, "usage: query: budget: input should be greater than"),
    ("describe", {"tables": ["stripe.customer"]}, "unknown.table: "),
    ("describe", {"tables": []}, "usage: describe: tables: list should have at least 1 item"),
    ("history", {"table": "strip.customers"}, "unknown.connector: There is no connector strip. Did you mean"),
    ("refresh", {"names": ["acm"]}, "unknown.connector: `acm` is not connected. Did you mean `acme`?"),
]


async def test_a_failure_says_what_is_wrong_and_what_to_do(door: Door) -> None:
    async with door() as session:
        for tool, arguments, said in FAULTS:
            answer = await session.call_tool(tool, arguments)
            assert answer.is_error
            assert text(answer).startswith(said)
            assert "\n" not in text(answer)


async def test_an_unknown_tool_is_a_fault_of_the_request(door: Door) -> None:
    async with door() as session:
        with pytest.raises(MCPError, match=r"There is no tool quer\. Did you mean query\?"):
            await session.call_tool("quer", {})


async def test_a_failed_refresh_names_the_table_and_the_cause(door: Door, api: JsonApi, cli: Cli) -> None:
    missing = api.tables.pop("orders")
    try:
        async with door() as session:
            answer = text(await session.call_tool("refresh", {"names": ["acme.orders"]}))
    finally:
        api.tables["orders"] = missing
    assert answer.startswith("error\nacme.orders: error, 0 rows came")
    assert "404" in answer


@pytest.mark.parametrize("there", [True, False])
def test_an_identity_that_may_see_nothing_is_told_so_and_not_what_there_is(tmp_path: Path, there: bool) -> None:
    paths = Paths(tmp_path)
    if there:
        build(Storage(paths.lakes).lake("stripe"), STRIPE)
    connected = "{stripe: {type: stripe}}" if there else "{}"
    paths.config.write_text(f"connectors: {connected}\naccess: {{bot: {{sources: [crm]}}}}\n")
    desk = Desk(Workspace(paths), lambda _: None, lambda: None)

    def asked(operation: str, identity: str, search: str = "") -> str:
        return OPERATIONS[operation](desk, identity, {"search": search}, lambda _: None)

    for operation in ("briefing", "list_connectors", "status"):
        assert asked(operation, "bot").endswith(
            "Nothing here is open to `bot`: what it may read is said by `access:` in config.yaml, "
            "which a person changes."
        )
        assert ("Nothing is connected yet" in asked(operation, "mcp")) is not there
    assert "matches `x`" in asked("list_connectors", "mcp", "x")
    assert Cli(tmp_path, {})("info", "--as", "bot", "--format", "compact").out.startswith("Nothing here is open")
