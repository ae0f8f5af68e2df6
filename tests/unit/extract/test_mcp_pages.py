from __future__ import annotations

import json
from typing import Any

import pytest

from dinobase.extract.mcp_client import Answer
from dinobase.extract.readers.mcp import page_of
from dinobase.kinds.paginate.cursor import Cursor
from dinobase.spec.models import Resource

TABLE = Resource(name="orders", tool="list_orders")


def text(*texts: str) -> Answer:
    return Answer(None, has_structured=False, blocks=tuple({"type": "text", "text": t} for t in texts), is_error=False)


def structured(value: Any) -> Answer:
    return Answer(value, has_structured=True, blocks=({"type": "text", "text": "for people"},), is_error=False)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (structured([{"id": 1}]), [{"id": 1}]),
        (structured({"result": [{"id": 1}]}), [{"id": 1}]),
        (structured({"result": "word"}), ["word"]),
        (structured({"orders": [{"id": 1}], "total": 1}), {"orders": [{"id": 1}], "total": 1}),
        (structured({"id": 1, "name": "Ada"}), [{"id": 1, "name": "Ada"}]),
        (structured({"a": [{"x": 1}], "b": [{"y": 1}]}), [{"a": [{"x": 1}], "b": [{"y": 1}]}]),
        (structured({"names": ["a", "b"]}), ["a", "b"]),
        (text('[{"id": 1}]'), [{"id": 1}]),
        (text('{"id": 1}', '{"id": 2}'), [{"id": 1}, {"id": 2}]),
        (text("5"), [{"text": "5"}]),
        (text("Echo: hi"), [{"text": "Echo: hi"}]),
        (text('{"id": 1}', "and words"), [{"text": '{"id": 1}'}, {"text": "and words"}]),
    ],
)
def test_an_answer_becomes_a_body_with_its_records(answer: Answer, body: Any) -> None:
    assert json.loads(page_of(answer, TABLE)) == body


def test_json_text_goes_on_byte_for_byte() -> None:
    raw = '{"rates": [{"rate": 0.12345678901234567890}]}'
    assert page_of(text(raw), TABLE) == raw.encode()


def test_a_paginator_sees_the_body_as_it_is() -> None:
    paged = TABLE.model_copy(update={"paginator": Cursor(cursor_path="next", cursor_param="cursor")})
    assert json.loads(page_of(structured({"next": 2, "orders": []}), paged)) == {"next": 2, "orders": []}


def test_lines_are_rows_where_the_definition_says_so() -> None:
    lines = TABLE.model_copy(update={"text": "lines"})
    assert json.loads(page_of(text("a\n\nb"), lines)) == [{"line": 1, "text": "a"}, {"line": 3, "text": "b"}]


def test_what_is_no_text_is_a_row_that_says_what_it_is() -> None:
    blocks: tuple[dict[str, Any], ...] = (
        {"type": "image", "mimeType": "image/png", "data": "AAAA"},
        {"type": "resource", "resource": {"uri": "x://1", "mimeType": "text/plain", "text": "one"}},
        {"type": "resource_link", "uri": "x://2", "name": "two"},
    )
    answer = Answer(None, has_structured=False, blocks=blocks, is_error=False)
    assert json.loads(page_of(answer, TABLE)) == [
        {"type": "image", "mimeType": "image/png", "bytes": 3},
        {"uri": "x://1", "mimeType": "text/plain", "text": "one"},
        {"uri": "x://2", "name": "two", "description": None, "mimeType": None, "size": None},
    ]
