from __future__ import annotations

import asyncio
import contextlib

import pytest

from dinobase.core.clock import monotonic
from dinobase.mcp.stdio import paired
from tests.mcp.conftest import Door
from tests.mcp.doors import text

ENDLESS = "SELECT count(*) FROM range(1000000000) a, range(1000000) b"
DEAF = "SELECT regexp_replace(repeat('a', 300000000), '(a*)*b', 'x', 'g')"  # one call that heeds no interrupt


@pytest.mark.parametrize(
    "sql",
    [
        ENDLESS,
        DEAF,
        "SELECT length(repeat('x', 3000000000::BIGINT))",
        "SELECT format('{:>2000000000}', 'x')",
        "SELECT list_sort(range(300000000))[1]",
    ],
)
async def test_a_bomb_ends_soon_after_its_time_and_the_server_goes_on(door: Door, sql: str) -> None:
    async with door() as session:
        start = monotonic()
        answer = await session.call_tool("query", {"sql": sql, "timeout": 1})
        took = monotonic() - start
        after = await session.call_tool("query", {"sql": "SELECT 1 AS one"})
    assert answer.is_error
    assert text(answer).split(":")[0] in {"query.timeout", "query.memory", "query.ended"}
    assert took < 20  # far from the minutes that these run for
    assert text(after) == "# 1 row\none\n1\n"


@pytest.mark.parametrize("sql", [ENDLESS, DEAF])
async def test_a_cancelled_query_stops_and_leaves_its_place(door: Door, sql: str) -> None:
    async with door() as session:
        for _ in range(5):  # more than there are places
            asked = asyncio.create_task(session.call_tool("query", {"sql": sql, "timeout": 600}))
            await session.call_tool("query", {"sql": "SELECT 1"})  # answered: the one before it is under way
            asked.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asked
        answer = await asyncio.wait_for(session.call_tool("query", {"sql": "SELECT 1 AS one"}), 60)
    assert text(answer) == "# 1 row\none\n1\n"


async def test_many_clients_at_once_are_all_answered(door: Door) -> None:
    sql = "SELECT id, name FROM stripe.customers WHERE id = 'cus_2'"
    async with door() as session:
        answers = await asyncio.gather(*(session.call_tool("query", {"sql": sql}) for _ in range(40)))
    assert {text(answer) for answer in answers} == {"# 1 row; stripe.customers v6 never synced\nid,name\ncus_2,Bob\n"}


async def test_what_was_sent_does_not_come_back_whole_in_an_error(door: Door) -> None:
    name = "a" * 100_000
    async with door() as session:
        for tool, given in (
            ("query", {"sql": f"SELECT {name} FROM stripe.customers"}),
            ("describe", {"tables": [name]}),
            ("exec_code", {"code": name}),
        ):
            answer = await session.call_tool(tool, given)
            assert answer.is_error
            assert len(text(answer)) < 5_000


def test_halves_of_characters_reach_the_sdk_as_question_marks() -> None:
    whole = '{"id": 1, "params": {"a": "\\ud83d\\ude00", "b": "\\u00e9"}}\n'
    assert paired(whole) == '{"id": 1, "params": {"a": "\U0001f600", "b": "\u00e9"}}\n'
    assert paired('{"id": 1, "a": "\\uD800 x"}\n') == '{"id": 1, "a": "? x"}\n'
    for line in ("{broken \\ud800\n", '{"id": 1}\n'):
        assert paired(line) == line
