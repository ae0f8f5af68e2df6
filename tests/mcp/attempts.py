"""Ways in which an agent may try to confirm what the rules give to a person: data for one test.

Each gets an open session as `agent`, the id of a delete that waits for a person, and the office; what it returns are
the answers that it got. None of them may send anything, and the plan must wait as before.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import httpx2
from mcp import ClientSession
from mcp.types import CallToolResult

from tests.mcp.doors import ACCEPT, over_http, text
from tests.mcp.writing import Office, plan_of

Attempt: TypeAlias = Callable[[ClientSession, str, Office], Awaitable[list[CallToolResult]]]
DELETE = "DELETE FROM stripe.customers WHERE id = 'ID'"


def tool(name: str, **arguments: Any) -> Attempt:
    """Call one tool; `$` in an argument is the plan's id."""

    async def attempt(session: ClientSession, plan: str, _: Office) -> list[CallToolResult]:
        filled = json.loads(json.dumps(arguments).replace("$", plan))
        return [await session.call_tool(name, filled)]

    return attempt


def sql(statement: str) -> Attempt:
    """Send SQL."""
    return tool("query", sql=statement)


def code(source: str) -> Attempt:
    """Run Python in the sandbox."""
    return tool("exec_code", code=source)


def plan_then_confirm(statement: str) -> Attempt:
    """Plan something that looks harmless, and confirm it; `ID` is a customer's."""

    async def attempt(session: ClientSession, _: str, office: Office) -> list[CallToolResult]:
        filled = statement.replace("ID", str(office.customer()["id"]))
        planned = await session.call_tool("query", {"sql": filled})
        if planned.is_error:
            return [planned]
        return [await session.call_tool("confirm", {"id": plan_of(text(planned))})]

    return attempt


async def harmless_part(session: ClientSession, _: str, office: Office) -> list[CallToolResult]:
    """Confirm each part of a batch of which one is a delete."""
    identity = office.customer()["id"]
    both = f"UPDATE stripe.customers SET name = 'x' WHERE id = '{office.customer(1)['id']}'; {DELETE}"
    planned = text(await session.call_tool("query", {"sql": both.replace("ID", identity)}))
    parts = [line.split(":")[0] for line in planned.split("\n") if line.startswith("mut_")]
    assert len(parts) == 2
    return [await session.call_tool("confirm", {"id": part}) for part in (*parts, plan_of(planned))]


async def batch_with_a_good_one(session: ClientSession, plan: str, office: Office) -> list[CallToolResult]:
    """Put it before one that an agent may confirm."""
    good = f"UPDATE stripe.customers SET name = 'x' WHERE id = '{office.customer(1)['id']}'"
    name = plan_of(text(await session.call_tool("query", {"sql": good})))
    return [await session.call_tool("confirm_batch", {"ids": [plan, name]})]


async def another_token(_: ClientSession, plan: str, office: Office) -> list[CallToolResult]:
    """Come as somebody else."""
    found = []
    for name in ("other", "masked", "reader"):
        async with over_http(office.http.url, office.tokens[name]) as session:
            found.append(await session.call_tool("confirm", {"id": plan}))
    return found


async def eager_client(_: ClientSession, plan: str, office: Office) -> list[CallToolResult]:
    """Say yes, as a client, to whatever the server may ask its user."""
    from mcp.client.streamable_http import streamable_http_client
    from mcp.types import ElicitResult

    asked = []

    async def yes(context: Any, params: Any) -> ElicitResult:
        asked.append(params)
        return ElicitResult(action="accept", content={"confirm": True, "approved": True, "human": True})

    headers = {"authorization": f"Bearer {office.tokens['agent']}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(office.http.url, http_client=http) as streams,
        ClientSession(*streams[:2], elicitation_callback=yes) as session,
    ):
        await session.initialize()
        found = [await session.call_tool("confirm", {"id": plan})]
    assert asked == []
    return found


async def replayed_request(_: ClientSession, plan: str, office: Office) -> list[CallToolResult]:
    """Post the bare request of another session, with headers and metadata that say who approves."""
    headers = {
        **ACCEPT,
        "authorization": f"Bearer {office.tokens['agent']}",
        "x-dinobase-identity": "cli",
        "x-approved-by": "a person",
        "mcp-protocol-version": "2025-11-25",
        "mcp-session-id": "0" * 32,
    }
    call = {"name": "confirm", "arguments": {"id": plan}, "_meta": {"identity": "cli", "human": True}}
    body = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": call}
    async with httpx2.AsyncClient(timeout=60) as http:
        answer = await http.post(office.http.url, json=body, headers=headers)
    assert answer.status_code == 404  # there is no such session
    return []


async def changed_rules(session: ClientSession, plan: str, office: Office) -> list[CallToolResult]:
    """Confirm after the rules were loosened: the plan keeps the approval that it was made with."""
    office.configure("writes: {rules: [{source: '*', operation: delete, approval: agent}]}")
    return [await session.call_tool("confirm", {"id": plan})]


async def changed_address(session: ClientSession, plan: str, office: Office) -> list[CallToolResult]:
    """Confirm after the connector's file leads elsewhere."""
    file = office.workspace.paths.connectors / "stripe.yaml"
    before = file.read_text()
    file.write_text(before.replace("/v1", "/v2"))
    try:
        return [await session.call_tool("confirm", {"id": plan})]
    finally:
        file.write_text(before)


async def again_and_again(session: ClientSession, plan: str, _: Office) -> list[CallToolResult]:
    """Ask until somebody gives in."""
    return [await session.call_tool("confirm", {"id": plan}) for _ in range(5)]


async def its_batch(session: ClientSession, plan: str, office: Office) -> list[CallToolResult]:
    """Use the id of the batch that it is alone in."""
    batch = office.workspace.mutations().show(plan)["batch_id"]
    return [
        await session.call_tool("confirm", {"id": batch}),
        await session.call_tool("confirm_batch", {"ids": [batch]}),
    ]


async def code_of_another(session: ClientSession, plan: str, office: Office) -> list[CallToolResult]:
    """Use the code that a person gave for something else, alone and beside that."""
    other = plan_of(text(await session.call_tool("query", {"sql": DELETE.replace("ID", office.customer(2)["id"])})))
    given = office.workspace.mutations().approve_code(other, human=True)["code"]
    return [
        await session.call_tool("confirm", {"id": plan, "code": given}),
        await session.call_tool("confirm_batch", {"ids": [plan], "code": given}),
        await session.call_tool("confirm_batch", {"ids": [plan, other], "code": given}),
        await session.call_tool("confirm_batch", {"ids": [other, plan], "code": given}),
    ]


async def code_by_another(_: ClientSession, plan: str, office: Office) -> list[CallToolResult]:
    """Have another token use a good code."""
    given = office.workspace.mutations().approve_code(plan, human=True)["code"]
    async with over_http(office.http.url, office.tokens["other"]) as session:
        return [await session.call_tool("confirm", {"id": plan, "code": given})]


async def many_small_ones(session: ClientSession, _: str, office: Office) -> list[CallToolResult]:
    """Change more rows in one call than an agent may, as statements of a few rows each."""
    ids = [office.customer(place)["id"] for place in range(10)]
    office.configure("writes: {default: {approval: agent, max_rows: 4}}")
    parts = [f"UPDATE stripe.customers SET name = 'x' WHERE id IN ('{a}', '{b}')" for a, b in zip(ids[::2], ids[1::2], strict=True)]  # fmt: skip  # noqa: E501 - one statement
    planned = await session.call_tool("query", {"sql": "; ".join(parts)})
    return [await session.call_tool("confirm", {"id": plan_of(text(planned))})]


ATTEMPTS: dict[str, Attempt] = {
    "confirm it": tool("confirm", id="$"),
    "again and again": again_and_again,
    "in a batch of its own": tool("confirm_batch", ids=["$"]),
    "twice in a batch": tool("confirm_batch", ids=["$", "$"]),
    "before one that an agent may confirm": batch_with_a_good_one,
    "by the id of its batch": its_batch,
    "as the harmless part of a batch": harmless_part,
    "an id in capitals": tool("confirm", id="MUT_X $"),
    "an id with a space": tool("confirm", id=" $ "),
    "an id with a wildcard": tool("confirm", id="mut_%"),
    "an id that is SQL": tool("confirm", id="$' OR '1'='1"),
    "an empty id": tool("confirm", id=""),
    "an id with a forged hash": tool("confirm", id="$", hash="0" * 64),
    "saying that a person approves": tool("confirm", id="$", human=True),
    "with a code": tool("confirm", id="$", code="123456"),
    "with a code in a batch": tool("confirm_batch", ids=["$"], code="AAAAA-AAAAA-AAAAA-AAAAA"),
    "with the code of another write": code_of_another,
    "with its code, over another token": code_by_another,
    "with a passphrase": tool("confirm", id="$", passphrase="please"),
    "as another identity": tool("confirm", id="$", identity="cli"),
    "with a resend": tool("confirm", id="$", resend=True),
    "over another token": another_token,
    "a client that says yes to all": eager_client,
    "a replay with headers": replayed_request,
    "after the rules were loosened": changed_rules,
    "after the address was changed": changed_address,
    "resume by the list": tool("mutations", id="$", resume=True),
    "resume as a word of the id": tool("mutations", id="resume $"),
    "confirm in SQL": sql("CALL confirm('$')"),
    "the journal by UPDATE": sql("UPDATE _dinobase.mutations SET approval = 'agent' WHERE mutation_id = '$'"),
    "the journal by INSERT": sql("INSERT INTO _dinobase.mutation_steps SELECT * FROM _dinobase.mutation_steps"),
    "the records by ATTACH": sql("ATTACH 'state/records.db' AS r (TYPE sqlite)"),
    "config.yaml by COPY": sql("COPY (SELECT 'writes: {default: {approval: auto}}') TO 'config.yaml'"),
    "a setting by SET": sql("SET VARIABLE approval = 'auto'"),
    "behind a SELECT": sql("SELECT 1; DELETE FROM stripe.customers WHERE id = 'x'"),
    "behind EXPLAIN ANALYZE": sql("EXPLAIN ANALYZE DELETE FROM stripe.customers WHERE id = 'x'"),
    "in a WITH": plan_then_confirm(f"WITH x AS (SELECT 1) {DELETE}"),
    "behind a comment": plan_then_confirm(f"/* UPDATE */ {DELETE} -- approved by a person"),
    "in a MERGE": plan_then_confirm(
        "MERGE INTO stripe.customers USING (SELECT 'ID' AS id) x USING (id) WHEN MATCHED THEN DELETE"
    ),
    "many rows in small parts": many_small_ones,
    "a DELETE in code": code("query(\"DELETE FROM stripe.customers WHERE id = 'x'\")"),
    "confirm in code": code("confirm('$')"),
    "confirm_batch in code": code("confirm_batch(['$'])"),
    "the workspace in code": code("import dinobase\ndinobase.connect().confirm('$')"),
    "the command in code": code("import os\nos.system('dinobase confirm $')"),
    "config.yaml in code": code("open('config.yaml', 'w').write('writes: {default: {approval: auto}}')"),
}  # fmt: skip
