"""Every row of the paginator table against a real server: what it was asked, and when it was asked no more."""

from __future__ import annotations

from typing import Any

import pytest

from dinobase.core.errors import FetchError
from tests.api.extract.api import Answer, Asked, Bench, FakeApi, rows, serving

ITEMS = [{"id": n} for n in range(1, 8)]


def slice_of(start: int, size: int = 3) -> list[dict[str, int]]:
    return ITEMS[start : start + size]


async def listed(bench: Bench, api: FakeApi, paginator: dict[str, Any], **endpoint: Any) -> list[Any]:
    """Read through a paginator of the client."""
    resource = {"endpoint": {"params": {"q": "x"}, "data_selector": "data", **endpoint}}
    return await bench.rows(api, resource, client={"paginator": paginator, "auth": {"type": "bearer", "token": "t0"}})


async def test_cursor_ends_where_the_cursor_is_missing(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("after", 0))
        return {"data": slice_of(at), "meta": {"next": str(at + 3)} if at + 3 < 7 else {}}

    async with serving(answer) as api:
        paginator = {"type": "cursor", "cursor_path": "meta.next", "cursor_param": "after"}
        assert await listed(bench, api, paginator) == ITEMS
    assert [a.query for a in api.asked] == [[("q", "x")], [("q", "x"), ("after", "3")], [("q", "x"), ("after", "6")]]


async def test_cursor_of_the_last_record_with_has_more(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("starting_after", 0))
        return {"data": slice_of(at), "has_more": at + 3 < 7}

    async with serving(answer) as api:
        paginator = {"type": "cursor", "cursor_path": "data[-1].id", "cursor_param": "starting_after"}
        assert await listed(bench, api, {**paginator, "has_more_path": "has_more"}) == ITEMS
        assert [a.params.get("starting_after") for a in api.asked] == [None, "3", "6"]
        api.asked.clear()
        assert await listed(bench, api, paginator) == ITEMS  # without the flag the empty page ends it
    assert [a.params.get("starting_after") for a in api.asked] == [None, "3", "6", "7"]


async def test_cursor_with_end_of_stream(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("cursor", 0))
        return {"data": slice_of(at), "after": str(at + 3), "end_of_stream": at + 3 >= 7}

    async with serving(answer) as api:
        paginator = {"type": "cursor", "cursor_path": "after", "cursor_param": "cursor", "done_path": "end_of_stream"}
        assert await listed(bench, api, paginator) == ITEMS
    assert len(api.asked) == 3


async def test_cursor_in_the_body_of_a_post(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.json["paging"].get("after", 0))
        return {"data": slice_of(at), "after": str(at + 3) if at + 3 < 7 else None}

    async with serving(answer) as api:
        paginator = {"type": "cursor", "cursor_path": "after", "cursor_body_path": "paging.after"}
        body = {"paging": {"limit": 3}, "filter": ["a"]}
        assert await listed(bench, api, paginator, method="POST", body=body) == ITEMS
    assert [a.method for a in api.asked] == ["POST"] * 3
    assert [a.json["paging"] for a in api.asked] == [
        {"limit": 3},
        {"limit": 3, "after": "3"},
        {"limit": 3, "after": "6"},
    ]
    assert all(a.json["filter"] == ["a"] and a.query == [("q", "x")] for a in api.asked)
    assert api.asked[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "link", ["{url}/v1/items?cursor={at}&x=%2F", "/v1/items?cursor={at}&x=%2F", "?cursor={at}&x=%2F"]
)
async def test_json_link_is_used_as_it_came_with_auth_and_headers(bench: Bench, link: str) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("cursor", 0))
        url = link.format(url=api.url, at=at + 3)
        return {"data": slice_of(at), "links": {"next": url if at + 3 < 7 else None}}

    async with serving(answer) as api:
        headers = {"X-Version": "7"}
        assert await listed(bench, api, {"type": "json_link", "next_url_path": "links.next"}, headers=headers) == ITEMS
    assert [a.raw_path for a in api.asked] == ["/v1/items?q=x", "/v1/items?cursor=3&x=%2F", "/v1/items?cursor=6&x=%2F"]
    assert {a.headers["authorization"] for a in api.asked} == {"Bearer t0"}
    assert {a.headers["x-version"] for a in api.asked} == {"7"}


async def test_json_link_ends_by_a_flag(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("at", 0))
        return {"data": slice_of(at), "next": f"/v1/items?at={at + 3}", "more": at + 3 < 7}

    async with serving(answer) as api:
        paginator = {"type": "json_link", "next_url_path": "next", "has_more_path": "more"}
        assert await listed(bench, api, paginator) == ITEMS
    assert len(api.asked) == 3


async def test_an_api_key_in_the_query_goes_with_a_next_link_once(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        return {"data": [], "next": "/v1/items?page=2&key=k3y"} if "page" not in asked.params else {"data": []}

    async with serving(answer) as api:
        client = {
            "paginator": {"type": "json_link", "next_url_path": "next"},
            "auth": {"type": "api_key", "name": "key", "api_key": "k3y", "location": "query"},
        }
        await bench.rows(api, {"endpoint": {"data_selector": "data"}}, client=client)
    assert [a.query for a in api.asked] == [[("key", "k3y")], [("page", "2"), ("key", "k3y")]]


async def test_header_link_with_several_relations_and_headers(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("at", 0))
        following = f', <{api.url}/v1/items?at={at + 3}>; rel="next"; title="a, b"' if at + 3 < 7 else ""
        return Answer(slice_of(at), headers={"Link": f'<{api.url}/v1/items>; rel="first"{following}'})

    async with serving(answer) as api:
        assert await listed(bench, api, {"type": "header_link"}, data_selector="$") == ITEMS
    assert [a.query for a in api.asked] == [[("q", "x")], [("at", "3")], [("at", "6")]]


async def test_header_link_of_another_relation_and_of_a_bare_header(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("at", 0))
        if at + 3 >= 7:
            return slice_of(at)
        return Answer(slice_of(at), headers={"X-Next-Page": f"?at={at + 3}", "Link": f'<?at={at + 3}>; rel="more"'})

    async with serving(answer) as api:
        for paginator in ({"type": "header_link", "header": "X-Next-Page"}, {"type": "header_link", "rel": "more"}):
            assert await listed(bench, api, paginator, data_selector="$") == ITEMS
    assert len(api.asked) == 6


def by_offset(total: int | None, items: list[Any] | None = None) -> Any:
    known = ITEMS if items is None else items

    def answer(asked: Asked) -> Any:
        at, size = int(asked.params["offset"]), int(asked.params["limit"])
        return {"data": known[at : at + size], "total": total}

    return answer


async def test_offset_with_a_total_asks_for_no_page_past_the_end(bench: Bench) -> None:
    async with serving(by_offset(7)) as api:
        assert await listed(bench, api, {"type": "offset", "limit": 3, "total_path": "total"}) == ITEMS
        assert [a.params["offset"] for a in api.asked] == ["0", "3", "6"]
    async with serving(by_offset(6, ITEMS[:6])) as api:
        assert await listed(bench, api, {"type": "offset", "limit": 3, "total_path": "total"}) == ITEMS[:6]
        assert [a.params["offset"] for a in api.asked] == ["0", "3"]


async def test_offset_without_a_total_ends_at_a_short_page_or_one_past_the_end(bench: Bench) -> None:
    async with serving(by_offset(None)) as api:
        assert await listed(bench, api, {"type": "offset", "limit": 3}) == ITEMS
        assert [a.params["offset"] for a in api.asked] == ["0", "3", "6"]
    async with serving(by_offset(None, ITEMS[:6])) as api:
        assert await listed(bench, api, {"type": "offset", "limit": 3}) == ITEMS[:6]
        assert [a.params["offset"] for a in api.asked] == ["0", "3", "6"]


async def test_offset_ends_at_an_empty_page_although_the_total_says_more(bench: Bench) -> None:
    async with serving(by_offset(1_000_000)) as api:
        client = {"paginator": {"type": "offset", "limit": 3, "total_path": "total"}, "concurrency": 1}
        rows_ = await bench.rows(api, {"endpoint": {"data_selector": "data"}}, client=client)
    assert rows_ == ITEMS
    assert len(api.asked) <= 6


async def test_a_total_that_grows_while_pages_come_loses_nothing(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params["offset"])
        return {"data": ITEMS[at : at + 3], "total": 4 if at == 0 else 7}

    async with serving(answer) as api:
        assert await listed(bench, api, {"type": "offset", "limit": 3, "total_path": "total"}) == ITEMS


async def test_the_paginators_own_parameter_wins_over_params(bench: Bench) -> None:
    async with serving(by_offset(7)) as api:
        params = {"limit": 100, "offset": 5, "q": "x"}
        paginator = {"type": "offset", "limit": 3, "total_path": "total"}
        assert await listed(bench, api, paginator, params=params) == ITEMS
    assert sorted(api.asked[0].query) == [("limit", "3"), ("offset", "0"), ("q", "x")]


@pytest.mark.parametrize(
    ("paginator", "pages"),
    [
        ({}, ["1", "2", "3", "4"]),
        ({"total_path": "pages"}, ["1", "2", "3"]),
        ({"total_header": "X-Pages"}, ["1", "2", "3"]),
        ({"total_records_path": "n", "page_size": 3, "page_size_param": "per"}, ["1", "2", "3"]),
        ({"total_records_path": "n"}, ["1", "2", "3"]),
    ],
)
async def test_page_number_begins_at_one_and_ends_at_the_total_or_an_empty_page(
    bench: Bench, paginator: dict[str, Any], pages: list[str]
) -> None:
    def answer(asked: Asked) -> Any:
        at = 3 * (int(asked.params["page"]) - 1)
        return Answer({"data": slice_of(at), "pages": 3, "n": 7}, headers={"X-Pages": "3"})

    async with serving(answer) as api:
        assert await listed(bench, api, {"type": "page_number", **paginator}) == ITEMS
    assert [a.params["page"] for a in api.asked] == pages
    assert all(a.params.get("per") == ("3" if "page_size_param" in paginator else None) for a in api.asked)


async def test_page_number_may_begin_at_zero_under_another_name(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        return {"data": slice_of(3 * int(asked.params["p"])), "pages": 3}

    async with serving(answer) as api:
        paginator = {"type": "page_number", "page_param": "p", "base_page": 0, "total_path": "pages"}
        assert await listed(bench, api, paginator) == ITEMS
    assert [a.params["p"] for a in api.asked] == ["0", "1", "2"]


async def test_a_stop_status_ends_page_number_after_page_one_alone(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = 3 * (int(asked.params["page"]) - 1)
        return {"data": slice_of(at)} if at < first_refused else Answer({"error": "past the end"}, 400)

    paginator = {"type": "page_number", "stop_statuses": [400]}
    first_refused = 7
    async with serving(answer) as api:
        assert await listed(bench, api, paginator) == ITEMS
    first_refused = 0
    async with serving(answer) as api:
        with pytest.raises(FetchError, match="status 400"):
            await listed(bench, api, paginator)


async def test_single_page_is_one_request(bench: Bench) -> None:
    async with serving(lambda _: {"data": ITEMS, "next": "/x"}) as api:
        assert await listed(bench, api, {"type": "single_page"}) == ITEMS
    assert len(api.asked) == 1


async def test_a_paginator_on_the_endpoint_overrides_the_clients(bench: Bench) -> None:
    async with serving(by_offset(7)) as api:
        endpoint = {"data_selector": "data", "paginator": {"type": "offset", "limit": 3, "total_path": "total"}}
        assert await bench.rows(api, {"endpoint": endpoint}, client={"paginator": {"type": "header_link"}}) == ITEMS


async def test_relay_sends_the_cursor_as_a_variable(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.json["variables"].get("cursor", 0))
        info = {"hasNextPage": at + 3 < 7, "endCursor": str(at + 3)}
        return {"data": {"orders": {"nodes": slice_of(at), "pageInfo": info}}}

    document = "query($cursor: String, $n: Int) { orders(first: $n, after: $cursor) { nodes { id } } }"
    resource = {
        "query": document,
        "variables": {"n": 3},
        "data_selector": "data.orders.nodes",
        "paginator": {"type": "relay", "page_info_path": "data.orders.pageInfo"},
    }
    async with serving(answer) as api:
        assert await bench.rows(api, resource, type="graphql") == ITEMS
    assert {a.path for a in api.asked} == {"/v1"}
    assert [a.json["variables"] for a in api.asked] == [{"n": 3}, {"n": 3, "cursor": "3"}, {"n": 3, "cursor": "6"}]
    assert {a.json["query"] for a in api.asked} == {document}


async def test_graphql_errors_in_a_200_are_errors_and_a_throttle_waits(bench: Bench) -> None:
    said: list[Any] = [{"errors": [{"message": "slow down", "extensions": {"code": "THROTTLED"}}]}]
    said.append({"data": {"orders": {"nodes": ITEMS}}})
    resource = {"query": "query { orders { nodes { id } } }", "data_selector": "data.orders.nodes"}
    async with serving(lambda _: said.pop(0)) as api:
        assert await bench.rows(api, resource, type="graphql") == ITEMS
        assert len(bench.clock.slept) == 1
        said.append({"data": None, "errors": [{"message": "no field `x`"}]})
        with pytest.raises(FetchError, match="no field `x`") as caught:
            await bench.rows(api, resource, type="graphql")
    assert caught.value.error_code == "fetch.graphql"


async def test_a_graphql_throttle_is_told_by_its_errors_wherever_they_stand(bench: Bench) -> None:
    named = [{"id": 1, "name": "THROTTLED"}]
    late = {"data": None, "about": "x" * 5000, "errors": [{"extensions": {"code": "COMPLEXITY_BUDGET_EXHAUSTED"}}]}
    said: list[Any] = [late, {"errors": None, "data": {"orders": {"nodes": named}}}]
    resource = {"query": "query { orders { nodes { id name } } }", "data_selector": "data.orders.nodes"}
    async with serving(lambda _: said.pop(0)) as api:
        assert await bench.rows(api, resource, type="graphql") == named
    assert len(bench.clock.slept) == 1


async def test_resuming_after_any_batch_gives_the_rest_for_every_paginator(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        given = asked.params
        at = int(given.get("offset") or given.get("after") or 3 * (int(given.get("page", 1)) - 1))
        more = at + 3 < 7
        body = {"data": slice_of(at), "total": 7, "pages": 3, "next": str(at + 3) if more else None}
        url = f"{api.url}/v1/items?after={at + 3}"
        return Answer({**body, "url": url if more else None}, headers={"Link": f'<{url}>; rel="next"'} if more else {})

    paginators: list[dict[str, Any]] = [
        {"type": "cursor", "cursor_path": "next", "cursor_param": "after"},
        {"type": "json_link", "next_url_path": "url"},
        {"type": "header_link"},
        {"type": "offset", "limit": 3, "total_path": "total"},
        {"type": "offset", "limit": 3},
        {"type": "page_number", "total_path": "pages"},
        {"type": "page_number", "total_records_path": "total"},
        {"type": "page_number"},
    ]
    async with serving(answer) as api:
        for paginator in paginators:
            facts: dict[str, Any] = {"client": {"paginator": paginator}}
            resource = {"endpoint": {"data_selector": "data"}}
            whole = await bench.batches(api, resource, **facts)
            assert rows(whole) == ITEMS
            assert [b.done for b in whole] == [False] * (len(whole) - 1) + [True]
            for number, batch in enumerate(whole[:-1], 1):
                rest = await bench.batches(api, resource, read={"resume": batch.resume}, **facts)
                assert rows(rest) == rows(whole[number:]), paginator
