"""Whoever writes over MCP writes as itself: under its access rules, and seeing its own plans alone."""

from __future__ import annotations

import re

from mcp import ClientSession

from tests.mcp.doors import over_http, text
from tests.mcp.test_writes import ask, refused
from tests.mcp.writing import Office, plan_of


async def query_hints(session: ClientSession) -> tuple[bool | None, bool | None]:
    [hints] = [t.annotations for t in (await session.list_tools()).tools if t.name == "query"]
    assert hints is not None
    return hints.read_only_hint, hints.destructive_hint


async def test_who_reads_masks_plans_under_masks_and_who_approves_sees_all(desk: Office) -> None:
    sql = "UPDATE shop.customers SET email = 'new@x', note = 'n' WHERE id = 1"
    async with over_http(desk.http.url, desk.tokens["masked"]) as session:
        plan = await ask(session, "query", sql=sql)
        name = plan_of(plan)
        shown = await ask(session, "mutations", id=name)
        mine = await ask(session, "query", sql="SELECT * FROM _dinobase.mutations")
        before = desk.workspace.mutations().show(name)
        done = await ask(session, "confirm", id=name)
        steps = await ask(session, "query", sql="SELECT * FROM _dinobase.mutation_steps")
        assert (await refused(session, "query", sql="UPDATE shop.customers SET note = email WHERE id = 2")).startswith(
            "write.masked: The statement reads email, which is not shown to you in clear."
        )
    assert "\n~ id=1: email *** -> ***, note NULL -> n\n" in plan
    assert not [answer for answer in (plan, shown, mine, done, steps) if "ada@example.com" in answer]
    assert before["preview"]["changes"][0]["columns"]["email"] == {"old": "ada@example.com", "new": "new@x"}
    assert desk.shop.rows("SELECT email, note FROM customers WHERE id = 1") == [("new@x", "n")]


async def test_who_may_write_nothing_is_told_so_and_its_query_is_read_only(desk: Office) -> None:
    async with over_http(desk.http.url, desk.tokens["reader"]) as session:
        assert await query_hints(session) == (True, None)
        said = await refused(session, "query", sql="UPDATE shop.customers SET city = 'X' WHERE id = 1")
        assert said.startswith("write.denied: reader may not write shop.customers")
        desk.configure("access: {}")
        assert await query_hints(session) == (False, False)
        desk.configure("writes: {default: {approval: deny}}")
        assert await query_hints(session) == (True, None)
        (desk.cli.root / "config.yaml").write_text("writes: 7")
        assert await query_hints(session) == (False, True)  # what cannot be read promises nothing


async def test_an_identity_writes_the_tables_that_it_may_and_the_rows_that_it_sees(desk: Office) -> None:
    async with over_http(desk.http.url, desk.tokens["clerk"]) as session:
        assert (await refused(session, "query", sql="UPDATE shop.customers SET city = 'X' WHERE id = 1")).startswith(
            "write.denied: clerk may not write shop.customers"
        )
        plan = await ask(session, "query", sql="UPDATE shop.orders SET status = 'seen'")
        assert (await ask(session, "confirm", id=plan_of(plan))).endswith("executed: 2 succeeded")
    seen = desk.shop.rows("SELECT id, status FROM orders ORDER BY id")
    assert seen == [(10, "seen"), (11, "seen"), (12, "open")]


async def test_what_another_has_planned_is_not_there(desk: Office) -> None:
    async with over_http(desk.http.url, desk.tokens["agent"]) as session:
        name = plan_of(await ask(session, "query", sql="UPDATE shop.customers SET city = 'X' WHERE id = 1"))
    async with over_http(desk.http.url, desk.tokens["other"]) as session:
        assert name not in await ask(session, "mutations")
        for tool in ("mutations", "confirm", "cancel"):
            assert (await refused(session, tool, id=name)).startswith(f"unknown.mutation: There is no mutation {name}")
        assert (await refused(session, "confirm_batch", ids=[name])).startswith("unknown.mutation: ")
    assert desk.workspace.mutations().show(name)["status"] == "pending_confirmation"


async def test_a_plan_of_many_rows_is_cut_to_the_budget_and_says_so(desk: Office) -> None:
    async with over_http(desk.http.url, desk.tokens["agent"]) as session:
        sql = "INSERT INTO shop.customers (name, note) SELECT 'n' || i, repeat('word ', 20) FROM range(400) t(i)"
        plan = await ask(session, "query", sql=sql, budget=1000)
        whole = await session.call_tool("mutations", {"id": plan_of(plan)})
    assert re.search(r"\n\+ name=n0, note=[^\n]+\n(?s:.*)\n\(3\d\d more rows\)\n", plan)
    assert "(9 more requests)" in plan
    assert "A person approves it" in plan
    assert "400 rows" in text(whole)
