"""An agent on MCP does not confirm what the rules give to a person, whatever it tries."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from anyio import to_thread

from tests.mcp.attempts import ATTEMPTS, DELETE
from tests.mcp.doors import over_http, over_stdio, text
from tests.mcp.writing import Office, plan_of


@pytest.fixture
def desk(rooms: Office) -> Iterator[Office]:
    rooms.stripe.requests.clear()
    yield rooms
    rooms.configure()


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_an_agent_does_not_confirm_what_a_person_must(attempt: str, desk: Office) -> None:
    delete = DELETE.replace("ID", desk.customer()["id"])
    async with over_http(desk.http.url, desk.tokens["agent"]) as session:
        planned = text(await session.call_tool("query", {"sql": delete}))
        plan = plan_of(planned)
        answers = await ATTEMPTS[attempt](session, plan, desk)
    assert f"A person approves it, on a terminal, until 20{planned.split(' until 20')[1]}" in planned
    for answer in answers:
        assert answer.is_error, text(answer)
    assert desk.sent() == []
    assert desk.workspace.mutations().show(plan)["status"] == "pending_confirmation"


async def test_nor_does_it_on_stdio(desk: Office) -> None:
    delete = DELETE.replace("ID", desk.customer()["id"])
    async with over_stdio(desk.cli) as session:
        plan = plan_of(text(await session.call_tool("query", {"sql": delete})))
        for name in ("confirm it", "in a batch of its own", "saying that a person approves", "confirm in code"):
            for answer in await ATTEMPTS[name](session, plan, desk):
                assert answer.is_error, text(answer)
    assert desk.sent() == []


async def test_a_person_on_a_terminal_does(desk: Office) -> None:
    identity = desk.customer(19)["id"]
    async with over_http(desk.http.url, desk.tokens["agent"]) as session:
        plan = plan_of(text(await session.call_tool("query", {"sql": DELETE.replace("ID", identity)})))
        terminal = partial(desk.cli.terminal, "confirm", plan, answers=[("Type `yes`", "yes")])
        assert (await to_thread.run_sync(terminal)).code == 0
        shown = text(await session.call_tool("mutations", {"id": plan}))
    assert f"DELETE /v1/customers/{identity}" in desk.sent()
    assert "by cli (a person)" in shown


def test_there_are_at_least_twenty_ways() -> None:
    assert len(ATTEMPTS) >= 20
