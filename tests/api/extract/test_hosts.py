"""Where requests may go: next links and redirects to other hosts, listings that come round."""

from __future__ import annotations

from typing import Any

import pytest

from dinobase.core.errors import FetchError
from dinobase.core.values import ParentRow
from tests.api.extract.api import Answer, Asked, Bench, serving

AUTH = {"type": "bearer", "token": "t0ken"}
NEXT = {"type": "json_link", "next_url_path": "next"}
ENDPOINT = {"data_selector": "data", "headers": {"X-Secret": "s"}}
LAST = {"data": [{"id": 2}], "next": None}


def first(url: str) -> dict[str, Any]:
    return {"data": [{"id": 1}], "next": url}


async def test_a_next_link_to_another_host_is_an_error_that_shows_it_and_nothing_goes_there(bench: Bench) -> None:
    async with serving(lambda _: LAST) as other, serving(lambda _: first(f"{other.url}/x?page=2")) as api:
        with pytest.raises(FetchError) as caught:
            await bench.rows(api, {"endpoint": ENDPOINT}, client={"auth": AUTH, "paginator": NEXT})
    assert caught.value.error_code == "fetch.other_host"
    assert f"{other.url}/x?page=2" in caught.value.message
    assert "client.allow_hosts" in caught.value.hint
    assert other.asked == []


async def test_an_allowed_host_is_asked_without_credentials(bench: Bench) -> None:
    async with serving(lambda _: LAST) as other, serving(lambda _: first(f"{other.url}/x?page=2")) as api:
        for host in ("127.0.0.1", other.url.removeprefix("http://"), other.url):
            client = {"auth": AUTH, "paginator": NEXT, "allow_hosts": [host], "headers": {"X-Key": "k"}}
            assert await bench.rows(api, {"endpoint": ENDPOINT}, client=client) == [{"id": 1}, {"id": 2}]
    assert len(other.asked) == 3
    for asked in other.asked:
        assert asked.raw_path == "/x?page=2"
        assert not {"authorization", "x-key", "x-secret"} & asked.headers.keys()
    assert api.asked[0].headers["x-secret"] == "s"


@pytest.mark.parametrize("link", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://[::1", "//127.0.0.1:1/x"])
async def test_a_next_link_that_leads_out_of_the_api_is_refused(bench: Bench, link: str) -> None:
    async with serving(lambda _: first(link)) as api:
        with pytest.raises(FetchError) as caught:
            await bench.rows(api, {"endpoint": ENDPOINT}, client={"paginator": NEXT})
    assert caught.value.error_code in {"fetch.other_host", "fetch.malformed"}
    assert len(api.asked) == 1


async def test_a_redirect_within_the_host_keeps_credentials(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        if asked.path == "/v1/items":
            return Answer({}, 302, {"Location": "/v2/items?a=1"})
        return [{"id": 1}]

    async with serving(answer) as api:
        assert await bench.rows(api, client={"auth": AUTH}) == [{"id": 1}]
    assert api.asked[1].raw_path == "/v2/items?a=1"
    assert api.asked[1].headers["authorization"] == "Bearer t0ken"


async def test_a_redirect_to_another_host_is_followed_without_credentials(bench: Bench) -> None:
    key = {"type": "api_key", "name": "key", "api_key": "k3y0", "location": "query"}
    away = Answer({}, 307)
    async with serving(lambda _: [{"id": 1}]) as other, serving(lambda _: away) as api:
        away.headers["Location"] = f"{other.url}/file"
        for auth in (AUTH, key):
            assert await bench.rows(api, {"endpoint": {"headers": {"X-Secret": "s"}}}, client={"auth": auth})
    for asked in other.asked:
        assert asked.raw_path == "/file"
        assert not {"authorization", "x-secret"} & asked.headers.keys()


async def test_a_post_is_not_redirected_to_another_host(bench: Bench) -> None:
    away = Answer({}, 308)
    async with serving(lambda _: []) as other, serving(lambda _: away) as api:
        away.headers["Location"] = f"{other.url}/file"
        with pytest.raises(FetchError, match="redirected to another host"):
            await bench.rows(api, {"endpoint": {"method": "POST", "body": {"a": 1}}})
    assert other.asked == []


async def test_redirects_that_go_round_end(bench: Bench) -> None:
    async with serving(lambda _: Answer({}, 302, {"Location": "/v1/items"})) as api:
        with pytest.raises(FetchError, match="redirected more than 5 times"):
            await bench.rows(api)
    assert len(api.asked) == 6


@pytest.mark.parametrize(
    ("paginator", "body", "shown", "requests"),
    [
        ({"type": "cursor", "cursor_path": "next", "cursor_param": "c"}, {"next": "same"}, "`c=same` comes back", 2),
        (NEXT, {"next": "/v1/items?page=2"}, "/v1/items?page=2` comes back", 2),
        (NEXT, {"next": "/v1/items"}, "/v1/items` comes back", 1),
    ],
)
async def test_a_cursor_or_url_that_comes_back_ends_with_an_error_that_shows_it(
    bench: Bench, paginator: dict[str, Any], body: dict[str, Any], shown: str, requests: int
) -> None:
    async with serving(lambda a: {"data": [{"id": len(a.query), "n": len(api.asked)}], **body}) as api:
        with pytest.raises(FetchError) as caught:
            await bench.rows(api, {"endpoint": ENDPOINT}, client={"paginator": paginator})
    assert caught.value.error_code == "fetch.loop"
    assert shown in caught.value.message
    assert len(api.asked) == requests


async def test_a_longer_round_ends_at_its_first_repeat(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("c", 0))
        return {"data": [{"id": len(api.asked)}], "next": str((at % 5) + 1)}

    async with serving(answer) as api:
        paginator = {"type": "cursor", "cursor_path": "next", "cursor_param": "c"}
        with pytest.raises(FetchError, match=r"after 6 pages `c=1` comes back"):
            await bench.rows(api, {"endpoint": ENDPOINT}, client={"paginator": paginator})
    assert len(api.asked) == 6


@pytest.mark.parametrize(
    "paginator",
    [
        {"type": "page_number"},
        {"type": "offset", "limit": 1},
        {"type": "offset", "limit": 1, "total_path": "total"},
        {"type": "cursor", "cursor_path": "fresh", "cursor_param": "ignored"},
    ],
)
async def test_the_page_before_once_more_ends_with_an_error(bench: Bench, paginator: dict[str, Any]) -> None:
    async with serving(lambda _: {"data": [{"id": 1}], "total": 3, "fresh": len(api.asked)}) as api:
        with pytest.raises(FetchError, match="the same page came once more") as caught:
            await bench.rows(api, {"endpoint": ENDPOINT}, client={"paginator": paginator, "concurrency": 1})
    assert caught.value.error_code == "fetch.loop"
    assert len(api.asked) <= 3


@pytest.mark.parametrize("path", ["{+link}/kids", "{link}", "{+link}"])
async def test_a_records_link_to_another_host_gets_no_credentials(bench: Bench, path: str) -> None:
    kids = {
        "name": "kids",
        "endpoint": {**ENDPOINT, "path": path},
        "parent": {"resource": "items", "field": "link", "param": "link"},
    }
    async with serving(lambda _: LAST) as other, serving(lambda _: LAST) as api:
        there = {"parents": [ParentRow({"link": f"{other.url}/x"}, {"_parents_link": "x"})]}
        with pytest.raises(FetchError) as caught:
            await bench.batches(api, kids, client={"auth": AUTH}, read=there)
        assert (caught.value.error_code, other.asked) == ("fetch.other_host", [])
        await bench.batches(api, kids, client={"auth": AUTH, "allow_hosts": [other.url]}, read=there)
        assert not {"authorization", "x-secret"} & other.asked[0].headers.keys()
        home = {"parents": [ParentRow({"link": f"{api.url}/x"}, {"_parents_link": "x"})]}
        await bench.batches(api, kids, client={"auth": AUTH}, read=home)
        assert api.asked[0].headers["authorization"] == "Bearer t0ken"
