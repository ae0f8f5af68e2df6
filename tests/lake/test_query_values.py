"""What every type of DuckDB becomes in JSON: nothing is bent, and a column is of one kind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dinobase.query.engine import QueryEngine
from dinobase.query.format import render

VALUES: list[tuple[str, Any]] = [
    ("NULL", None),
    ("true", True),
    ("1::TINYINT", 1),
    ("-9007199254740992", -9007199254740992),
    ("9007199254740993", "9007199254740993"),
    ("18446744073709551615::UBIGINT", "18446744073709551615"),
    ("1::HUGEINT", "1"),
    ("170141183460469231731687303715884105727", "170141183460469231731687303715884105727"),
    ("1::UHUGEINT", "1"),
    ("1.50::DECIMAL(10, 2)", "1.50"),
    ("123456789012345678901234567890.12345678::DECIMAL(38, 8)", "123456789012345678901234567890.12345678"),
    ("0.1::FLOAT", 0.1),
    ("0.1::DOUBLE", 0.1),
    ("1e300::DOUBLE", 1e300),
    ("'nan'::DOUBLE", None),
    ("'-inf'::FLOAT", None),
    ("'text'", "text"),
    ("'é😀'", "é😀"),
    ("''", ""),
    ("'\\xAA\\x00'::BLOB", "qgA="),
    ("'101'::BIT", "101"),
    ("'2026-01-31'::DATE", "2026-01-31"),
    ("'infinity'::DATE", "infinity"),
    ("'0044-03-15 (BC)'::DATE", "0044-03-15 (BC)"),
    ("'12:30:00.25'::TIME", "12:30:00.25"),
    ("'24:00:00'::TIME", "24:00:00"),
    ("'12:30:00+02'::TIMETZ", "12:30:00+02"),
    ("'2026-01-31 12:30:00'::TIMESTAMP", "2026-01-31T12:30:00"),
    ("'2026-01-31 12:30:00.000001'::TIMESTAMP", "2026-01-31T12:30:00.000001"),
    ("'2026-01-31 12:30:00.123456789'::TIMESTAMP_NS", "2026-01-31T12:30:00.123456789"),
    ("'2026-01-31 12:30:00'::TIMESTAMP_S", "2026-01-31T12:30:00"),
    ("'2026-01-31 12:30:00+02'::TIMESTAMPTZ", "2026-01-31T10:30:00Z"),
    ("'2026-01-31 12:30:00.5-08'::TIMESTAMPTZ", "2026-01-31T20:30:00.5Z"),
    ("'20000-01-01 00:00:00'::TIMESTAMP", "20000-01-01T00:00:00"),
    ("'infinity'::TIMESTAMPTZ", "infinity"),
    ("INTERVAL '1 month 2 days 3 seconds'", "1 month 2 days 00:00:03"),
    ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("'b'::ENUM ('a', 'b')", "b"),
    ("""'{"a": 12345678901234567890}'::JSON""", '{"a": 12345678901234567890}'),
    ("[1, NULL, 3]", [1, None, 3]),
    ("[[1], []]", [[1], []]),
    ("[1, 2]::INT[2]", [1, 2]),
    ("[1.5::DECIMAL(4, 1)]", ["1.5"]),
    ("[9007199254740993, 1]", ["9007199254740993", "1"]),
    ("['nan'::DOUBLE, 1]", [None, 1.0]),
    ("['2026-01-31 12:30:00+02'::TIMESTAMPTZ]", ["2026-01-31T10:30:00Z"]),
    ("[INTERVAL 1 MONTH]", ["1 month"]),
    ("{'a': 1, 'b c': ['x']}", {"a": 1, "b c": ["x"]}),
    ("{'t': '2026-01-31 12:30:00.123456789'::TIMESTAMP_NS}", {"t": "2026-01-31T12:30:00.123456789"}),
    ("{'a': {'b': NULL}}", {"a": {"b": None}}),
    ("row(1, 'x')", [1, "x"]),
    ("MAP {'a': 1}", {"a": 1}),
    ("MAP {1: 'x'}", {"1": "x"}),
    ("MAP {'k': [1]}", {"k": [1]}),
    ("MAP {[1]: 2}", [{"key": [1], "value": 2}]),
    ("MAP {'key': [1], 'value': [2]}", {"key": [1], "value": [2]}),
    ("MAP {true: INTERVAL 1 DAY}", {"true": "1 day"}),
    ("union_value(k := 1)", 1),
    ("[{'b': '\\xAA'::BLOB}]", [{"b": "qg=="}]),
]


@pytest.mark.parametrize(("expression", "expected"), VALUES, ids=[expression for expression, _ in VALUES])
def test_a_value_becomes_json_without_loss(engine: QueryEngine, expression: str, expected: Any) -> None:
    result = engine.run(f"SELECT {expression} AS v")
    assert result.rows == [(expected,)]
    assert json.loads(render(result, "json"))["rows"] == [{"v": expected}]


def test_one_integer_past_the_safe_ones_makes_text_of_its_whole_column_alone(engine: QueryEngine) -> None:
    result = engine.run("SELECT a, a % 2 AS b, [a] AS c FROM (VALUES (1), (9007199254740993), (NULL)) t(a)")
    assert result.rows == [("1", 1, ["1"]), ("9007199254740993", 1, ["9007199254740993"]), (None, None, [None])]
    assert engine.run("SELECT a FROM (VALUES (1), (9007199254740992)) t(a)").rows == [(1,), (9007199254740992,)]


def test_numbers_that_json_has_not_are_null_with_a_note(engine: QueryEngine) -> None:
    result = engine.run("SELECT 'nan'::DOUBLE AS rate, 1.0::DOUBLE AS fine")
    assert result.rows == [(None, 1.0)]
    assert result.notes == ("rate: NaN or infinity is shown as null",)
    assert "NaN" not in render(result, "json").partition("notes")[0]


def test_columns_of_one_name_are_told_apart(engine: QueryEngine) -> None:
    result = engine.run("SELECT 1 AS a, 2 AS a, 3 AS a, 4 AS a_1")
    assert result.columns == ("a", "a_2", "a_3", "a_1")
    assert result.rows == [(1, 2, 3, 4)]
    assert engine.run("SELECT 1 AS a, 2 AS a").columns == ("a", "a_1")


def test_types_are_given_as_sql_has_them(engine: QueryEngine) -> None:
    result = engine.run("SELECT 1::BIGINT, 1.5::DECIMAL(9, 2), [DATE '2026-01-01'], {'a': 1}")
    assert result.column_types == ("BIGINT", "DECIMAL(9,2)", "DATE[]", "STRUCT(a INTEGER)")
