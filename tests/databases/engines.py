"""What the readers bring from engines and emulators that run here; run by a Python that has their drivers: NAME PORT."""

# ruff: noqa: E501 - one line a case

from __future__ import annotations

import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.databases.desk import Desk

# type, values in the engine's own words, type in the lake, what the lake's values read as
Case = tuple[str, list[str], str, list[str]]
CLICKHOUSE: list[Case] = [
    ("Int8", ["-128", "127"], "TINYINT", ["-128", "127"]),
    ("Int16", ["-32768"], "SMALLINT", ["-32768"]),
    ("Int32", ["-2147483648"], "INTEGER", ["-2147483648"]),
    ("Int64", ["-9223372036854775808", "9223372036854775807"], "BIGINT", ["-9223372036854775808", "9223372036854775807"]),
    ("UInt8", ["255"], "UTINYINT", ["255"]),
    ("UInt16", ["65535"], "USMALLINT", ["65535"]),
    ("UInt32", ["4294967295"], "UINTEGER", ["4294967295"]),
    ("UInt64", ["18446744073709551615"], "UBIGINT", ["18446744073709551615"]),
    ("Int128", ["'-99999999999999999999999999999999999999'", "'1'"], "DECIMAL(38,0)", ["-99999999999999999999999999999999999999", "1"]),
    ("UInt256", ["'115792089237316195423570985008687907853269984665640564039457584007913129639935'"], "VARCHAR", ["115792089237316195423570985008687907853269984665640564039457584007913129639935"]),
    ("Float32", ["3.4028235e38", "nan", "-inf"], "FLOAT", ["3.4028235e+38", "nan", "-inf"]),
    ("Float64", ["-1.7976931348623157e308", "0.1", "inf"], "DOUBLE", ["-1.7976931348623157e+308", "0.1", "inf"]),
    ("BFloat16", ["0.5"], "FLOAT", ["0.5"]),
    ("Bool", ["true", "false"], "BOOLEAN", ["true", "false"]),
    ("Decimal(9, 2)", ["'-9999999.99'", "'0'"], "DECIMAL(9,2)", ["-9999999.99", "0.00"]),
    ("Decimal(38, 38)", ["'0.12345678901234567890123456789012345678'"], "DECIMAL(38,38)", [".12345678901234567890123456789012345678"]),
    ("Decimal(76, 20)", ["'1.50000000000000000001'"], "DECIMAL(38,20)", ["1.50000000000000000001"]),
    ("Decimal(76, 20)", ["'12345678901234567890123456789012345678901234567890.00000000000000000001'"], "VARCHAR", ["12345678901234567890123456789012345678901234567890.00000000000000000001"]),
    ("String", ["''", "'a\\nb\\té😀'"], "VARCHAR", ["", "a\nb\té😀"]),
    ("String", ["unhex('00ff41')", "'a'"], "BLOB", ["\\x00\\xFFA", "a"]),
    ("FixedString(3)", ["'abc'"], "VARCHAR", ["abc"]),
    ("LowCardinality(String)", ["'low'"], "VARCHAR", ["low"]),
    ("Nullable(Int32)", ["NULL", "7"], "INTEGER", [None, "7"]),  # type: ignore[list-item]  # it is absent
    ("LowCardinality(Nullable(String))", ["NULL", "'x'"], "VARCHAR", [None, "x"]),  # type: ignore[list-item]  # it is absent
    ("Enum8('a' = -1, 'it\\'s' = 2)", ["'it\\'s'"], "VARCHAR", ["it's"]),
    ("UUID", ["'ffffffff-ffff-ffff-ffff-ffffffffffff'"], "UUID", ["ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    ("Date", ["'1970-01-01'", "'2149-06-06'"], "DATE", ["1970-01-01", "2149-06-06"]),
    ("Date32", ["'1900-01-01'", "'2299-12-31'"], "DATE", ["1900-01-01", "2299-12-31"]),
    ("DateTime", ["'1970-01-01 00:00:00'", "'2106-02-07 06:28:15'"], "TIMESTAMPTZ", ["1970-01-01 00:00:00+00", "2106-02-07 06:28:15+00"]),
    ("DateTime('Asia/Tokyo')", ["'2024-06-01 12:00:00'"], "TIMESTAMPTZ", ["2024-06-01 03:00:00+00"]),
    ("DateTime64(6, 'UTC')", ["'1900-01-01 00:00:00.000001'", "'2299-12-31 23:59:59.999999'"], "TIMESTAMPTZ", ["1900-01-01 00:00:00.000001+00", "2299-12-31 23:59:59.999999+00"]),
    ("DateTime64(9, 'UTC')", ["'2024-01-01 00:00:00.123456000'"], "TIMESTAMPTZ", ["2024-01-01 00:00:00.123456+00"]),
    ("DateTime64(9, 'UTC')", ["'2024-01-01 00:00:00.123456789'"], "VARCHAR", ["2024-01-01 00:00:00.123456789+00"]),
    ("IPv4", ["'255.255.255.255'"], "VARCHAR", ["255.255.255.255"]),
    ("IPv6", ["'2001:db8::1'"], "VARCHAR", ["2001:db8::1"]),
    ("Array(Int64)", ["[]", "[1, -9223372036854775808]"], "BIGINT[]", ["[]", "[1, -9223372036854775808]"]),
    ("Array(Nullable(UInt8))", ["[NULL, 255]"], "UTINYINT[]", ["[NULL, 255]"]),
    ("Array(String)", ["['a,b', '\"q\"']"], "VARCHAR[]", ["['a,b', '\"q\"']"]),
    ("Array(Date)", ["['2024-02-29']"], "DATE[]", ["[2024-02-29]"]),
    ("Array(Array(Int8))", ["[[1], [2, 3]]"], "JSON", ["[[1],[2,3]]"]),
    ("Array(Decimal(18, 4))", ["[1.5]"], "JSON", ["[1.5]"]),
    ("Map(String, UInt64)", ["map('k', 18446744073709551615)"], "JSON", ['{"k":18446744073709551615}']),
    ("Tuple(a Int8, b String)", ["(1, 'x')"], "JSON", ['{"a":1,"b":"x"}']),
    ("Point", ["(1.5, -2)"], "JSON", ["[1.5,-2]"]),
    ("SimpleAggregateFunction(max, Int32)", ["5"], "INTEGER", ["5"]),
]  # fmt: skip


def clickhouse(port: int) -> None:
    """Every type at its extremes, a table that merges, a read from the last value on."""

    def ask(sql: str) -> None:
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/", data=sql.encode()), timeout=60)

    columns = ", ".join(f"c{n} {case[0]}" for n, case in enumerate(CLICKHOUSE))
    ask("CREATE DATABASE shop")
    ask(f"CREATE TABLE shop.t (id Int32, {columns}) ENGINE = MergeTree ORDER BY id COMMENT 'all of it'")
    for row in range(max(len(case[1]) for case in CLICKHOUSE)):
        values = ", ".join(case[1][min(row, len(case[1]) - 1)] for case in CLICKHOUSE)
        ask(f"INSERT INTO shop.t VALUES ({row}, {values})")
    ask("CREATE TABLE shop.m (id Int32, s String, at DateTime64(3)) ENGINE = ReplacingMergeTree ORDER BY id")
    ask("INSERT INTO shop.m SELECT number, 'old', now64(3) - 7200 FROM numbers(3)")
    ask("INSERT INTO shop.m SELECT 1, 'new', now64(3) - 3600")
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        address = f"clickhouse://default:secret@127.0.0.1:{port}/shop"
        assert desk.add("clickhouse", connection_string=address, incremental="m=at") == ["m", "t"]
        assert desk.good()["m"].rows == 3
        same(desk, CLICKHOUSE)
        assert desk.rows("SELECT id, s FROM db.m ORDER BY id") == [(0, "old"), (1, "new"), (2, "old")]
        ask("INSERT INTO shop.m SELECT 2, 'newer', now64(3) - 1800")
        again = desk.good()
        assert (again["m"].mode, again["m"].updated, again["t"].status) == ("incremental", 1, "unchanged")


def same(desk: Desk, cases: Sequence[Case]) -> None:
    """Check a table `t` with a column a case and a row a value."""
    types = desk.types("db.t")
    every = ", ".join(f"CAST(c{n} AS VARCHAR)" for n in range(len(cases)))
    rows = desk.rows(f"SELECT {every} FROM db.t ORDER BY id")
    wrong = []
    for n, (native, values, type_, expected) in enumerate(cases):
        found = [row[n] for row in rows[: len(values)]]
        if (types[f"c{n}"], found) != (type_, expected):
            wrong.append((native, types[f"c{n}"], found))
    assert not wrong, wrong


def snowflake(port: int) -> None:
    """What an emulator of Snowflake's protocol gives to its own driver."""
    from snowflake import connector

    place = f"host=127.0.0.1&port={port}&protocol=http&account=acc"
    connection = connector.connect(
        user="u",
        password="p",
        account="acc",
        host="127.0.0.1",
        port=port,
        protocol="http",
        database="DB",
        schema="SHOP",
    )
    with connection.cursor() as cursor:
        for sql in (
            (
                "CREATE TABLE T (ID number(38,0) PRIMARY KEY, C0 number(10,2), C1 float, C2 varchar, C3 boolean, C4 binary, C5 date, "
                "C6 time, C7 timestamp_ntz(9), C8 timestamp_tz, C9 variant, C10 array, UPDATED_AT timestamp_ntz NOT NULL)"
            ),
            (
                "INSERT INTO T SELECT 0, 1.25, 0.1, 'é', true, to_binary('00ff', 'hex'), '2024-02-29', '12:34:56.789', "
                "'2024-01-01 00:00:00.123456', '2024-01-01 00:00:00+01', parse_json('{\"a\":[1,2]}'), array_construct(1, 'b'), "
                "'2024-01-01 00:00:00'"
            ),
        ):
            cursor.execute(sql)
        cases: list[Case] = [
            ("number(10,2)", [""], "DECIMAL(10,2)", ["1.25"]), ("float", [""], "DOUBLE", ["0.1"]), ("varchar", [""], "VARCHAR", ["é"]),
            ("boolean", [""], "BOOLEAN", ["true"]), ("binary", [""], "BLOB", ["\\x00\\xFF"]), ("date", [""], "DATE", ["2024-02-29"]),
            ("time", [""], "TIME", ["12:34:56.789"]), ("timestamp_ntz", [""], "TIMESTAMP", ["2024-01-01 00:00:00.123456"]),
            ("timestamp_tz", [""], "TIMESTAMPTZ", ["2023-12-31 23:00:00+00"]), ("variant", [""], "JSON", ['{"a":[1,2]}']),
            ("array", [""], "JSON", ['[1,"b"]']),
        ]  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            desk = Desk(Path(folder))
            assert desk.add("snowflake", connection_string=f"snowflake://u:p@acc/DB/SHOP?{place}") == ["T"]
            assert desk.good()["T"].inserted == 1
            assert desk.types("db.t")["id"] == "BIGINT"
            same(desk, cases)
            cursor.execute("INSERT INTO T (ID, C2, UPDATED_AT) SELECT 1, 'b', '2024-01-02 00:00:00'")
            again = desk.good()["T"]
            assert (again.mode, again.inserted, again.deleted) == ("incremental", 1, 0)
    connection.close()


def bigquery(port: int) -> None:
    """What an emulator of BigQuery's API gives to its own client."""
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery as client

    endpoint = f"http://127.0.0.1:{port}"
    asking: Any = client.Client("proj", AnonymousCredentials(), client_options=ClientOptions(api_endpoint=endpoint))
    asking.create_dataset("shop")
    for sql in (
        (
            "CREATE TABLE shop.t (id int64 NOT NULL, c0 numeric, c1 float64, c2 string, c3 boolean, c4 bytes, c5 date, c6 time, "
            "c7 datetime, c8 timestamp, c9 array<int64>, c10 array<string>, c11 struct<x int64, y string>)"
        ),
        (
            "INSERT INTO shop.t VALUES (0, numeric '1.5', 0.1, 'é', true, from_hex('00ff'), date '2024-02-29', time '12:34:56.789', "
            "datetime '2024-01-01 00:00:00.123456', timestamp '2024-01-01 00:00:00+01', [1, 2], ['a', 'b'], struct(1, 'z'))"
        ),
    ):
        asking.query(sql).result()
    cases: list[Case] = [
        ("numeric", [""], "DECIMAL(38,9)", ["1.500000000"]), ("float64", [""], "DOUBLE", ["0.1"]), ("string", [""], "VARCHAR", ["é"]),
        ("boolean", [""], "BOOLEAN", ["true"]), ("bytes", [""], "BLOB", ["\\x00\\xFF"]), ("date", [""], "DATE", ["2024-02-29"]),
        ("time", [""], "TIME", ["12:34:56.789"]), ("datetime", [""], "TIMESTAMP", ["2024-01-01 00:00:00.123456"]),
        ("timestamp", [""], "TIMESTAMPTZ", ["2023-12-31 23:00:00+00"]), ("array<int64>", [""], "BIGINT[]", ["[1, 2]"]),
        ("array<string>", [""], "VARCHAR[]", ["[a, b]"]), ("struct", [""], "JSON", ['{"x":1,"y":"z"}']),
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        assert desk.add("bigquery", connection_string=f"bigquery://proj/shop?endpoint={endpoint}") == ["t"]
        assert desk.good()["t"].inserted == 1
        same(desk, cases)
        assert desk.good()["t"].status == "unchanged"


def trino(port: int) -> None:
    """What a server of Trino's and Presto's protocol gives to the drivers of both."""
    cases: list[Case] = [
        ("varchar", [""], "VARCHAR", ["é"]), ("boolean", [""], "BOOLEAN", ["true"]), ("decimal", [""], "DECIMAL(10,2)", ["1.25"]),
        ("double", [""], "DOUBLE", ["0.1"]), ("date", [""], "DATE", ["2024-02-29"]), ("timestamp", [""], "TIMESTAMP", ["2024-01-01 00:00:00.123456"]),
        ("uuid", [""], "UUID", ["ffffffff-ffff-ffff-ffff-ffffffffffff"]), ("integer", [""], "INTEGER", ["-5"]),
    ]  # fmt: skip
    for kind in ("trino", "presto"):
        with tempfile.TemporaryDirectory() as folder:
            desk = Desk(Path(folder))
            address = f"{kind}://u@127.0.0.1:{port}/memory/shop?secure=false"
            assert desk.add(kind, connection_string=address, schemas="shop") == ["t"]
            assert desk.good()["t"].rows == 2
            same(desk, cases)
            assert desk.good()["t"].status == "unchanged"


if __name__ == "__main__":
    {"clickhouse": clickhouse, "snowflake": snowflake, "bigquery": bigquery, "trino": trino}[sys.argv[1]](
        int(sys.argv[2])
    )
