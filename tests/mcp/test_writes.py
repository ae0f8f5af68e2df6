"""Writes through both doors: planned, confirmed, seen by the next query; checked at servers that take them."""

from __future__ import annotations

import re

import pytest
from mcp import ClientSession

from dinobase.core.clock import new_id
from tests.mcp.conftest import Door
from tests.mcp.doors import over_http, over_stdio, text
from tests.mcp.writing import Office, plan_of


@pytest.fixture
def door(request: pytest.FixtureRequest, desk: Office) -> Door:
    """The door that takes no time to open, unless a test is about both."""
    if getattr(request, "param", "http") == "stdio":
        return lambda: over_stdio(desk.cli)
    return lambda: over_http(desk.http.url, desk.tokens["agent"])


both = pytest.mark.parametrize("door", ["stdio", "http"], indirect=True)


async def ask(session: ClientSession, tool: str, **arguments: object) -> str:
    answer = await session.call_tool(tool, arguments)
    assert not answer.is_error, text(answer)
    return text(answer)


async def refused(session: ClientSession, tool: str, **arguments: object) -> str:
    answer = await session.call_tool(tool, arguments)
    assert answer.is_error, text(answer)
    return text(answer)


@both
async def test_a_write_is_planned_confirmed_and_seen_by_the_next_query(door: Door, desk: Office) -> None:
    async with door() as session:
        plan = await ask(
            session, "query", sql="UPDATE shop.customers SET city = 'Bern', score = score * 2 WHERE id = 1"
        )
        name = plan_of(plan)
        assert desk.shop.rows("SELECT city FROM customers WHERE id = 1") == [("Berlin",)]
        done = await ask(session, "confirm", id=name)
        seen = await ask(session, "query", sql="SELECT city, score FROM shop.customers WHERE id = 1")
        again = await refused(session, "confirm", id=name)
        listed = await ask(session, "mutations")
        whole = await ask(session, "mutations", id=name)
    head, *rest = plan.split("\n")
    assert head.startswith(f"# {name}: 1 row, nothing is sent yet. confirm {name} sends it, until 20")
    assert rest == [
        "update shop.customers: 1 row by 2 calls",
        "~ id=1: city Berlin -> Bern, score 1.5 -> 3.0",
        f'POST {desk.shop.url}/shop/customers/1/-/update {{"return":true,"update":{{"city":"Bern","score":3.0}}}}',
    ]
    assert done == f"{name} executed: 1 succeeded"
    assert desk.shop.rows("SELECT city, score FROM customers WHERE id = 1") == [("Bern", 3.0)]
    assert "\ncity,score\nBern,3\n" in seen
    assert again.startswith(f"write.state: {name} is executed, so there is nothing to confirm.")
    assert listed.startswith(f"{name} executed: update shop.customers, 1 rows; ")
    assert "UPDATE shop.customers SET city = 'Bern'" in whole
    assert whole.endswith("row 1 id=1 done")


@both
async def test_a_cancelled_plan_is_never_sent(door: Door, desk: Office) -> None:
    async with door() as session:
        name = plan_of(await ask(session, "query", sql="UPDATE shop.customers SET city = 'X' WHERE id = 1"))
        assert await ask(session, "cancel", id=name) == f"{name} cancelled"
        assert (await refused(session, "confirm", id=name)).startswith(f"write.state: {name} is cancelled")
        assert (await refused(session, "cancel", id=name)).startswith("write.state: ")
    assert desk.shop.rows("SELECT city FROM customers WHERE id = 1") == [("Berlin",)]


async def test_statements_of_one_call_are_confirmed_as_one(door: Door, desk: Office) -> None:
    async with door() as session:
        sql = "UPDATE shop.customers SET city = 'X' WHERE id = 1; INSERT INTO shop.customers (name) VALUES ('Dan')"
        plan = await ask(session, "query", sql=sql)
        batch = plan_of(plan)
        [part, _] = [line.split(":")[0] for line in plan.split("\n") if line.startswith("mut_")]
        assert (await refused(session, "confirm", id=part)).startswith("write.batch: ")
        assert (await ask(session, "confirm", id=batch)).startswith(f"{batch} executed: 2 succeeded\n")
    assert "\n+ name=Dan\n" in plan
    assert desk.shop.rows("SELECT name, city FROM customers WHERE id IN (1, 4) ORDER BY id") == [
        ("Ada", "X"),
        ("Dan", None),
    ]


@both
async def test_several_plans_are_confirmed_in_order_up_to_the_first_that_fails(door: Door, desk: Office) -> None:
    identity = desk.customer()["id"]
    async with door() as session:
        first = plan_of(await ask(session, "query", sql="UPDATE shop.customers SET city = 'X' WHERE id = 1"))
        wrong = plan_of(
            await ask(session, "query", sql=f"UPDATE stripe.customers SET email = 'bad' WHERE id = '{identity}'")
        )
        last = plan_of(await ask(session, "query", sql="UPDATE shop.customers SET city = 'X' WHERE id = 2"))
        done = (await ask(session, "confirm_batch", ids=[first, wrong, last])).split("\n")
        assert (await refused(session, "confirm_batch", ids=[first])).startswith("write.state: ")
        stopped = await ask(session, "confirm_batch", ids=[last, first])
    assert done[0] == f"{first} executed: 1 succeeded"
    assert done[1] == f"{wrong} failed: 1 failed"
    assert "status 400" in done[2]
    assert "Invalid email address: bad" in done[2]
    assert done[-1] == f"Not confirmed: {last}."
    assert stopped.startswith(f"{last} executed: 1 succeeded\n{first}: write.state: {first} is executed")
    assert desk.shop.rows("SELECT id FROM customers WHERE city = 'X' ORDER BY id") == [(1,), (2,)]


async def test_a_failure_in_the_midst_says_what_was_done_and_what_was_not(door: Door, desk: Office) -> None:
    ids = [desk.customer(place)["id"] for place in (1, 2, 3)]
    told: list[str | None] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async with door() as session:
        plan = await ask(session, "query", sql=f"UPDATE stripe.customers SET name = 'x' WHERE id IN {tuple(ids)}")
        ids = re.findall(r"~ id=(\w+): ", plan)  # in the order in which they are sent
        new = f"CASE WHEN id = '{ids[1]}' THEN 'bad' ELSE '{new_id('x')}@example.com' END"
        sql = f"UPDATE stripe.customers SET email = {new} WHERE id IN {tuple(ids)}"
        name = plan_of(await ask(session, "query", sql=sql))
        answer = await session.call_tool("confirm", {"id": name}, progress_callback=tell)
        assert "not_tried" in await ask(session, "mutations", id=name)
    lines = text(answer).split("\n")
    assert lines[0] == f"{name} partial: 1 succeeded, 1 failed, 1 not tried"
    assert lines[1].startswith(f"row 2 id={ids[1]} failed: status 400: ")
    assert lines[2].endswith(f"`dinobase mutations resume {name}`.")
    assert told[:2] == ["1 call answered", "2 calls answered"]


async def test_what_changed_at_the_source_meanwhile_is_a_conflict(door: Door, desk: Office) -> None:
    async with door() as session:
        name = plan_of(await ask(session, "query", sql="UPDATE shop.customers SET city = 'X' WHERE id < 3"))
        desk.shop.change("UPDATE customers SET city = 'Paris' WHERE id = 1")
        done = await ask(session, "confirm", id=name)
    assert done.split("\n")[:2] == [
        f"{name} partial: 1 succeeded, 1 conflicts",
        'row 1 id=1 conflict: changed at the source: {"city":"Paris"}',
    ]
    assert desk.shop.rows("SELECT city FROM customers WHERE id < 3 ORDER BY id") == [("Paris",), ("X",)]


async def test_a_plan_that_has_expired_is_refused(door: Door, desk: Office) -> None:
    async with door() as session:
        name = plan_of(await ask(session, "query", sql="UPDATE shop.customers SET city = 'X' WHERE id = 1"))
        desk.expire(name)
        assert (await refused(session, "confirm", id=name)).startswith(f"write.expired: {name} has expired")
        assert (await ask(session, "mutations")).startswith(f"{name} expired: ")
    assert desk.shop.rows("SELECT city FROM customers WHERE id = 1") == [("Berlin",)]


async def test_where_the_rules_say_auto_it_is_done_at_once_and_clients_are_told(door: Door, desk: Office) -> None:
    async with door() as session:
        before = {t.name: t.annotations for t in (await session.list_tools()).tools}["query"]
        desk.configure("writes: {default: {approval: auto}}")
        after = {t.name: t.annotations for t in (await session.list_tools()).tools}["query"]
        done = await ask(session, "query", sql="UPDATE shop.customers SET city = 'X' WHERE id = 1")
    assert before is not None
    assert (before.read_only_hint, before.destructive_hint, before.open_world_hint) == (False, False, False)
    assert after is not None
    assert (after.read_only_hint, after.destructive_hint, after.open_world_hint) == (False, True, None)
    assert " executed: 1 succeeded\nupdate shop.customers: 1 row" in done
    assert desk.shop.rows("SELECT city FROM customers WHERE id = 1") == [("X",)]


FAULTS = [
    ("DELETE FROM shop.customers", "write.where: "),
    ("UPDATE shop.customer SET city = 'X'", "unknown.table: shop has no table customer that can be written"),
    ("UPDATE shop.customers SET cty = 'X'", "unknown.column: There is no column cty. Did you mean city?"),
    ("DELETE FROM shop.orders WHERE id = 10", "write.endpoint: shop has no write endpoint to DELETE from orders"),
    ("INSERT INTO shop.orders (status) VALUES ('x')", "write."),
    ("SELECT 1; DELETE FROM shop.customers WHERE id = 1", "query.several: "),
    ("UPDATE _dinobase.mutations SET approval = 'agent'", "unknown.connector: "),
]


async def test_a_write_that_cannot_be_is_refused_before_anything_is_planned(door: Door, desk: Office) -> None:
    async with door() as session:
        before = await ask(session, "mutations")
        for sql, said in FAULTS:
            assert (await refused(session, "query", sql=sql)).startswith(said), sql
        assert (
            await refused(session, "exec_code", code='query("DELETE FROM shop.customers WHERE id = 1")')
        ).startswith("code.failed: ValueError: code only reads: give the statement to the tool `query`")
        assert await ask(session, "mutations") == before


async def test_an_agent_sends_what_a_person_approved_with_the_code_that_it_was_given(door: Door, desk: Office) -> None:
    async with door() as session:
        delete = "DELETE FROM shop.customers WHERE id = ID"
        plans = [plan_of(await ask(session, "query", sql=delete.replace("ID", n))) for n in "123"]
        wrong = {await refused(session, "confirm", id=plans[0], code=c) for c in ("x", "AAAAA-AAAAA-AAAAA-AAAAA")}
        one = desk.workspace.mutations().approve_code(plans[0], human=True)["code"]
        two = desk.workspace.mutations().approve_code(*plans[1:], human=True)["code"]
        assert (await refused(session, "confirm_batch", ids=plans, code=one)).startswith("write.code: ")
        assert await ask(session, "confirm", id=plans[0], code=one) == f"{plans[0]} executed: 1 succeeded"
        done = await ask(session, "confirm_batch", ids=plans[1:], code=two)
        assert "approved" in await ask(session, "mutations", id=plans[1])
        again = await refused(session, "confirm", id=plans[0], code=one)
    assert len(wrong) == 1
    assert wrong.pop().startswith("write.code: The code is not one that a person got for this write.")
    assert done == "\n".join(f"{name} executed: 1 succeeded" for name in plans[1:])
    assert again.startswith("write.state: ")
    assert desk.shop.rows("SELECT id FROM customers") == []
