"""Decoded records keep every digit, and go out as lines from which DuckDB reads them without loss."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinobase.core.errors import LoadError
from dinobase.load.exact import Cook, DriftError, FractionText, IntText, cooked, decode, list_text, text_of
from dinobase.load.schema import JSON, Column, TableSchema

same = settings(derandomize=True, deadline=None)
numbers = st.one_of(st.integers(), st.decimals(allow_nan=False, allow_infinity=False)).map(str)
values = st.recursive(
    st.none() | st.booleans() | st.text() | numbers.map(FractionText),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(values)
@same
def test_text_and_back_is_the_same(value: Any) -> None:
    text = text_of({"v": value})
    assert _plain(json.loads(text, parse_int=Decimal, parse_float=Decimal)["v"]) == _plain(value)
    assert text_of(decode(text.encode("utf-8", "surrogatepass"))) == text


def _plain(value: Any) -> Any:
    if isinstance(value, FractionText | IntText):
        return Decimal(value)
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("digits", ["1", "-0", "12345678901234567890123", "1.10", "1e400", "0.1234567890123456789"])
def test_numbers_keep_their_digits(digits: str) -> None:
    record = decode(f'{{"v": {digits}}}'.encode())
    assert str(record["v"]) == digits
    assert type(record["v"]) is (IntText if digits.lstrip("-").isdigit() else FractionText)


def test_of_a_repeated_key_the_last_value_counts() -> None:
    assert decode(b'{"a": 1, "a": "x"}') == {"a": "x"}


def test_what_is_no_object_is_a_value() -> None:
    assert decode(b"[1]") == {"value": ["1"]}
    assert decode(b"null") == {"value": None}


@pytest.mark.parametrize("raw", [b'{"a": NaN}', b'{"a": -Infinity}', b'{"a"', b"{'a': 1}", b""])
def test_what_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(LoadError, match="not JSON"):
        decode(raw)


def test_nesting_beyond_the_stack_is_refused() -> None:
    with pytest.raises(LoadError, match="nested too deeply"):
        decode(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@pytest.mark.parametrize(
    ("value", "kind", "wanted"),
    [
        (IntText("5"), "BIGINT", "5"),
        (IntText("5"), "VARCHAR", '"5"'),
        (FractionText("1.10"), "VARCHAR", '"1.10"'),
        (True, "VARCHAR", '"true"'),
        ("a", "VARCHAR", '"a"'),
        ("2024-01-01", "DATE", '"2024-01-01"'),
        ({"a": FractionText("1.10")}, JSON, '"{\\"a\\":1.10}"'),
        ("a", JSON, '"\\"a\\""'),
        ([IntText("1"), None], "BIGINT[]", "[1,null]"),
        ([IntText("1"), "a", True], "VARCHAR[]", '["1","a","true"]'),
        ([], "UNKNOWN[]", "[]"),
    ],
)
def test_values_are_written_so_that_their_column_loses_nothing(value: Any, kind: str, wanted: str) -> None:
    assert cooked(value, kind) == wanted


def test_a_list_is_written_by_its_elements() -> None:
    assert list_text([IntText("1"), None], "VARCHAR") == '["1",null]'


def schema(*columns: tuple[str, tuple[str, ...], str]) -> TableSchema:
    return TableSchema(tuple(Column(name, path, kind) for name, path, kind in columns))


def test_records_are_flattened_by_column_name() -> None:
    cook = Cook(schema(("id", ("id",), "BIGINT"), ("a__b", ("a", "B"), "VARCHAR"), ("m", ("m",), JSON)))
    line = cook.line(decode(b'{"id": 1, "a": {"B": 2, "c": 3}, "m": {"x": 1}, "z": 5, "n": null}'))
    assert json.loads(line) == {"id": 1, "a__b": "2", "m": '{"x":1}'}


def test_an_object_beside_scalars_goes_to_its_fields() -> None:
    cook = Cook(schema(("a", ("a",), "VARCHAR"), ("a__b", ("a", "b"), "BIGINT")))
    assert json.loads(cook.line(decode(b'{"a": {"b": 1}}'))) == {"a__b": 1}
    assert json.loads(cook.line(decode(b'{"a": "x"}'))) == {"a": "x"}


def test_lone_surrogates_become_the_replacement_character() -> None:
    cook = Cook(schema(("a", ("a",), "VARCHAR")))
    assert cook.line(decode(rb'{"a": "x\ud800y"}')).decode() == '{"a":"x\ufffdy"}'


def declared(kind: str) -> Cook:
    return Cook(TableSchema((Column("a", ("a",), kind, "declared"),)))


def test_declared_types_are_cast_from_text() -> None:
    assert declared("BIGINT").line({"a": FractionText("1.5")}) == b'{"a":"1.5"}'
    assert declared("INTEGER[]").line({"a": [IntText("1"), None]}) == b'{"a":["1",null]}'
    assert declared(JSON).line({"a": IntText("1")}) == b'{"a":"1"}'


@pytest.mark.parametrize("value", ["x", {"b": 1}, [[]], [{}]])
def test_what_is_no_list_of_scalars_does_not_fit_a_declared_list(value: Any) -> None:
    with pytest.raises(DriftError) as caught:
        declared("INTEGER[]").line({"a": value})
    assert caught.value.column.name == "a"
