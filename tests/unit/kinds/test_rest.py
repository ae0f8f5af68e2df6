"""The request of a listing: what goes where, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from dinobase.core.errors import RequestError
from dinobase.core.values import HttpRequest
from dinobase.kinds.paginate.page import Step
from dinobase.kinds.read.rest import Asked, Listing, encode, join, listing, plain

START = {"incremental.start_value": "2024-01-01", "incremental.end_value": None}


def asked(path: str = "items", *, method: str = "GET", base_url: str = "https://h/v1/", **facts: Any) -> Asked:
    return Asked(base_url, path, method, facts.pop("params", {}), facts.pop("headers", {}), **facts)


def request(values: dict[str, object] | None = None, **facts: Any) -> HttpRequest:
    return listing(asked(**facts), values or START).request


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://h/v1/", "items", "https://h/v1/items"),
        ("https://h/v1", "items", "https://h/v1/items"),
        ("https://h/v1/", "/items", "https://h/v1/items"),
        ("https://h/v1//", "//items/", "https://h/v1/items/"),
        ("https://h/v1", "", "https://h/v1"),
        ("https://h/v1/", "https://other/x", "https://other/x"),
        ("https://h/v1?key=1", "items", "https://h/v1/items?key=1"),
        ("https://h/v1?key=1", "items?a=2", "https://h/v1/items?a=2&key=1"),
    ],
)
def test_one_slash_stands_between_base_url_and_path(base: str, path: str, url: str) -> None:
    assert join(base, path) == url


def test_params_are_typed() -> None:
    params = {"yes": True, "no": False, "n": 7, "f": 1.5, "list": ["a", 1, None], "none": None, "s": "x"}
    assert request(params={**params, "created": {"gt": 5, "in": [1, 2]}}).params == (
        ("yes", "true"), ("no", "false"), ("n", "7"), ("f", "1.5"), ("list", "a"), ("list", "1"), ("s", "x"),
        ("created[gt]", "5"), ("created[in]", "1"), ("created[in]", "2"),
    )  # fmt: skip


def test_a_start_value_goes_into_params_and_body() -> None:
    facts: dict[str, Any] = {"params": {"since": "{incremental.start_value}"}, "method": "POST"}
    made = listing(asked(**facts, body={"filter": {"gt": "{incremental.start_value}"}, "n": 5}), START)
    assert made.request.params == (("since", "2024-01-01"),)
    assert made.page(Step()).body == b'{"filter":{"gt":"2024-01-01"},"n":5}'


def test_what_refers_to_a_value_that_is_not_there_is_left_out() -> None:
    values: dict[str, object] = {"incremental.start_value": None, "incremental.end_value": None}
    params = {"since": "gt:{incremental.start_value}", "range": ["{incremental.start_value}"], "keep": "x"}
    body = {"filter": {"gt": "{incremental.start_value}"}, "n": 5, "empty": {}}
    made = listing(asked(params=params, method="POST", body=body), values)
    assert made.request.params == (("keep", "x"),)
    assert made.body == {"n": 5, "empty": {}}


def test_a_param_that_the_path_names_goes_into_the_path() -> None:
    made = request(path="repos/{owner}/items", params={"owner": "a/b", "q": "1"})
    assert (made.url, made.params) == ("https://h/v1/repos/a%2Fb/items", (("q", "1"),))


@pytest.mark.parametrize("value", [".", "..", "a/../../admin"])
def test_a_value_cannot_lead_a_path_elsewhere(value: str) -> None:
    with pytest.raises(RequestError, match="elsewhere"):
        request({**START, "id": value}, path="x/{+id}?full=1")
    assert request({**START, "id": f"v{value}"}, path="x/{id}").url.startswith("https://h/v1/x/v")
    assert request({**START, "id": "7"}, path="x/../{id}").url == "https://h/v1/x/../7"


def test_path_values_are_encoded_and_plus_keeps_slashes() -> None:
    values: dict[str, object] = {**START, "id": "a/b c?d", "full_name": "o/r"}
    assert request(values, path="x/{id}").url == "https://h/v1/x/a%2Fb%20c%3Fd"
    assert request(values, path="repos/{+full_name}/x").url == "https://h/v1/repos/o/r/x"


def test_a_path_without_its_value_is_an_error() -> None:
    with pytest.raises(RequestError, match=r"needs a value for `incremental\.start_value`"):
        request({"incremental.start_value": None}, path="delta/{incremental.start_value}")
    with pytest.raises(RequestError, match="needs a value for `pid`"):
        request({**START, "pid": ""}, path="p/{pid}/kids")


def test_a_path_that_is_one_url_value_is_that_url() -> None:
    values: dict[str, object] = {"incremental.start_value": "https://h/delta?token=1%2F2"}
    assert request(values, path="{incremental.start_value}").url == "https://h/delta?token=1%2F2"


def test_a_post_carries_json_even_without_a_body() -> None:
    made = listing(asked(method="POST"), START)
    assert made.request.headers == {"Content-Type": "application/json"}
    assert made.page(Step()).body == b"{}"
    assert listing(asked(), START).page(Step()).body is None


def test_a_steps_params_win_and_a_steps_url_stands_alone() -> None:
    shared = Listing(HttpRequest("GET", "https://h/x", (("page", "9"), ("q", "1")), {"H": "v"}))
    assert shared.page(Step(params=(("page", "2"),))).params == (("q", "1"), ("page", "2"))
    followed = shared.page(Step(url="https://h/x?cursor=a%20b"))
    assert (followed.url, followed.params, followed.headers) == ("https://h/x?cursor=a%20b", (), {"H": "v"})


def test_a_steps_body_values_go_deep_and_leave_the_rest() -> None:
    shared = Listing(HttpRequest("POST", "https://h/x"), {"a": {"b": 1}, "n": 5})
    assert shared.page(Step(body=(("a.after", '"7"'),))).body == b'{"a":{"b":1,"after":"7"},"n":5}'
    assert shared.page(Step()).body == b'{"a":{"b":1},"n":5}'


def test_a_graphql_document_is_no_template_and_variables_keep_their_types() -> None:
    document = "query($n: Int) { orders(first: $n) { nodes { id } } }"
    variables = {"n": 5, "since": "{incremental.start_value}", "id": "{id}", "end": "{incremental.end_value}"}
    made = listing(asked("", method="POST", body=variables, document=document), {**START, "id": 7})
    assert made.body == {"query": document, "variables": {"n": 5, "since": "2024-01-01", "id": 7}}


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://h/a%2Fb?x=%20&y=1+2", "https://h/a%2Fb?x=%20&y=1+2"),
        ("https://h/a b?q=é|<", "https://h/a%20b?q=%C3%A9%7C%3C"),
    ],
)
def test_only_what_no_url_may_hold_is_encoded(url: str, sent: str) -> None:
    assert plain(url) == sent


def test_params_are_percent_encoded_behind_what_is_there() -> None:
    assert encode("https://h/x", (("a[b]", "c d&é"),)) == "https://h/x?a%5Bb%5D=c%20d%26%C3%A9"
    assert encode("https://h/x?z=1", (("a", "b"),)) == "https://h/x?z=1&a=b"
