"""Which lines a typed read would keep; everything that DuckDB would round, drop or turn is found before."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinobase.load.check import Checker, Tree, has_long_number
from dinobase.load.lattice import survives_as_double
from dinobase.load.schema import JSON, UNKNOWN, UNKNOWN_LIST, Column, TableSchema


def checker(kind: str, *, origin: str = "inferred", thorough: bool = True) -> Checker:
    return Checker(TableSchema((Column("v", ("v",), kind, origin),)), thorough=thorough)  # type: ignore[arg-type]  # a Literal


HOLDS: dict[str, list[str]] = {
    "BIGINT": ["1", "-9223372036854775808", "null"],
    "DOUBLE": ["1.5", "1", "1e308", "-0.0", "null", "0.12345678901234", "1e-30", "0e999"],
    "BOOLEAN": ["true", "null"],
    "VARCHAR": ['"x"', "7", "null"],
    "DATE": ['"2024-01-01"', "null"],
    UNKNOWN: ["null"],
    UNKNOWN_LIST: ["[]", "[null]", "null"],
    "BIGINT[]": ["[1, null]", "[]", "null"],
    "VARCHAR[]": ['["a", null]'],
    JSON: ["1", '{"a": [1.5]}', '"1234567890123456789"'],
}
FAILS: dict[str, list[str]] = {
    "BIGINT": ["1.5", '"7"', "true", "9223372036854775808", "[]", "{}"],
    "DOUBLE": ['"1"', "true", "1e400", "0.1234567890123456", "12345678901234567890", "1e-400", "2.5E-310", "1e-0400"],
    "BOOLEAN": ["1", '"true"'],
    "VARCHAR": ["1.5", "true", "[]", "9223372036854775808"],
    "DATE": ["1"],
    UNKNOWN: ["1", '""', "[]"],
    UNKNOWN_LIST: ["[1]", "1"],
    "BIGINT[]": ["[1.5]", '["1"]', "[[1]]", "1"],
    "VARCHAR[]": ["[1]", "[true]"],
    JSON: ["[0.1234567890123456789]", '{"a": 1e-400}', '{"a": [12345678901234567]}', r'"\ud800"'],
}


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, vs in HOLDS.items() for v in vs])
def test_exact_values_pass(kind: str, value: str) -> None:
    assert checker(kind).holds(f'{{"v": {value}}}\n'.encode())


@pytest.mark.parametrize(("kind", "value"), [(k, v) for k, vs in FAILS.items() for v in vs])
def test_values_that_would_change_do_not(kind: str, value: str) -> None:
    assert not checker(kind).holds(f'{{"v": {value}}}\n'.encode())


@pytest.mark.parametrize("line", ['{"v": 1, "w": 2}', '{"V": 1}', "[]", "5", '{"v": 1', '{"v": {"w": 1}}'])
def test_lines_that_are_not_of_the_schema_do_not_pass(line: str) -> None:
    assert not checker("BIGINT").holds(f"{line}\n".encode())


@pytest.mark.parametrize(
    ("value", "holds"), [('"12.30"', True), ("5", True), ("1.5", True), ("true", False), ("[]", False)]
)
def test_declared_types_pass_as_texts_and_numbers(value: str, holds: bool) -> None:
    assert checker("DECIMAL(18,2)", origin="declared").holds(f'{{"v": {value}}}\n'.encode()) is holds


@pytest.mark.parametrize(("value", "holds"), [('["1", 2]', True), ("null", True), ("[[1]]", False), ("5", False)])
def test_declared_lists_pass_as_lists(value: str, holds: bool) -> None:
    assert checker("INTEGER[]", origin="declared").holds(f'{{"v": {value}}}\n'.encode()) is holds


@pytest.mark.parametrize("value", ["0.12345678901234567", "1234567890123456789e-12", "1e-400", "1E-400"])
def test_the_quick_search_sees_what_the_guard_in_the_read_cannot(value: str) -> None:
    quick = checker("DOUBLE", thorough=False)
    assert quick.guarded
    assert not quick.holds(f'{{"v": {value}}}\n'.encode())


@pytest.mark.parametrize("value", ["1.5", "0.1234567", "100", "1e5"])
def test_the_quick_search_lets_plain_numbers_pass(value: str) -> None:
    assert checker("DOUBLE", thorough=False).holds(f'{{"v": {value}}}\n'.encode())


DOUBLES = checker("DOUBLE")


@given(st.from_regex(r"-?(0|[1-9]\d{0,25})(\.\d{1,25})?([eE][+-]?\d{1,4})?", fullmatch=True))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_no_number_that_a_double_rounds_passes(text: str) -> None:
    passes = DOUBLES.holds(f'{{"v":{text}}}\n'.encode())
    assert not passes or survives_as_double(text)


@pytest.mark.parametrize(
    "line",
    [
        '{"v": "550e8400-e29b-41d4-a716-446655440000"}',
        '{"v": "1e-300a"}',
        '{"v": "4111111111111111"}',
        '{"v": 123456789012345}',
    ],
)
def test_ids_in_texts_are_no_long_numbers(line: str) -> None:
    assert not has_long_number(line.encode())


@pytest.mark.parametrize("key", ["", "a\x00", "a\n", 'a"', "a\\", "a\ud800"])
def test_keys_that_no_structure_can_have_take_the_exact_way(key: str) -> None:
    assert not Checker(TableSchema((Column("v", (key,), "BIGINT"),))).plain


@pytest.mark.parametrize(
    ("places", "plain"),
    [
        ([("a",), ("A",)], False),
        ([("a", "b"), ("a", "B")], False),
        ([("a",), ("a", "b")], False),  # a value and an object at one place
        ([("a",), ("b", "A")], True),
    ],
)
def test_places_that_duckdb_would_mix_up_take_the_exact_way(places: list[tuple[str, ...]], plain: bool) -> None:
    assert Tree(TableSchema(tuple(Column(str(n), p, "BIGINT") for n, p in enumerate(places)))).plain is plain


def test_a_schema_without_columns_holds_nothing() -> None:
    assert not Checker(TableSchema()).holds(b"{}\n")


def test_nested_places_are_checked_as_objects() -> None:
    nested = Checker(TableSchema((Column("a__b", ("a", "b"), "BIGINT"),)))
    assert nested.holds(b'{"a": {"b": 1}}\n{"a": null}\n{}\n')
    assert not nested.holds(b'{"a": {"c": 1}}\n')
    assert not nested.holds(b'{"a": 1}\n')
