"""Paths: plain ones walk raw bytes, others find places; what is not there is None."""

from __future__ import annotations

import pytest

from dinobase.kinds.body import MalformedError, read, scalar
from dinobase.kinds.path import PathError, compile_path

BODY = read(
    b'{"data":[{"id":1,"a":{"b":"x"}},{"id":12345678901234567890123}],"meta":{"next":"c2","more":false,"n":"7","z":1.0},'
    b'"@odata.nextLink":"http://h/2","dotted.key":"d","a-b":"dash","empty":[],"nothing":null,"blank":""}'
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("meta.next", b'"c2"'),
        ("$.meta.next", b'"c2"'),
        ("$", BODY.raw),
        ("data[0].a.b", b'"x"'),
        ("data[-1].id", b"12345678901234567890123"),
        ("data[-3].id", None),
        ("data[2].id", None),
        ("empty[-1].id", None),
        ("meta.next.deeper", None),
        ("data.id", None),
        ("nope", None),
        ("nothing", b"null"),
        ("@odata.nextLink", b'"http://h/2"'),
        ("['@odata.nextLink']", b'"http://h/2"'),
        ('$["meta"]["next"]', b'"c2"'),
        ("dotted.key", b'"d"'),
        ("a-b", b'"dash"'),
        ("data[?@.id == 1].a.b", b'"x"'),
        ("$..b", b'"x"'),
        ("data[*].id", b"1"),
    ],
)
def test_a_path_finds_the_values_own_bytes(path: str, found: bytes | None) -> None:
    value = compile_path(path).find(BODY)
    assert (None if value is None else bytes(value)) == found


def test_a_search_finds_every_place_in_document_order() -> None:
    assert compile_path("data[*].id").places(BODY) == [("data", 0, "id"), ("data", 1, "id")]


def test_a_path_that_is_no_jsonpath_is_refused() -> None:
    with pytest.raises(PathError, match="is not a JSONPath"):
        compile_path("data[")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("meta.next", "c2"),
        ("data[-1].id", "12345678901234567890123"),
        ("nothing", None),
        ("blank", None),
        ("meta.more", None),
        ("nope", None),
        ("meta.z", "1.0"),
    ],
)
def test_text_is_the_scalar_in_its_own_digits_and_none_for_what_ends_a_listing(path: str, text: str | None) -> None:
    assert compile_path(path).text_in(BODY) == text


def test_an_object_where_a_cursor_was_expected_is_an_error_that_shows_it() -> None:
    with pytest.raises(MalformedError, match=r'where there is `\{"b":"x"\}`'):
        compile_path("data[0].a").text_in(BODY)


@pytest.mark.parametrize(
    ("json", "flag"),
    [("true", True), ("false", False), ("null", None), ('"false"', False), ('"yes"', True), ("0", False), ("1", True)],
)
def test_a_flag_reads_what_apis_write_for_yes_and_no(json: str, flag: bool | None) -> None:
    assert compile_path("f").flag_in(read(f'{{"f":{json}}}'.encode())) is flag


def test_a_missing_flag_is_none() -> None:
    assert compile_path("f").flag_in(read(b"{}")) is None


@pytest.mark.parametrize(
    ("json", "number"), [("7", 7), ('"7"', 7), ("7.0", 7), ("null", None), ('""', None), ("-1", None), ("1e3", 1000)]
)
def test_a_total_is_a_whole_number_also_in_quotes(json: str, number: int | None) -> None:
    assert compile_path("n").number_in(read(f'{{"n":{json}}}'.encode())) == number


@pytest.mark.parametrize("json", ['"many"', "1.5", "true", "1e400", "[]"])
def test_a_total_that_is_no_whole_number_is_an_error(json: str) -> None:
    with pytest.raises(MalformedError):
        compile_path("n").number_in(read(f'{{"n":{json}}}'.encode()))


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b'"a\\u00e9"', "a\u00e9"), (b"1e400", "1e400"), (b"null", None), (b"true", "true"), (b'"\\ud800"', "\ud800")],
)
def test_a_scalar_becomes_text_without_loss(raw: bytes, text: str | None) -> None:
    assert scalar(raw) == text
