"""Columns that widen keep old values, new values and history; lists above all, where DuckLake must be gone round."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dinobase.lake import ddl
from dinobase.lake.connection import Writer
from dinobase.load.infer import Shaping
from tests.lake.load.lakes import Lake

MOMENT = datetime(2024, 3, 1, 8, 0, 0, 250000, tzinfo=UTC)
# old values, new value, the column's type and its values afterwards
WIDENINGS: list[tuple[str, str, str, list[Any]]] = [
    ("1", "1.5", "DOUBLE", [1.0, 1.5]),
    ("9007199254740993", "1.5", "VARCHAR", ["9007199254740993", "1.5"]),
    ("1.5", "9007199254740993", "VARCHAR", ["1.5", "9007199254740993"]),
    ("1", "18446744073709551616", "DECIMAL(38,0)", [Decimal(1), Decimal(2**64)]),
    ("1", '"x"', "VARCHAR", ["1", "x"]),
    ("true", "1", "VARCHAR", ["true", "1"]),
    ('"2024-03-01"', '"2024-03-01T10:00:00"', "TIMESTAMP", [datetime(2024, 3, 1), datetime(2024, 3, 1, 10)]),  # noqa: DTZ001
    ('"2024-03-01T10:00:00.25+02:00"', '"x"', "VARCHAR", ["2024-03-01T08:00:00.25Z", "x"]),
    ('"2024-03-01T10:00:00"', '"x"', "VARCHAR", ["2024-03-01T10:00:00", "x"]),
    ('"2024-03-01"', '"x"', "VARCHAR", ["2024-03-01", "x"]),
    ("null", "1", "BIGINT", [None, 1]),
    ("null", '["a, b", "NULL", "\'"]', "VARCHAR[]", [None, ["a, b", "NULL", "'"]]),
    ("[1]", "[1.5]", "DOUBLE[]", [[1.0], [1.5]]),
    ("[9007199254740993]", "[1.5]", "VARCHAR[]", [["9007199254740993"], ["1.5"]]),
    ("[1]", '["a, b", null]', "VARCHAR[]", [["1"], ["a, b", None]]),
    ("[]", "[1]", "BIGINT[]", [[], [1]]),
    ("[1]", "2", "JSON", ["[1]", "2"]),
    ("1", "[2]", "JSON", ["1", "[2]"]),
    ('"a\\"b"', "[2]", "JSON", ['"a\\"b"', "[2]"]),
    ("18446744073709551616", "[2]", "JSON", ["18446744073709551616", "[2]"]),
]


def row(number: int, texts: list[str]) -> str:
    return f'{{"id": {number}, ' + ", ".join(f'"v{n}": {text}' for n, text in enumerate(texts)) + "}"


@pytest.mark.parametrize("split", [False, True], ids=["in two runs", "in two segments"])
@pytest.mark.parametrize("disposition", ["merge", "append"])
def test_widening_keeps_old_and_new_values_and_every_version(
    lake: Lake, disposition: Any, split: bool, subtests: pytest.Subtests
) -> None:
    facts: Any = {"disposition": disposition, "key": ["id"] if disposition == "merge" else []}
    first, second = [row(0, [old for old, *_ in WIDENINGS])], [row(1, [new for _, new, *_ in WIDENINGS])]
    if split:
        lake.load(first, second, **facts)
    else:
        lake.load(first, **facts)
        version, before = lake.version(), lake.rows("FROM lake.t")
        lake.load(second, **facts)
        assert lake.rows(f"FROM lake.t AT (VERSION => {version})") == before
    types = lake.types()
    for number, (old, new, kind, values) in enumerate(WIDENINGS):
        with subtests.test(f"{old} then {new}"):
            assert types[f"v{number}"] == kind
            # Within one run an old moment is still the text that it was.
            wanted = [old.strip('"'), values[1]] if split and "2024" in old and kind == "VARCHAR" else values
            assert lake.column(f"v{number}") == wanted


def test_a_lake_opens_again_after_lists_were_retyped(lake: Lake) -> None:
    for value in ("[1]", "[1.5]", '["x"]', "5"):
        lake.load([f'{{"id": 1, "v": {value}}}'], key=["id"])
    lake.close()
    writer = Writer(lake.location, lake.root / "again")
    writer.attach()
    try:
        assert writer.rows("SELECT id, v FROM lake.t") == [(1, "5")]
    finally:
        writer.close()


def test_a_retype_stays_in_its_table(lake: Lake) -> None:
    lake.load(['{"id": 1, "v": 1}'], key=["id"])
    number = lake.rows("SELECT table_id FROM ducklake_table_info('lake') WHERE table_name = 't'")
    lake.load(['{"id": 2, "v": "x"}'], key=["id"])
    assert lake.rows("SELECT table_id FROM ducklake_table_info('lake') WHERE table_name = 't'") == number


DECLARED: list[tuple[str, str, str, Any]] = [
    ("DECIMAL(18,2)", "12.30", "DECIMAL(18,2)", Decimal("12.30")),
    ("DECIMAL(18,2)", '"12.30"', "DECIMAL(18,2)", Decimal("12.30")),
    ("DECIMAL(18,2)", "12.300", "DECIMAL(18,2)", Decimal("12.30")),
    ("DECIMAL(18,2)", "12.305", "VARCHAR", "12.305"),
    ("DECIMAL(38,0)", "123456789012345678901234.7", "VARCHAR", "123456789012345678901234.7"),
    ("DECIMAL", "1.5", "DECIMAL(18,3)", Decimal("1.500")),
    ("BIGINT", '"7"', "BIGINT", 7),
    ("BIGINT", "7.0", "BIGINT", 7),
    ("BIGINT", "7.5", "VARCHAR", "7.5"),
    ("BIGINT", "true", "VARCHAR", "true"),
    ("BIGINT", "9223372036854775808", "VARCHAR", "9223372036854775808"),
    ("TINYINT", "128", "VARCHAR", "128"),
    ("UTINYINT", "255", "UTINYINT", 255),
    ("DECIMAL(38,0)", "12345678901234567890123456789", "DECIMAL(38,0)", Decimal(12345678901234567890123456789)),
    ("DOUBLE", '"1.5"', "DOUBLE", 1.5),
    ("DOUBLE", "1e400", "VARCHAR", "1e400"),
    ("DOUBLE", '"inf"', "VARCHAR", "inf"),
    ("BOOLEAN", '"true"', "BOOLEAN", True),
    ("BOOLEAN", "0", "BOOLEAN", False),
    ("BOOLEAN", "5", "VARCHAR", "5"),
    ("VARCHAR", "7.10", "VARCHAR", "7.10"),
    ("VARCHAR", '{"a": 1}', "VARCHAR", '{"a":1}'),
    ("DATE", '"2024-03-01"', "DATE", date(2024, 3, 1)),
    ("DATE", '"2024-03-01T00:00:00Z"', "DATE", date(2024, 3, 1)),
    ("DATE", '"2024-03-01T10:00:00Z"', "VARCHAR", "2024-03-01T10:00:00Z"),
    ("TIMESTAMP", '"2024-03-01T10:00:00+02:00"', "TIMESTAMP", datetime(2024, 3, 1, 8)),  # noqa: DTZ001
    ("TIMESTAMPTZ", '"2024-03-01T10:00:00.25+02:00"', "TIMESTAMPTZ", MOMENT),
    ("TIMESTAMPTZ", "1700000000", "VARCHAR", "1700000000"),
    ("UUID", '"no uuid"', "VARCHAR", "no uuid"),
    ("JSON", '{"a": {"b": 1}}', "JSON", '{"a":{"b":1}}'),
    ("JSON", '"text"', "JSON", '"text"'),
    ("INTEGER[]", '[1, "2", null]', "INTEGER[]", [1, 2, None]),
    ("INTEGER[]", "[1, 2.5]", "VARCHAR", "[1,2.5]"),
    ("INTEGER[]", "5", "VARCHAR", "5"),
    ("BIGINT[]", "[1, 2.5]", "VARCHAR", "[1,2.5]"),
    ("VARCHAR[]", "[1, true]", "VARCHAR[]", ["1", "true"]),
    ("DATE[]", '["2024-03-01"]', "DATE[]", [date(2024, 3, 1)]),
]


@pytest.mark.parametrize("fitting", [True, False], ids=["those that fit", "all"])
def test_a_declared_type_takes_a_value_only_where_it_stays(
    lake: Lake, fitting: bool, subtests: pytest.Subtests
) -> None:
    chosen = [d for d in DECLARED if d[2] != "VARCHAR" or not fitting]
    shaping = Shaping(types={f"v{n}": d[0] for n, d in enumerate(chosen)})
    lake.load([row(1, [d[1] for d in chosen])], shaping=shaping)
    types = lake.types()
    for number, (declared, text, kind, wanted) in enumerate(chosen):
        with subtests.test(f"{text} as {declared}"):
            assert types[f"v{number}"] == kind
            assert lake.column(f"v{number}") == [wanted]
            noted = any(note.startswith(f"v{number}:") for note in lake.notes)
            assert noted is (kind == "VARCHAR" and declared != "VARCHAR")


LATER: list[tuple[list[str], str, str, list[Any]]] = [
    (["1", "2"], "DECIMAL(18,2)", "DECIMAL(18,2)", [Decimal("1.00"), Decimal("2.00")]),
    (["1.25", "2"], "DECIMAL(18,2)", "DECIMAL(18,2)", [Decimal("1.25"), Decimal("2.00")]),
    (["1.255", "2"], "DECIMAL(18,2)", "DOUBLE", [1.255, 2.0]),
    (['"1"', '"2"'], "BIGINT", "BIGINT", [1, 2]),
    (['"1"', '"x"'], "BIGINT", "VARCHAR", ["1", "x"]),
    (["[1]", "[2]"], "VARCHAR[]", "VARCHAR[]", [["1"], ["2"]]),
    (["[1]", "[300]"], "TINYINT[]", "BIGINT[]", [[1], [300]]),
    (["1", "2"], "JSON", "JSON", ["1", "2"]),
    (["[1]", "2"], "VARCHAR", "JSON", ["[1]", "2"]),
    (["[1]", "[2]"], "BIGINT", "BIGINT[]", [[1], [2]]),
]


def test_a_type_declared_later_is_taken_where_all_that_is_there_fits(lake: Lake, subtests: pytest.Subtests) -> None:
    records = [row(n, [values[n] for values, *_ in LATER]) for n in (0, 1)]
    lake.load(records, key=["id"])
    lake.load(records, key=["id"], shaping=Shaping(types={f"v{n}": later[1] for n, later in enumerate(LATER)}))
    types = lake.types()
    for number, (values, declared, kind, wanted) in enumerate(LATER):
        with subtests.test(f"{values} as {declared}"):
            assert types[f"v{number}"] == kind
            assert lake.column(f"v{number}") == wanted


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("BIGINT", "VARCHAR", "CAST(x AS VARCHAR)"),
        ("JSON", "JSON", "CAST(x AS JSON)"),
        ("BIGINT", "JSON", "to_json(x)"),
    ],
)
def test_old_values_are_converted_by_the_nearest_way(old: str, new: str, wanted: str) -> None:
    assert ddl.converted("x", old, new) == wanted


def test_an_object_that_becomes_a_map_has_all_rows_of_the_run_in_one_column(lake: Lake, tmp_path: Path) -> None:
    few = [{"id": n, "m": {"a": n}} for n in range(3)]
    many = [{"id": 10 + n, "m": {f"k{n}": 1}} for n in range(400)]
    lake.load(few, many, key=["id"])
    assert lake.types() == {"id": "BIGINT", "m": "JSON"}
    assert lake.rows("SELECT m FROM lake.t WHERE id IN (0, 10) ORDER BY id") == [('{"a":0}',), ('{"k0":1}',)]
