"""`check` and `sample`: what `add` and `connector test` show, without an exception for what the API refuses."""

from __future__ import annotations

from typing import Any

from dinobase.extract import runner
from tests.api.extract.api import Answer, Asked, Bench, parents, serving


async def test_the_connectors_own_check_is_asked_with_its_authentication(bench: Bench) -> None:
    facts: dict[str, Any] = {
        "check": {"path": "/me", "params": {"verbose": True}, "auth": "admin"},
        "auth_methods": {"admin": {"type": "bearer", "token": "adm1n"}},
    }
    async with serving(lambda _: {"user": 1}) as api, bench.session(api, **facts) as session:
        result = await runner.check(session)
    assert (result.ok, result.status, result.url) == (True, 200, f"{api.url}/v1/me?verbose=true")
    assert api.asked[0].headers["authorization"] == "Bearer adm1n"


async def test_a_check_may_be_a_post_with_a_body(bench: Bench) -> None:
    facts: dict[str, Any] = {"check": {"path": "/me", "method": "POST", "body": {"token": "t0k"}}}
    async with serving(lambda _: {"user": 1}) as api, bench.session(api, **facts) as session:
        result = await runner.check(session)
    assert result.ok
    assert api.asked[0].body == b'{"token":"t0k"}'


async def test_without_a_check_one_page_of_the_first_resource_is_read(bench: Bench) -> None:
    resources: list[dict[str, Any]] = [
        {"name": "kids", "parent": {"resource": "items", "field": "id", "param": "pid"}},
        {"name": "logs", "selected": False},
        {"name": "items"},
    ]
    async with serving(lambda _: [{"id": 1}, {"id": 2}]) as api, bench.session(api, resources=resources) as session:
        result = await runner.check(session)
    assert api.paths == ["/v1/items"]
    assert (result.ok, result.records, result.detail) == (True, 2, "items")


async def test_a_refusal_is_told_and_not_raised(bench: Bench) -> None:
    async with serving(lambda _: Answer({"error": "bad key"}, 401)) as api, bench.session(api) as session:
        result = await runner.check(session)
    assert (result.ok, result.status, result.url) == (False, 401, f"{api.url}/v1/items")
    assert "401" in result.detail
    assert result.body == '{"error": "bad key"}'


async def test_a_dead_server_is_told_after_two_tries(bench: Bench) -> None:
    async with serving(lambda _: []) as api:
        pass
    async with bench.session(api) as session:
        result = await runner.check(session)
    assert (result.ok, result.status) == (False, 0)
    assert "cannot be reached" in result.detail
    assert len(bench.clock.slept) == 1


async def test_a_sample_is_one_page_and_says_whether_there_is_another(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        return {"data": [{"id": 1}], "next": "2" if "/a/" in asked.path else None}

    kids = {"endpoint": {"path": "p/{pid}/kids", "data_selector": "data"}}
    client = {"paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "c"}}
    async with serving(answer) as api, bench.session(api, resources=[kids], client=client) as session:
        resource = session.connector.resources[0]
        a, b = [await runner.sample(session, resource, parent=p) for p in parents("a", "b")]
    assert (a.records, a.next_page) == ((b'{"_parents_id":"a","id": 1}',), True)
    assert b.next_page is False
    assert len(api.asked) == 2
