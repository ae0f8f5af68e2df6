"""What drivers bring, from their values to the lake's: each in the first type that keeps all of a column."""

# ruff: noqa: E501 - one line a case

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dinobase.core.errors import FetchError
from dinobase.extract.readers.dbapi import clickhouse, mssql, oracle, raw, snowflake, taking, trino
from dinobase.extract.readers.dbapi.taking import Taken
from dinobase.lake.files import Files

# how a column is taken, what the driver gives, the lake's type before, the type now, what it reads as
CASES: list[tuple[Taken, list[Any], str, str, list[str | None]]] = [
    (mssql.take("datetime2"), ["2024-02-29 23:59:59.1234560", None], "", "TIMESTAMP", ["2024-02-29 23:59:59.123456", None]),
    (mssql.take("datetime2"), ["2024-02-29 23:59:59.1234567"], "", "TIMESTAMP_NS", ["2024-02-29 23:59:59.1234567"]),
    (mssql.take("datetime2"), ["0001-01-01 00:00:00.0000001"], "", "VARCHAR", ["0001-01-01 00:00:00.0000001"]),
    (mssql.take("datetimeoffset"), ["2024-06-01 06:30:00.0000000+00"], "", "TIMESTAMPTZ", ["2024-06-01 06:30:00+00"]),
    (mssql.take("datetimeoffset"), ["2024-06-01 06:30:00.0000001+00"], "", "VARCHAR", ["2024-06-01 06:30:00.0000001+00"]),
    (mssql.take("time"), ["23:59:59.9999990"], "", "TIME", ["23:59:59.999999"]),
    (mssql.take("time"), ["23:59:59.9999999"], "", "VARCHAR", ["23:59:59.9999999"]),
    (mssql.take("money"), ["-922337203685477.5808"], "", "DECIMAL(19,4)", ["-922337203685477.5808"]),
    (mssql.take("tinyint"), [0, 255, None], "", "UTINYINT", ["0", "255", None]),
    (mssql.take("timestamp"), [b"\x00\x00\x07\xd0"], "", "BLOB", ["\\x00\\x00\\x07\\xD0"]),
    (mssql.take("uniqueidentifier"), ["6F9619FF-8B86-D011-B42D-00C04FC964FF"], "", "UUID", ["6f9619ff-8b86-d011-b42d-00c04fc964ff"]),
    (oracle.take("NUMBER"), [".5", "-.25", "7"], "", "DECIMAL(38,2)", ["0.50", "-0.25", "7.00"]),
    (oracle.take("NUMBER"), ["1"], "DECIMAL(38,9)", "DECIMAL(38,9)", ["1.000000000"]),
    (oracle.take("NUMBER"), ["1"], "VARCHAR", "VARCHAR", ["1"]),
    (oracle.take("NUMBER"), ["1234567890123456789012345678901234567890"], "", "VARCHAR", ["1234567890123456789012345678901234567890"]),
    (oracle.take("NUMBER"), ["1.0E+125"], "", "VARCHAR", ["1.0E+125"]),
    (oracle.take("NUMBER(38,0)"), ["9223372036854775807"], "", "BIGINT", ["9223372036854775807"]),
    (oracle.take("NUMBER(38,0)"), ["9223372036854775808"], "", "DECIMAL(38,0)", ["9223372036854775808"]),
    (oracle.take("DATE"), ["2024-02-29 23:59:59"], "", "TIMESTAMP", ["2024-02-29 23:59:59"]),
    (oracle.take("DATE"), ["-0044-03-15 00:00:00"], "", "VARCHAR", ["-0044-03-15 00:00:00"]),
    (oracle.take("TIMESTAMP(6) WITH TIME ZONE"), ["2024-02-29 23:59:59.123456000+00"], "", "TIMESTAMPTZ", ["2024-02-29 23:59:59.123456+00"]),
    (snowflake.take("TIMESTAMP_NTZ"), ["2024-01-01 00:00:00.000000000"], "", "TIMESTAMP", ["2024-01-01 00:00:00"]),
    (snowflake.take("VARIANT"), ['{"a":12345678901234567890.5}', None], "", "JSON", ['{"a":12345678901234567890.5}', None]),
    (trino.take("timestamp(12)"), ["2024-01-01 00:00:00.123456000000"], "", "TIMESTAMP", ["2024-01-01 00:00:00.123456"]),
    (trino.take("timestamp(12)"), ["2024-01-01 00:00:00.123456789012"], "", "VARCHAR", ["2024-01-01 00:00:00.123456789012"]),
    (trino.take("timestamp(3) with time zone"), ["2024-01-01 00:00:00.000 UTC"], "", "TIMESTAMPTZ", ["2024-01-01 00:00:00+00"]),
    (trino.take("timestamp(9) with time zone"), ["2024-01-01 00:00:00.123456000 UTC"], "", "TIMESTAMPTZ", ["2024-01-01 00:00:00.123456+00"]),
    (trino.take("double"), ["1.0E10", "NaN", "-Infinity", "4.9E-324"], "", "DOUBLE", ["10000000000.0", "nan", "-inf", "5e-324"]),
    (trino.take("real"), ["3.4028235E38", "0.1"], "", "FLOAT", ["3.4028235e+38", "0.1"]),
    (trino.take("varbinary"), ["", "00FF41", None], "", "BLOB", ["", "\\x00\\xFFA", None]),
    (trino.take("array(bigint)"), ["[1,null]", "[]", None], "", "BIGINT[]", ["[1, NULL]", "[]", None]),
    (trino.take("array(array(bigint))"), ["[[1],[2]]"], "", "JSON", ["[[1],[2]]"]),
    (trino.take("date"), ["+10000-01-01", "2024-01-01"], "", "VARCHAR", ["+10000-01-01", "2024-01-01"]),
    (trino.take("decimal(10,2)"), ["-99999999.99"], "", "DECIMAL(10,2)", ["-99999999.99"]),
    (trino.take("varchar"), ["", "é\0x"], "", "VARCHAR", ["", "é\0x"]),
    (clickhouse.take("String"), [b"\xc3\xa9", None], "", "VARCHAR", ["é", None]),
    (clickhouse.take("String"), [b"\xff", None], "", "BLOB", ["\\xFF", None]),
    (clickhouse.take("String"), [b"a"], "BLOB", "BLOB", ["a"]),
    (taking.decimal(5, 2), ["1.255"], "", "VARCHAR", ["1.255"]),
    (taking.decimal(5, 2), ["1.250", " 1"], "", "VARCHAR", ["1.250", " 1"]),
    (taking.json(), ["{not json"], "", "VARCHAR", ["{not json"]),
    (taking.number(), [None], "", "DECIMAL(38,9)", [None]),
]  # fmt: skip


def landed(
    taken: Sequence[Taken], columns: Sequence[list[Any]], known: Sequence[str], folder: Path
) -> list[tuple[str, list[Any]]]:
    """Take columns through Parquet as a read does; return each one's type and what it reads as."""
    length = max(map(len, columns))
    rows = list(zip(*[[*c, *[None] * (length - len(c))] for c in columns], strict=True))
    path = raw.written([rows[:1], rows[1:]], taken, [f"c{n}" for n in range(len(taken))], folder)
    desk = Files(None)
    try:
        found = []
        for n, one in enumerate(taken):
            aggregates = taking.look(one, f"c{n}")
            seen = desk.rows(f"SELECT {', '.join(aggregates)} FROM '{path}'")[0] if aggregates else ()
            rung = taking.chosen(one, known[n], seen)
            values = desk.rows(f"SELECT CAST({rung.local.format(f'c{n}')}::{rung.type} AS VARCHAR) FROM '{path}'")
            found.append((rung.type, [value for (value,) in values][: len(columns[n])]))
        return found
    finally:
        desk.close()


def test_a_column_gets_the_first_type_that_keeps_all_of_it(tmp_path: Path) -> None:
    found = landed([c[0] for c in CASES], [c[1] for c in CASES], [c[2] for c in CASES], tmp_path / "raw")
    wrong = [
        (case[0].remote, case[1], is_) for case, is_ in zip(CASES, found, strict=True) if is_ != (case[3], case[4])
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("wire", "value"), [("BIGINT", 1 << 63), ("UTINYINT", -1), ("BIGINT", "x"), ("BOOLEAN", "yes"), ("BLOB", 5)]
)
def test_a_value_that_is_none_of_its_type_is_an_error_that_names_the_column(
    wire: str, value: object, tmp_path: Path
) -> None:
    with pytest.raises(FetchError, match="column price: the driver brings what is no") as failed:
        raw.written([[(value,)]], [taking.exact(wire)], ["price"], tmp_path / "raw")
    assert failed.value.error_code == "source.value"


def test_arrows_columns_are_taken_by_their_place_whatever_type_a_chunk_has(tmp_path: Path) -> None:
    chunks = [
        pa.table({"A": pa.array([1, None], pa.int8()), "B": pa.array(["x", None]).dictionary_encode()}),
        pa.record_batch({"A": pa.array([1 << 40], pa.int64()), "B": pa.array(["y"], pa.large_string())}),
    ]
    path = raw.written(chunks, [taking.exact("BIGINT"), taking.text()], ["a", "b"], tmp_path / "raw")
    desk = Files(None)
    try:
        assert desk.rows(f"SELECT c0, c1 FROM '{path}'") == [(1, "x"), (None, None), (1 << 40, "y")]
    finally:
        desk.close()
    with pytest.raises(FetchError, match="column a: "):
        raw.written([pa.table({"A": [1.5]})], [taking.exact("BIGINT")], ["a"], tmp_path / "raw")
