"""The compact form: every value comes back by its stated rules, and the proof stands in one short line."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.query.compact import render_compact
from dinobase.query.engine import QueryEngine
from dinobase.query.result import QueryResult, Source, is_number
from tests.answers.measured import results
from tests.answers.parse_compact import parse

DOUBTFUL = [
    *(None, "", " ", "a, b", 'say "x"', '"', "two\nlines", "\r\n", "7", "-1.5", "1e9", "007", "true", "false", "null"),
    *("# not a note", "a=b", "c:utc", "NULL", "\\", "é", "日本", ",", ",,", "x\n", "2026-01-31", "[1]", "{}"),
]
TEXT = st.sampled_from(DOUBTFUL) | st.text(max_size=8)
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "VARCHAR": TEXT,
    "BIGINT": st.none() | st.integers(-(2**53), 2**53),
    "DOUBLE": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "DECIMAL(38,2)": st.none() | st.decimals(-(10**30), 10**30, places=2).map(str),
    "BOOLEAN": st.none() | st.booleans(),
    "VARCHAR[]": st.none() | st.lists(TEXT, max_size=3),
    "STRUCT(a VARCHAR, b BIGINT)": st.none() | st.fixed_dictionaries({"a": TEXT, "b": st.integers() | st.none()}),
    "JSON": st.none() | st.dictionaries(st.text(max_size=3), TEXT, max_size=3).map(lambda v: json.dumps(v, indent=1)),
    "TIMESTAMP WITH TIME ZONE": st.none() | st.datetimes().map(lambda t: f"{t.isoformat()}Z") | st.just("infinity"),
    "TIMESTAMP": st.none() | st.datetimes().map(lambda t: t.isoformat()),
}
NAMES = st.sampled_from(["id", "a b", "", 'q"', "x,y", "x=y", "x:utc", "#", "line\nbreak", "ünï", "a:text"])


@st.composite
def answers(draw: Any) -> QueryResult:
    kinds = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
    names = draw(st.lists(NAMES, min_size=len(kinds), max_size=len(kinds), unique=True))
    rows: list[tuple[Any, ...]] = draw(st.lists(st.tuples(*(COLUMNS[kind] for kind in kinds)), max_size=5))
    if rows and draw(st.booleans()):
        rows = rows[:1] * 4  # columns of one value
    return QueryResult(tuple(names), tuple(kinds), rows)


@given(answers())
@settings(max_examples=300, deadline=None)
def test_every_value_comes_back_as_it_was(answer: QueryResult) -> None:
    came_back(answer)


@pytest.mark.parametrize("name", results())
def test_real_answers_come_back_as_they_were(name: str) -> None:
    came_back(results()[name])


def came_back(answer: QueryResult) -> None:
    parsed = parse(render_compact(answer))
    assert parsed.columns == list(answer.columns)
    assert len(parsed.rows) == answer.row_count
    for found, row in zip(parsed.rows, answer.rows, strict=True):
        for cell, value, kind in zip(found, row, answer.column_types, strict=True):
            same(cell, value, kind)


def same(cell: Any, value: Any, kind: str) -> None:
    if value is None:
        assert cell is None
    elif is_number(kind):
        assert cell[0] == "number"
        assert Decimal(cell[1]) == Decimal(str(value))
    elif isinstance(value, (list, dict)):
        assert cell == ("json", value)
    elif kind == "JSON":
        assert cell == ("json", json.loads(value))
    else:
        assert cell == value
        assert type(cell) is type(value)


def test_values_of_duckdbs_own_types_come_back(tmp_path: Any) -> None:
    paths = Paths(tmp_path)
    sql = """SELECT * FROM (VALUES
        (1::HUGEINT, 1.50::DECIMAL(5,2), 9007199254740993, '7', DATE '2026-01-31', [1], '{"a": 1}'::JSON, 'x'::BLOB,
            uuid()),
        (170141183460469231731687303715884105727, 0, NULL, '', NULL, [], NULL, NULL, NULL),
        (NULL, NULL, 1, NULL, DATE '0044-03-15 (BC)', NULL, '[]', ''::BLOB, uuid())) t(a, b, c, d, e, f, g, h, i)"""
    came_back(QueryEngine(Storage(paths.lakes), paths, {}).run(sql))


def test_null_and_the_empty_text_and_numbers_and_digits_are_told_apart() -> None:
    answer = QueryResult(
        ("n", "t", "u"), ("BIGINT", "VARCHAR", "VARCHAR"), [(7, "7", ""), (None, None, None), (1, "x", "y")]
    )
    assert render_compact(answer) == '# 3 rows\nn,t:text,u\n7,7,""\n,,\n1,x,y\n'


def test_a_column_of_one_value_is_told_once() -> None:
    answer = QueryResult(
        ("id", "currency", "gone"), ("BIGINT", "VARCHAR", "VARCHAR"), [(n, "eur", None) for n in range(3)]
    )
    assert render_compact(answer) == "# 3 rows\nid,currency=eur,gone=\n0\n1\n2\n"


def test_times_lose_what_is_zero_and_nothing_else() -> None:
    times = ["2026-01-31T00:00:00Z", "2026-01-31T12:30:00Z", "2026-01-31T12:30:01.5Z"]
    answer = QueryResult(("at",), ("TIMESTAMP WITH TIME ZONE",), [(time,) for time in times])
    assert render_compact(answer).splitlines()[1:] == [
        "at:utc",
        "2026-01-31",
        "2026-01-31 12:30",
        "2026-01-31 12:30:01.5",
    ]


def test_the_proof_is_one_line_and_shouts_only_what_is_wrong() -> None:
    sources = (
        Source("stripe.customers", 12, "2026-01-31T12:05:09.1Z", is_stale=False, last_sync_status="success"),
        Source("crm.people", 3, "2026-01-30T08:00:00Z", is_stale=True, last_sync_status="error"),
        Source("crm.new", 1, None, is_stale=True, last_sync_status=None),
    )
    answer = QueryResult(
        ("a",), ("BIGINT",), [(1,)], truncated=True, sources=sources, notes=("a: NaN is shown as null",)
    )
    assert render_compact(answer).splitlines()[:2] == [
        (
            "# first 1 row, there are more; stripe.customers v12 synced 2026-01-31 12:05Z; "
            "crm.people v3 synced 2026-01-30 08:00Z STALE LAST SYNC FAILED; crm.new v1 never synced"
        ),
        "# a: NaN is shown as null",
    ]


def test_a_hundred_tables_have_a_short_proof_too() -> None:
    sources = tuple(Source(f"c{n}.t", 1, "2026-01-30T08:00:00Z", n % 2 == 1, "success") for n in range(100))
    line = render_compact(QueryResult(("a",), ("BIGINT",), [(1,)], sources=sources)).splitlines()[0]
    assert line.endswith("c5.t v1 synced 2026-01-30 08:00Z STALE; 94 more tables, 47 of them stale or failed")
