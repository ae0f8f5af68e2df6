"""How a write ends that is cancelled, left alone, or takes more than it may: its journal says what was sent."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest
from mcp import ClientSession

from tests.mcp.doors import over_http, over_stdio
from tests.mcp.test_writes import ask, refused
from tests.mcp.writing import Office, plan_of
from tests.servers.vendor import Received, Reply

ALL = "UPDATE stripe.customers SET name = 'NAME'"


class Held:
    """Has the first write wait at the server."""

    def __init__(self, desk: Office) -> None:
        self.arrived, self.go_on = threading.Event(), threading.Event()
        self._answer = desk.stripe.answer
        desk.stripe.answer = self  # type: ignore[method-assign]  # for one test

    def __call__(self, request: Received) -> Reply:
        if request.method == "POST":
            self.arrived.set()
            assert self.go_on.wait(60)
        return self._answer(request)


async def cancelled(session: ClientSession, name: str, held: Held) -> None:
    """Confirm, and cancel while the first row is at the server."""
    confirming = asyncio.create_task(session.call_tool("confirm", {"id": name}))
    assert await asyncio.to_thread(held.arrived.wait, 60)
    confirming.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await confirming


async def ended(desk: Office, name: str) -> dict[str, int]:
    """Wait until nobody works on it; return how many rows are how, which the server must agree with."""
    while True:
        shown = await asyncio.to_thread(desk.workspace.mutations().show, name)
        if shown["status"] != "executing":
            break
    states = [step["status"] for step in shown["steps"]]
    posts = [request for request in desk.sent() if request.startswith("POST")]
    assert states.count("done") == len(posts)
    assert [s["error"] for s in shown["steps"] if s["status"] == "failed"] == ["stopped before it was sent"]
    return {state: states.count(state) for state in states}


async def test_a_cancelled_write_ends_its_call_and_sends_no_more(desk: Office) -> None:
    held = Held(desk)
    async with over_http(desk.http.url, desk.tokens["agent"]) as session:
        name = plan_of(await ask(session, "query", sql=ALL.replace("NAME", "cancelled")))
        await cancelled(session, name, held)
        await ask(session, "status")
        held.go_on.set()
        counts = await ended(desk, name)
        assert (await refused(session, "confirm", id=name)).startswith(f"write.state: {name} is partial")
        another = plan_of(await ask(session, "query", sql="UPDATE shop.customers SET city = 'X' WHERE id = 1"))
        assert (await ask(session, "confirm", id=another)).endswith("executed: 1 succeeded")
    assert 1 <= counts["done"] < 19


async def test_a_write_whose_client_has_gone_ends_its_call_and_sends_no_more(desk: Office) -> None:
    held = Held(desk)
    async with over_stdio(desk.cli) as session:
        name = plan_of(await ask(session, "query", sql=ALL.replace("NAME", "left")))
        confirming = asyncio.create_task(session.call_tool("confirm", {"id": name}))
        assert await asyncio.to_thread(held.arrived.wait, 60)
    with contextlib.suppress(Exception):
        await confirming
    held.go_on.set()
    assert (await ended(desk, name))["done"] == 1


@pytest.mark.parametrize(
    "value",
    [
        "regexp_replace(repeat('a', 300000000), '(a*)*b', 'x', 'g')",  # one call that heeds no interrupt
        "repeat('x', 3000000000::BIGINT)",
        "(SELECT count(*)::VARCHAR FROM range(1000000000) a, range(1000000) b)",
    ],
)
async def test_a_bomb_in_a_write_ends_with_its_time_and_leaves_no_plan(desk: Office, value: str) -> None:
    async with over_http(desk.http.url, desk.tokens["agent"]) as session:
        before = await ask(session, "mutations")
        said = await refused(session, "query", sql=f"UPDATE shop.customers SET note = {value} WHERE id = 1", timeout=1)
        assert said.split(":")[0] in {"query.timeout", "query.memory", "query.ended"}
        assert await ask(session, "mutations") == before
        plan_of(await ask(session, "query", sql="UPDATE shop.customers SET note = 'after' WHERE id = 1"))
