"""How a resource is asked for on the wire: paths, params, headers, bodies."""

from __future__ import annotations

from typing import Any

import pytest

import dinobase
from tests.api.extract.api import Bench, serving


@pytest.mark.parametrize(
    ("base", "path", "sent"),
    [
        ("/v1", "items", "/v1/items"),
        ("/v1/", "/items", "/v1/items"),
        ("/v1/", None, "/v1/items"),
        ("/v1", "", "/v1"),
        ("/v1/", "a b/é", "/v1/a%20b/%C3%A9"),
        ("/v1/", "a%2Fb?x=1", "/v1/a%2Fb?x=1"),
    ],
)
async def test_a_path_stands_behind_base_url_with_one_slash(
    bench: Bench, base: str, path: str | None, sent: str
) -> None:
    async with serving(lambda _: []) as api:
        await bench.rows(f"{api.url}{base}", {"endpoint": {"path": path}})
    assert api.asked[0].raw_path == sent


async def test_a_full_url_as_path_stands_for_itself(bench: Bench) -> None:
    async with serving(lambda _: []) as api, serving(lambda _: []) as other:
        client = {"auth": {"type": "bearer", "token": "t0ken"}}
        await bench.rows(api, {"endpoint": {"path": f"{other.url}/x/y"}}, client=client)
    assert other.asked[0].path == "/x/y"
    assert other.asked[0].headers["authorization"] == "Bearer t0ken"
    assert api.asked == []


async def test_params_arrive_typed_and_repeated(bench: Bench) -> None:
    params = {"yes": True, "n": 7, "ids": [1, 2], "q": "a&b=c d/é", "created": {"gt": 5}}
    async with serving(lambda _: []) as api:
        await bench.rows(api, {"endpoint": {"params": params}})
    assert api.asked[0].query == [
        ("yes", "true"), ("n", "7"), ("ids", "1"), ("ids", "2"), ("q", "a&b=c d/é"), ("created[gt]", "5")
    ]  # fmt: skip


async def test_headers_say_who_asks_and_a_resources_own_replace_the_clients(bench: Bench) -> None:
    client = {"headers": {"X-Version": "1", "accept": "application/vnd.acme+json"}}
    async with serving(lambda _: []) as api:
        await bench.rows(api, {"endpoint": {"headers": {"x-version": "2"}}}, client=client)
    headers = api.asked[0].headers
    assert headers["user-agent"] == f"dinobase/{dinobase.__version__}"
    assert headers["accept-encoding"] == "gzip, deflate"
    assert (headers["accept"], headers["x-version"]) == ("application/vnd.acme+json", "2")
    assert "content-type" not in headers


async def test_a_post_carries_its_body_as_json(bench: Bench) -> None:
    body: dict[str, Any] = {"filter": {"a": [1, None, True, 1.5, "é"]}, "query": "{literal}"}
    async with serving(lambda _: []) as api:
        endpoint = {"method": "POST", "body": {**body, "query": "{{literal}}"}}
        await bench.rows(api, {"endpoint": endpoint})
    assert api.asked[0].method == "POST"
    assert api.asked[0].headers["content-type"] == "application/json"
    assert api.asked[0].json == body


async def test_connections_are_kept_alive(bench: Bench) -> None:
    def answer(_: Any) -> Any:
        page = len(api.asked)
        return {"data": [{"id": page}], "next": str(page) if page < 10 else None}

    client = {"paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "c"}}
    async with serving(answer) as api:
        await bench.rows(api, {"endpoint": {"data_selector": "data"}}, client=client)
    assert len(api.asked) == 10
    assert len(api.peers) == 1
