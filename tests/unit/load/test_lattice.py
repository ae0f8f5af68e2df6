"""The lattice's laws, and which type a text or a number has."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinobase.load.lattice import (
    BIG,
    SQL_PATTERN,
    join,
    survives_as_double,
    type_of_fraction,
    type_of_integer,
    type_of_text,
)
from dinobase.load.schema import JSON, UNKNOWN, UNKNOWN_LIST

SCALARS = [UNKNOWN, "BOOLEAN", "BIGINT", BIG, "DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"]
LISTS = [UNKNOWN_LIST, "BOOLEAN[]", "BIGINT[]", "DOUBLE[]", "VARCHAR[]"]
TYPES = [*SCALARS, *LISTS, JSON]
same = settings(derandomize=True, deadline=None)


@pytest.mark.parametrize("a", TYPES)
def test_join_has_the_laws_of_a_lattice(a: str) -> None:
    assert join(a, a) == a
    assert join(a, UNKNOWN) == join(UNKNOWN, a) == a
    assert join(a, JSON) == JSON
    for b in TYPES:
        assert join(a, b) == join(b, a)
        assert join(a, b) in TYPES
        assert join(a, join(a, b)) == join(a, b)  # the join is above both
        for c in TYPES:
            assert join(a, join(b, c)) == join(join(a, b), c)


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        ("BIGINT", "DOUBLE", "DOUBLE"),
        ("BIGINT", BIG, BIG),
        ("DOUBLE", BIG, "VARCHAR"),
        ("DATE", "TIMESTAMP", "TIMESTAMP"),
        ("DATE", "TIMESTAMPTZ", "VARCHAR"),
        ("TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"),
        ("BOOLEAN", "BIGINT", "VARCHAR"),
        ("DATE", "VARCHAR", "VARCHAR"),
        (UNKNOWN_LIST, "DOUBLE[]", "DOUBLE[]"),
        ("BIGINT[]", "DOUBLE[]", "DOUBLE[]"),
        ("BIGINT[]", "BOOLEAN[]", "VARCHAR[]"),
        ("BIGINT[]", "BIGINT", JSON),
        (UNKNOWN_LIST, UNKNOWN, UNKNOWN_LIST),
    ],
)
def test_what_two_types_become(a: str, b: str, wanted: str) -> None:
    assert join(a, b) == wanted


TEXTS = {
    "DATE": ["2024-01-01", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"],
    "TIMESTAMP": ["2024-01-01T00:00:00", "2024-01-01 23:59:59", "2024-01-01T00:00:00.1", "2024-01-01T00:00:00.123456"],
    "TIMESTAMPTZ": [
        "2024-01-01T00:00:00Z",
        "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00.5+02:00",
        "2024-01-01T00:00:00-0530",
        "2024-01-01T00:00:00+02",
        "2024-01-01T00:00:00+15:59",
    ],
    "VARCHAR": [
        "", "x", "2024", "2024-1-1", "20240101", "2024-02-30", "1900-02-29", "2100-02-29", "2024-00-01", "2024-13-01",
        "2024-04-31", "2024-01-00", "0000-01-01", "2024-01-01T", "2024-01-01T24:00:00", "2024-01-01T00:60:00",
        "2024-01-01T00:00:60", "2024-01-01T00:00", "2024-01-01T00:00:00.1234567", "2024-01-01t00:00:00z",
        "2024-01-01T00:00:00+16:00", "2024-01-01T00:00:00+02:60", "2024-01-01T00:00:00 Z", " 2024-01-01", "2024-01-01 ",
        "2024-01-01\n", "٢٠٢٤-01-01", "2024-01-01T00:00:00+1", "Infinity", "12:30:00", "2024-02-30T00:00:00Z",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "text"), [(kind, text) for kind, texts in TEXTS.items() for text in texts])
def test_a_text_is_a_time_only_in_strict_iso_with_a_day_that_exists(wanted: str, text: str) -> None:
    assert type_of_text(text) == wanted
    if wanted != "VARCHAR":
        assert re.fullmatch(SQL_PATTERN[wanted], text, re.ASCII)


@given(st.datetimes())
@same
def test_every_moment_that_python_writes_is_one(moment: datetime) -> None:
    assert type_of_text(moment.isoformat()) == "TIMESTAMP"
    assert type_of_text(f"{moment.isoformat()}Z") == "TIMESTAMPTZ"
    assert type_of_text(moment.date().isoformat()) == "DATE"


@given(st.from_regex(r"[0-2]\d{3}-[01]\d-[0-3]\d", fullmatch=True))
@same
def test_days_exist_as_the_calendar_says(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        assert type_of_text(text) == "VARCHAR"
    else:
        assert type_of_text(text) == "DATE"


@given(st.integers(-(10**45), 10**45) | st.integers(-(2**64), 2**64))
@same
def test_an_integer_gets_a_type_that_has_all_its_digits(number: int) -> None:
    wanted = "BIGINT" if -(2**63) <= number < 2**63 else BIG if abs(number) < 10**38 else "VARCHAR"
    assert type_of_integer(str(number)) == wanted


@given(st.floats(allow_nan=False, allow_infinity=False))
@same
def test_what_a_double_prints_survives_as_one(number: float) -> None:
    assert survives_as_double(repr(number))


@given(st.from_regex(r"-?(0|[1-9]\d{0,20})(\.\d{1,20})?([eE][+-]?\d{1,4})?", fullmatch=True))
@same
def test_a_number_is_a_double_exactly_where_nothing_is_lost(text: str) -> None:
    number = float(text)
    exact = number not in {float("inf"), float("-inf")} and Decimal(repr(number)) == Decimal(text)
    assert (type_of_fraction(text) == "DOUBLE") is exact


@pytest.mark.parametrize(
    "text", ["1e400", "-1e400", "1e-400", "3.0e-324", "0.1234567890123456789", "1e-9999999999999999999"]
)
def test_numbers_beyond_a_double_stay_text(text: str) -> None:
    assert type_of_fraction(text) == "VARCHAR"


@pytest.mark.parametrize("text", ["0.0", "-0.0", "0e5", "0.000", "1E5", "5e-324"])
def test_small_numbers_and_zeros_are_doubles(text: str) -> None:
    assert type_of_fraction(text) == "DOUBLE"
