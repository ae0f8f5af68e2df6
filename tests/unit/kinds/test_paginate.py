"""Paginators: a page in, the next step out; dictionaries in, no server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dinobase.kinds.body import MalformedError, read
from dinobase.kinds.paginate.cursor import Cursor
from dinobase.kinds.paginate.links import HeaderLink, JsonLink, links
from dinobase.kinds.paginate.offset import Offset
from dinobase.kinds.paginate.page import Page, Pager, Step
from dinobase.kinds.paginate.page_number import PageNumber
from dinobase.kinds.paginate.relay import Relay
from dinobase.kinds.paginate.single_page import SinglePage

URL = "https://api.example.com/v1/items?limit=2"


def page(body: Any, *, count: int = 2, url: str = URL, **headers: str) -> Page:
    return Page(url, {k.replace("_", "-"): v for k, v in headers.items()}, read(json.dumps(body).encode()), count)


def after(pager: Pager, body: Any, step: Step | None = None, **facts: Any) -> Step | None:
    return pager.next(page(body, **facts), step or pager.first())


def numbers(pager: Pager, body: Any, step: Step | None = None, **facts: Any) -> list[int]:
    return [s.number for s in pager.ahead(page(body, **facts), step or pager.first())]


# cursor


def test_a_cursor_goes_into_its_parameter() -> None:
    assert after(Cursor(cursor_path="next", cursor_param="c"), {"next": "abc"}) == Step(params=(("c", "abc"),))


def test_a_numeric_cursor_keeps_its_digits() -> None:
    pager = Cursor(cursor_path="next", cursor_param="c")
    body = read(b'{"next":12345678901234567890123}')
    assert pager.next(Page(URL, {}, body, 2), Step()) == Step(params=(("c", "12345678901234567890123"),))


@pytest.mark.parametrize("body", [{}, {"next": None}, {"next": ""}, {"next": False}])
def test_a_cursor_that_is_missing_null_or_empty_ends(body: Any) -> None:
    assert after(Cursor(cursor_path="next", cursor_param="c"), body) is None


def test_has_more_false_ends_although_there_is_a_cursor() -> None:
    pager = Cursor(cursor_path="data[-1].id", cursor_param="starting_after", has_more_path="has_more")
    body = {"data": [{"id": "a"}, {"id": "b"}], "has_more": True}
    assert after(pager, body) == Step(params=(("starting_after", "b"),))
    assert after(pager, {**body, "has_more": False}) is None
    assert after(pager, {"data": body["data"]}) is not None


def test_an_empty_page_has_no_last_record_to_go_on_from() -> None:
    assert after(Cursor(cursor_path="data[-1].id", cursor_param="c"), {"data": [], "has_more": True}, count=0) is None


def test_done_true_ends_although_there_is_a_cursor() -> None:
    pager = Cursor(cursor_path="after", cursor_param="c", done_path="end_of_stream")
    assert after(pager, {"after": "x", "end_of_stream": False}) is not None
    assert after(pager, {"after": "x", "end_of_stream": True}) is None


def test_a_cursor_in_a_body_keeps_its_type() -> None:
    pager = Cursor(cursor_path="paging.after", cursor_body_path="paging.after")
    assert after(pager, {"paging": {"after": "7"}}) == Step(body=(("paging.after", '"7"'),))
    assert after(pager, {"paging": {"after": 7}}) == Step(body=(("paging.after", "7"),))


def test_further_pages_may_be_asked_for_elsewhere_with_the_cursor_alone() -> None:
    pager = Cursor(cursor_path="cursor", cursor_body_path="cursor", has_more_path="more", continue_path="/v1/more")
    step = after(pager, {"cursor": "a", "more": True})
    assert step == Step(url="/v1/more", body=(("cursor", '"a"'),), alone=True)
    again = after(pager, {"cursor": "b", "more": True}, step)
    assert again is not None
    assert again.mark != step.mark
    assert pager.resume("b") == again


def test_a_cursor_without_such_a_place_does_not_go_on_from_an_earlier_listing() -> None:
    assert Cursor(cursor_path="next", cursor_body_path="next").resume("b") is None


def test_an_object_as_cursor_is_an_error() -> None:
    with pytest.raises(MalformedError):
        after(Cursor(cursor_path="next", cursor_param="c"), {"next": {"id": 1}})


# links


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://api.example.com/v1/items?page=2&a=%2F", "https://api.example.com/v1/items?page=2&a=%2F"),
        ("/v1/items?page=2", "https://api.example.com/v1/items?page=2"),
        ("?page=2", "https://api.example.com/v1/items?page=2"),
        ("other?page=2#top", "https://api.example.com/v1/other?page=2"),
        ("//api.example.com/x", "https://api.example.com/x"),
    ],
)
def test_a_next_url_may_be_relative_and_is_else_as_it_came(link: str, url: str) -> None:
    assert after(JsonLink(next_url_path="next"), {"next": link}) == Step(url=url)


@pytest.mark.parametrize("body", [{}, {"next": None}, {"next": ""}, {"next": " "}, {"next": False}])
def test_a_next_url_that_is_missing_null_or_empty_ends(body: Any) -> None:
    assert after(JsonLink(next_url_path="next"), body) is None


def test_flags_end_a_json_link_too() -> None:
    pager = JsonLink(next_url_path="next", has_more_path="more", done_path="done")
    assert after(pager, {"next": "/2", "more": True, "done": False}) is not None
    assert after(pager, {"next": "/2", "more": False}) is None
    assert after(pager, {"next": "/2", "done": True}) is None


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('<https://api.example.com/2>; rel="next"', "https://api.example.com/2"),
        ('<https://h/1>; rel="prev", <https://h/3>; rel="next"', "https://h/3"),
        ("<https://h/2>; rel=next", "https://h/2"),
        ('<https://h/2>; rel="prev next"', "https://h/2"),
        ('<https://h/2>; REL="NEXT"', "https://h/2"),
        ('<https://h/2?ids=1,2;x>; rel="next"', "https://h/2?ids=1,2;x"),
        ('<https://h/1>; title="a, b; rel=\\"next\\""; rel="prev", </v1/2>;rel="next"', "https://api.example.com/v1/2"),
        ('<https://h/2>; rel="next"; title*=UTF-8\'\'x; results="true"', "https://h/2"),
        ('<https://h/2>; rel="next"; results="false"; cursor="0:100:0"', None),
        ('<https://h/1>; rel="first"', None),
        ('<https://h/2>; rel="nextish"', None),
        ('<https://h/2>; rel="prev"; rel="next"', None),
        ('<https://h/x>; rel="next"; anchor="#foo", <https://h/2>; rel="next"', "https://h/2"),
        ("", None),
        ("garbage", None),
        ("<>; rel=next", None),
    ],
)
def test_the_link_header_is_read_as_rfc_8288_says(header: str, url: str | None) -> None:
    assert after(HeaderLink(), {}, link=header) == (None if url is None else Step(url=url))


def test_another_relation_and_another_header() -> None:
    assert after(HeaderLink(rel="more"), {}, link='<https://h/2>; rel="more"') == Step(url="https://h/2")
    assert after(HeaderLink(header="X-Next"), {}, x_next="https://h/2") == Step(url="https://h/2")
    assert after(HeaderLink(header="X-Next"), {}) is None


def test_an_unended_link_header_does_not_hang() -> None:
    assert list(links("<a>; rel=next" + ",;=" * 50_000)) == [("a", frozenset({"next"}))]


# offset


OFFSET = Offset(limit=2)
TOTAL = Offset(limit=2, total_path="total", offset_param="skip", limit_param="top")


def test_the_first_offset_is_zero() -> None:
    assert TOTAL.first().params == (("top", "2"), ("skip", "0"))
    assert TOTAL.own_params() == ("top", "skip")


def test_without_a_total_a_short_or_empty_page_ends() -> None:
    following = after(OFFSET, [])
    assert following is not None
    assert following.params == (("limit", "2"), ("offset", "2"))
    assert after(OFFSET, [], count=1) is None
    assert after(OFFSET, [], count=0) is None
    assert numbers(OFFSET, []) == []


@pytest.mark.parametrize(
    ("total", "ahead"), [(5, [2, 4]), ("5", [2, 4]), (4, [2]), (2, []), (0, []), (None, []), (-1, [])]
)
def test_with_a_total_the_rest_is_known_at_once(total: Any, ahead: list[int]) -> None:
    assert numbers(TOTAL, {"total": total}) == ahead


def test_with_a_total_the_offset_that_reaches_it_ends() -> None:
    assert after(TOTAL, {"total": 2}) is None
    assert after(TOTAL, {"total": 3}) is not None
    assert after(TOTAL, {"total": 9}, count=0) is None


def test_a_total_that_is_less_than_what_came_counts_as_none() -> None:
    assert after(TOTAL, {"total": 0}) is not None
    assert after(TOTAL, {"total": 1}) is not None
    assert after(TOTAL, {"total": 0}, count=1) is None


def test_a_total_that_is_null_counts_as_none() -> None:
    assert after(TOTAL, {"total": None}) is not None
    assert after(TOTAL, {"total": None}, count=1) is None


def test_an_api_that_caps_the_limit_loses_no_records() -> None:
    pager = Offset(limit=1000, total_path="total")
    assert numbers(pager, {"total": 250}, count=100) == [100, 200]


# page_number


def test_pages_begin_at_base_page() -> None:
    assert PageNumber().first().params == (("page", "1"),)
    sized = PageNumber(page_param="p", base_page=0, page_size=50, page_size_param="per")
    assert sized.first().params == (("p", "0"), ("per", "50"))


def test_without_a_total_only_an_empty_page_ends() -> None:
    pager = PageNumber(page_size=50)
    following = after(pager, [], count=1)
    assert following is not None
    assert following.params == (("page", "2"),)
    assert after(pager, [], count=0) is None
    assert numbers(pager, [], count=1) == []


@pytest.mark.parametrize(
    ("pager", "facts", "ahead"),
    [
        (PageNumber(total_path="pages"), {"body": {"pages": 3}}, [2, 3]),
        (PageNumber(total_path="pages"), {"body": {"pages": "3"}}, [2, 3]),
        (PageNumber(total_path="pages"), {"body": {"pages": 1}}, []),
        (PageNumber(total_path="pages", base_page=0), {"body": {"pages": 3}}, [1, 2]),
        (PageNumber(total_records_path="n", page_size=2), {"body": {"n": 5}}, [2, 3]),
        (PageNumber(total_records_path="n"), {"body": {"n": 5}}, [2, 3]),
        (PageNumber(total_records_path="n", page_size=100), {"body": {"n": 5}}, [2, 3]),
        (PageNumber(total_header="X-Total-Pages"), {"body": [], "x_total_pages": "3"}, [2, 3]),
        (PageNumber(total_header="X-Total-Pages"), {"body": []}, []),
    ],
)
def test_a_total_says_all_pages_at_once(pager: PageNumber, facts: Any, ahead: list[int]) -> None:
    assert numbers(pager, facts.pop("body"), **facts) == ahead


def test_the_last_page_ends() -> None:
    pager = PageNumber(total_path="pages")
    assert after(pager, {"pages": 2}, Step(number=2, size=2)) is None
    assert after(pager, {"pages": 3}, Step(number=2, size=2)) is not None


def test_records_on_a_resumed_short_last_page_do_not_change_the_page_size() -> None:
    pager = PageNumber(total_records_path="n")
    assert after(pager, {"n": 5}, Step(number=3, size=2), count=1) is None


def test_stop_statuses_end_after_the_first_page_alone() -> None:
    pager = PageNumber(stop_statuses=(400,))
    assert not pager.ends_with(400, pager.first())
    assert pager.ends_with(400, Step(number=2))
    assert not pager.ends_with(404, Step(number=2))


# relay and single page


def test_relay_goes_on_from_end_cursor() -> None:
    pager = Relay(page_info_path="data.orders.pageInfo")
    info = {"hasNextPage": True, "endCursor": "x"}
    assert after(pager, {"data": {"orders": {"pageInfo": info}}}) == Step(body=(("variables.cursor", '"x"'),))
    assert after(pager, {"data": {"orders": {"pageInfo": {**info, "hasNextPage": False}}}}) is None
    assert after(pager, {"data": {"orders": {"pageInfo": {**info, "endCursor": None}}}}) is None


def test_a_single_page_is_one_request() -> None:
    assert after(SinglePage(), {"next": "x"}) is None
