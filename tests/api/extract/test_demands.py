"""What some APIs demand of a listing's request or do to its answer: pages in a body, a date header, a list left out."""

from __future__ import annotations

from typing import Any

import pytest

from dinobase.core.errors import FetchError
from tests.api.extract.api import Answer, Asked, Bench, serving

RECORDS = [{"id": n} for n in range(5)]


def by_offset(asked: Asked) -> Any:
    page = asked.json["page"]
    return {"data": RECORDS[page["offset"] : page["offset"] + page["limit"]], "total": len(RECORDS)}


@pytest.mark.parametrize("total", ["", "total"])
async def test_offset_and_limit_go_into_the_body_as_numbers(bench: Bench, total: str) -> None:
    pager = {"type": "offset", "limit": 2, "offset_param": "page.offset", "limit_param": "page.limit"}
    endpoint = {"method": "POST", "body": {"filter": {"open": True}}, "data_selector": "data"}
    endpoint["paginator"] = {**pager, "location": "body", "total_path": total}
    async with serving(by_offset) as api:
        assert await bench.rows(api, {"endpoint": endpoint}) == RECORDS
    assert [a.query for a in api.asked] == [[]] * len(api.asked)
    assert api.asked[0].json == {"filter": {"open": True}, "page": {"limit": 2, "offset": 0}}
    assert [a.json["page"]["offset"] for a in api.asked][:3] == [0, 2, 4]


async def test_a_page_number_goes_into_the_body(bench: Bench) -> None:
    pager = {"type": "page_number", "page_size": 2, "page_size_param": "size", "base_page": 0, "location": "body"}
    endpoint = {"method": "POST", "data_selector": "data", "paginator": pager}
    async with serving(lambda a: {"data": RECORDS[a.json["page"] * 2 :][:2]}) as api:
        assert await bench.rows(api, {"endpoint": endpoint}) == RECORDS
    assert [a.json for a in api.asked][:3] == [{"page": n, "size": 2} for n in range(3)]


SINCE: dict[str, Any] = {
    "endpoint": {"data_selector": "data", "headers": {"If-Modified-Since": "{incremental.start_value}", "X-A": "1"}},
    "incremental": {"cursor_path": "at", "format": "http"},
}


async def test_a_header_carries_the_start_value_and_is_left_out_without_one(bench: Bench) -> None:
    async with serving(lambda _: {"data": RECORDS}) as api:
        await bench.rows(api, SINCE)
        await bench.rows(api, SINCE, read={"start_value": "2026-04-30T10:00:00.9+02:00"})
    assert [a.headers.get("if-modified-since") for a in api.asked] == [None, "Thu, 30 Apr 2026 08:00:00 GMT"]
    assert [a.headers["x-a"] for a in api.asked] == ["1", "1"]


async def test_not_modified_means_no_rows_where_a_header_asked_for_it(bench: Bench) -> None:
    async with serving(lambda _: Answer(b"", 304)) as api:
        assert await bench.rows(api, SINCE, read={"start_value": "2026-04-30T10:00:00Z"}) == []
        with pytest.raises(FetchError):
            await bench.rows(api)


def selected(selector: str, *, optional: bool = True) -> dict[str, Any]:
    return {"endpoint": {"data_selector": selector, "optional": optional}}


async def test_a_list_that_is_left_out_is_no_rows_only_where_that_is_declared(bench: Bench) -> None:
    async with serving(lambda _: {"response": {"time": 1}}) as api:
        assert await bench.rows(api, selected("response.items")) == []
        with pytest.raises(FetchError, match="matches nothing"):
            await bench.rows(api, selected("response.items", optional=False))


@pytest.mark.parametrize("body", [{"answer": {}}, {"response": []}, {"response": "none"}])
async def test_a_list_whose_place_is_missing_too_stays_an_error(bench: Bench, body: Any) -> None:
    async with serving(lambda _: body) as api:
        with pytest.raises(FetchError, match="matches nothing"):
            await bench.rows(api, selected("response.items"))


async def test_an_optional_list_that_is_there_is_read(bench: Bench) -> None:
    async with serving(lambda _: {"response": {"items": RECORDS}}) as api:
        assert await bench.rows(api, selected("response.items")) == RECORDS


async def test_an_error_in_place_of_an_optional_list_is_no_empty_listing(bench: Bench) -> None:
    async with serving(lambda _: {"error": "no such table"}) as api:
        with pytest.raises(FetchError, match="no such table"):
            await bench.rows(api, selected("items"))
