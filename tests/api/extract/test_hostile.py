"""Answers that no API should give: each ends in the right rows or in an error that says what came, never in others."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field
from typing import Any

import pytest

from dinobase.core.errors import FetchError
from tests.api.extract.api import Answer, Bench, serving

GZIPPED = gzip.compress(b'{"data":[' + b",".join(b'{"id":%d,"pad":"%s"}' % (n, b"x" * n) for n in range(500)) + b"]}")
DEEP = 5000


@dataclass(frozen=True, slots=True)
class Case:
    """`rows` where the answer is good after all, else the error's code and a part of its message."""

    name: str
    body: Any
    code: str = ""
    said: str = ""
    rows: list[bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    selector: str | None = "data"


CASES = [
    Case("an HTML page", b"<!doctype html><title>Sign in</title>", "fetch.malformed", "titled `Sign in`",
         headers={"Content-Type": "text/html"}),
    Case("an HTML page that says it is JSON", b"<html></html>", "fetch.malformed", "HTML or XML"),
    Case("XML", b"<?xml version='1.0'?><data/>", "fetch.malformed", "HTML or XML"),
    Case("plain text", b"upstream connect error", "fetch.malformed", "not valid JSON"),
    Case("half a JSON", b'{"data":[{"id":1},{"id":', "fetch.malformed", "ends too early"),
    Case("half a string", b'{"data":[{"id":"abc', "fetch.malformed", "ends too early"),
    Case("two JSON texts", b'{"data":[]}{"data":[]}', "fetch.malformed", "not valid JSON"),
    Case("JSON lines", b'{"id":1}\n{"id":2}\n', "fetch.malformed", "not valid JSON"),
    Case("JSONP", b'cb({"data":[]})', "fetch.malformed", "not valid JSON"),
    Case("truncated gzip", GZIPPED[:200], "fetch.malformed", "ends too early", headers={"Content-Encoding": "gzip"}),
    Case("gzip that is none", b"plain", "fetch.truncated", "cannot be unpacked", headers={"Content-Encoding": "gzip"}),
    Case("gzip that is not declared", gzip.compress(b'{"data":[]}'), "fetch.malformed", "not utf-8"),
    Case("deflate", zlib.compress(b'{"data":[{"id":1}]}'), rows=[b'{"id":1}'], headers={"Content-Encoding": "deflate"}),
    Case("an error in a 200", {"error": {"message": "quota"}}, "fetch.selector", "the keys `error`"),
    Case("an error beside null", {"data": None, "error": "quota"}, "fetch.error_body", "quota"),
    Case("an error beside null errors", {"data": None, "errors": [], "error": None}, rows=[]),
    Case("ok false", {"ok": False, "reason": "bad_token"}, "fetch.selector", "`ok`, `reason`"),
    Case("a string in place of records", {"data": "none"}, "fetch.selector", "neither an array nor an object"),
    Case("a number in place of records", {"data": 0}, "fetch.selector", "neither an array nor an object"),
    Case("a bare string", b'"ok"', "fetch.selector", "matches nothing"),
    Case("a bare null", b"null", rows=[]),
    Case("an empty body", b"", rows=[]),
    Case("204", b"", status=204, rows=[]),
    Case("white space", b" \r\n ", rows=[]),
    Case("an empty object", b"{}", rows=[]),
    Case("an empty array", b"[]", rows=[]),
    Case("null records", b'{"data":null}', rows=[]),
    Case("scalars among records", b'{"data":[{"id":1},2,null]}', rows=[b'{"id":1}', b'{"value":2}', b'{"value":null}']),
    Case("NaN", b'{"data":[{"x":NaN}]}', "fetch.malformed", "not valid JSON"),
    Case("Infinity", b'{"data":[{"x":-Infinity}]}', "fetch.malformed", "not valid JSON"),
    Case("1e400", b'{"data":[{"x":1e400}]}', rows=[b'{"x":1e400}']),
    Case("a hundred digits", b'{"data":[{"x":' + b"9" * 100 + b"}]}", rows=[b'{"x":' + b"9" * 100 + b"}"]),
    Case("duplicate keys", b'{"data":[{"x":1,"x":2}]}', rows=[b'{"x":1,"x":2}']),
    Case("the selector's key twice", b'{"data":[{"x":1}],"data":[{"x":2}]}', rows=[b'{"x":2}']),
    Case("a lone surrogate", b'{"data":[{"x":"\\ud800"}]}', rows=[b'{"x":"\\ud800"}']),
    Case("an unfinished escape", b'{"data":[{"x":"\\ud8"}]}', "fetch.malformed", "JSON"),
    Case("a 5 MB string", b'{"data":[{"x":"' + b"y" * 5_000_000 + b'"}]}', rows=[b'{"x":"' + b"y" * 5_000_000 + b'"}']),
    Case("200 levels", b'{"data":[{"x":' + b"[" * 200 + b"]" * 200 + b"}]}",
         rows=[b'{"x":' + b"[" * 200 + b"]" * 200 + b"}"]),
    Case("5,000 levels", b'{"data":[{"x":' + b"[" * DEEP + b"]" * DEEP + b"}]}", "fetch.malformed", "too deeply"),
    Case("a byte order mark", b'\xef\xbb\xbf{"data":[{"x":1}]}', rows=[b'{"x":1}']),
    Case("UTF-16", '{"data":[{"x":"é"}]}'.encode("utf-16"), rows=['{"x":"é"}'.encode()]),
    Case("Latin-1 that says so", '{"data":[{"x":"é"}]}'.encode("latin-1"), rows=['{"x":"é"}'.encode()],
         headers={"Content-Type": "application/json; charset=iso-8859-1"}),
    Case("Latin-1 that does not say so", '{"data":[{"x":"é"}]}'.encode("latin-1"), "fetch.malformed", "no charset"),
    Case("half a UTF-8 character", b'{"data":[{"x":"\xc3"}]}', "fetch.malformed", "not utf-8"),
    Case("a NUL", b'{"data":[{"x":"\x00"}]}', "fetch.malformed", "not valid JSON"),
    Case("a newline in a string", b'{"data":[{"x":"a\nb"}]}', "fetch.malformed", "not valid JSON"),
    Case("comments", b'{"data":[] /* none */}', "fetch.malformed", "not valid JSON"),
    Case("a search in 5,000 levels", b'{"data":[{"x":' + b"[" * DEEP + b"]" * DEEP + b"}]}", "fetch.malformed",
         "too deeply", selector="$..x"),
    Case("a search that leads nowhere", {"rows": [{"id": 1}]}, "fetch.selector", "`rows`", selector="$..items"),
    Case("two lists and no selector", {"a": [{"x": 1}], "b": [{"y": 1}]}, "fetch.selector", "`a`, `b`", selector=None),
    Case("no list and no selector", {"message": "hello"}, "fetch.selector", "`message`", selector=None),
    Case("a 200 that redirects nowhere", b"[]", rows=[], headers={"Location": "http://127.0.0.1:1/"}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
async def test_an_answer_ends_in_its_rows_or_a_clear_error(bench: Bench, case: Case) -> None:
    async with serving(lambda _: Answer(case.body, case.status, case.headers)) as api:
        reading = bench.batches(api, {"endpoint": {"data_selector": case.selector}}, client={"retry": {"attempts": 1}})
        if case.rows is not None:
            assert [bytes(r) for b in await reading for r in b.records] == case.rows
            return
        with pytest.raises(FetchError) as caught:
            await reading
    error = caught.value
    assert (error.error_code, case.said in error.message) == (case.code, True), error.message
    assert (error.context["resource"], error.context["url"]) == ("items", f"{api.url}/v1/items")
    if case.code != "fetch.truncated":
        assert error.context["status"] == case.status
        assert len(error.context["body"]) <= 300


@pytest.mark.parametrize(
    ("cursor", "said"),
    [
        (b'{"id":1}', "a single value was expected"),
        (b"[1]", "a single value was expected"),
    ],
)
async def test_a_cursor_of_the_wrong_shape_is_an_error(bench: Bench, cursor: bytes, said: str) -> None:
    paginator = {"type": "cursor", "cursor_path": "next", "cursor_param": "c"}
    async with serving(lambda _: Answer(b'{"data":[{"id":1}],"next":' + cursor + b"}")) as api:
        with pytest.raises(FetchError, match=said) as caught:
            await bench.rows(api, {"endpoint": {"data_selector": "data"}}, client={"paginator": paginator})
    assert caught.value.error_code == "fetch.malformed"


async def test_a_total_of_the_wrong_shape_is_an_error(bench: Bench) -> None:
    paginator = {"type": "offset", "limit": 1, "total_path": "total"}
    async with serving(lambda _: {"data": [{"id": 1}], "total": "many"}) as api:
        with pytest.raises(FetchError, match="`total` is `many`, which is not a number"):
            await bench.rows(api, {"endpoint": {"data_selector": "data"}}, client={"paginator": paginator})


async def test_an_answer_larger_than_the_limit_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dinobase.extract.http.LARGEST", 1 << 20)
    bomb = gzip.compress(b"[" + b" " * (8 << 20) + b"]")
    async with serving(lambda _: Answer(bomb, headers={"Content-Encoding": "gzip"})) as api:
        with pytest.raises(FetchError) as caught:
            await bench.rows(api)
    assert caught.value.error_code == "fetch.too_large"
