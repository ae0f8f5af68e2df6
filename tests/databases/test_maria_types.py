"""Every MariaDB type at its extremes: what the lake holds reads as what the server printed."""

# ruff: noqa: E501 - one line a case

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.databases.desk import Desk, Maria

# type, values in MariaDB's own words, type in the lake, what the lake's values read as
CASES: list[tuple[str, list[str], str, list[str]]] = [
    ("tinyint", ["-128", "127"], "TINYINT", ["-128", "127"]),
    ("tinyint unsigned", ["0", "255"], "UTINYINT", ["0", "255"]),
    ("tinyint(1)", ["0", "1"], "BOOLEAN", ["false", "true"]),
    ("tinyint(1)", ["0", "-5"], "TINYINT", ["0", "-5"]),
    ("boolean", ["true"], "BOOLEAN", ["true"]),
    ("smallint", ["-32768", "32767"], "SMALLINT", ["-32768", "32767"]),
    ("smallint unsigned", ["65535"], "USMALLINT", ["65535"]),
    ("mediumint", ["-8388608", "8388607"], "INTEGER", ["-8388608", "8388607"]),
    ("mediumint unsigned", ["16777215"], "UINTEGER", ["16777215"]),
    ("int", ["-2147483648", "2147483647"], "INTEGER", ["-2147483648", "2147483647"]),
    ("int unsigned", ["4294967295"], "UINTEGER", ["4294967295"]),
    ("int(5) unsigned zerofill", ["42"], "UINTEGER", ["42"]),
    ("bigint", ["-9223372036854775808", "9223372036854775807"], "BIGINT", ["-9223372036854775808", "9223372036854775807"]),
    ("bigint unsigned", ["18446744073709551615"], "UBIGINT", ["18446744073709551615"]),
    ("decimal(5,2)", ["-999.99", "999.99"], "DECIMAL(5,2)", ["-999.99", "999.99"]),
    ("decimal(38,0)", ["99999999999999999999999999999999999999"], "DECIMAL(38,0)", ["99999999999999999999999999999999999999"]),
    ("decimal(38,38)", ["0.12345678901234567890123456789012345678"], "DECIMAL(38,38)", [".12345678901234567890123456789012345678"]),
    ("decimal(39,0)", ["999999999999999999999999999999999999999"], "VARCHAR", ["999999999999999999999999999999999999999"]),
    ("decimal(65,30)", ["-99999999999999999999999999999999999.999999999999999999999999999999"], "VARCHAR", ["-99999999999999999999999999999999999.999999999999999999999999999999"]),
    ("decimal(10,0) unsigned", ["9999999999"], "DECIMAL(10,0)", ["9999999999"]),
    ("float", ["3.4028234663852886e38", "1.17549435e-38", "16777217", "0.1"], "FLOAT", ["3.4028235e+38", "1.1754944e-38", "16777216.0", "0.1"]),
    ("double", ["-1.7976931348623157e308", "2.2250738585072014e-308", "0.1"], "DOUBLE", ["-1.7976931348623157e+308", "2.2250738585072014e-308", "0.1"]),
    ("bit(1)", ["b'1'", "b'0'"], "BOOLEAN", ["true", "false"]),
    ("bit(64)", ["b'1111111111111111111111111111111111111111111111111111111111111111'"], "UBIGINT", ["18446744073709551615"]),
    ("bit(5)", ["b'10101'"], "UBIGINT", ["21"]),
    ("char(3)", ["'ab'", "''"], "VARCHAR", ["ab", ""]),
    ("varchar(20)", ["'a\\nb\\t😀'", "' x '"], "VARCHAR", ["a\nb\t😀", " x "]),
    ("varchar(20) character set latin1", ["'é'"], "VARCHAR", ["é"]),
    ("varchar(20) collate utf8mb4_bin", ["'é'"], "VARCHAR", ["é"]),
    ("tinytext", ["'t'"], "VARCHAR", ["t"]),
    ("text", ["repeat('é', 300)"], "VARCHAR", ["é" * 300]),
    ("mediumtext", ["'m'"], "VARCHAR", ["m"]),
    ("longtext", ["'l'"], "VARCHAR", ["l"]),
    ("json", ["'{\"a\": 1,  \"b\": [12345678901234567890.123]}'", "'null'"], "JSON", ['{"a": 1,  "b": [12345678901234567890.123]}', "null"]),
    ("enum('a','it''s','x,y')", ["'it''s'", "'x,y'"], "VARCHAR", ["it's", "x,y"]),
    ("set('a','b','c')", ["'a,c'", "''"], "VARCHAR", ["a,c", ""]),
    ("binary(4)", ["x'00ff'"], "BLOB", ["\\x00\\xFF\\x00\\x00"]),
    ("varbinary(10)", ["x''", "x'00ff41'"], "BLOB", ["", "\\x00\\xFFA"]),
    ("tinyblob", ["x'80'"], "BLOB", ["\\x80"]),
    ("blob", ["x'c3a9'"], "BLOB", ["\\xC3\\xA9"]),
    ("mediumblob", ["x'01'"], "BLOB", ["\\x01"]),
    ("longblob", ["x'ff'"], "BLOB", ["\\xFF"]),
    ("date", ["'1000-01-01'", "'9999-12-31'", "'0001-01-01'"], "DATE", ["1000-01-01", "9999-12-31", "0001-01-01"]),
    ("date", ["'0000-00-00'", "'2024-01-01'"], "VARCHAR", ["0000-00-00", "2024-01-01"]),
    ("date", ["'2020-00-15'", "'2020-02-00'"], "VARCHAR", ["2020-00-15", "2020-02-00"]),
    ("datetime", ["'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'"], "TIMESTAMP", ["1000-01-01 00:00:00", "9999-12-31 23:59:59"]),
    ("datetime(6)", ["'2024-02-29 23:59:59.999999'"], "TIMESTAMP", ["2024-02-29 23:59:59.999999"]),
    ("datetime(3)", ["'2024-02-29 23:59:59.999'"], "TIMESTAMP", ["2024-02-29 23:59:59.999"]),
    ("datetime", ["'0000-00-00 00:00:00'"], "VARCHAR", ["0000-00-00 00:00:00"]),
    ("timestamp null", ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'"], "TIMESTAMPTZ", ["1970-01-01 00:00:01+00", "2038-01-19 03:14:07+00"]),
    ("timestamp(6) null", ["'2024-06-01 12:00:00.000001'"], "TIMESTAMPTZ", ["2024-06-01 12:00:00.000001+00"]),
    ("timestamp null", ["'0000-00-00 00:00:00'"], "VARCHAR", ["0000-00-00 00:00:00"]),
    ("time", ["'00:00:00'", "'23:59:59'"], "TIME", ["00:00:00", "23:59:59"]),
    ("time(6)", ["'12:34:56.789012'"], "TIME", ["12:34:56.789012"]),
    ("time", ["'838:59:59'", "'-838:59:59'"], "VARCHAR", ["838:59:59", "-838:59:59"]),
    ("year", ["1901", "2155", "0"], "SMALLINT", ["1901", "2155", "0"]),
    ("inet6", ["'2001:db8::1'"], "VARCHAR", ["2001:db8::1"]),
    ("inet4", ["'192.168.0.1'"], "VARCHAR", ["192.168.0.1"]),
    ("uuid", ["'123e4567-e89b-12d3-a456-426614174000'"], "UUID", ["123e4567-e89b-12d3-a456-426614174000"]),
    ("point", ["ST_GeomFromText('POINT(1.5 -2)')"], "VARCHAR", ["POINT(1.5 -2)"]),
    ("geometry", ["ST_GeomFromText('LINESTRING(0 0,1 1)')"], "VARCHAR", ["LINESTRING(0 0,1 1)"]),
    ("polygon", ["ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')"], "VARCHAR", ["POLYGON((0 0,1 0,1 1,0 0))"]),
    ("int as (id + 1) stored", ["default", "default"], "INTEGER", ["1", "2"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def landed(maria_server: Maria, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One table with a column a case and a row a value; the session is not in UTC."""
    name = f"types{uuid4().hex[:8]}"
    maria_server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    database = maria_server.in_database(name)
    columns = ", ".join(f"c{n} {type_}" for n, (type_, *_) in enumerate(CASES))
    statements = ["SET sql_mode = ''; SET time_zone = '+00:00'", f"CREATE TABLE t (id int PRIMARY KEY, {columns})"]
    for row in range(max(len(values) for _, values, *_ in CASES)):
        here = [(n, values[row]) for n, (_, values, *_) in enumerate(CASES) if row < len(values)]
        names, texts = ", ".join(f"c{n}" for n, _ in here), ", ".join(text for _, text in here)
        statements.append(f"INSERT INTO t (id, {names}) VALUES ({row}, {texts})")
    statements.append("INSERT INTO t (id) VALUES (99)")
    database(";\n".join(statements))
    desk = Desk(tmp_path_factory.mktemp("maria"))
    desk.add("mariadb", connection_string=database.url)
    desk.good()
    return desk


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: f"{n}-{CASES[n][0]}")
def test_a_mariadb_value_reads_in_the_lake_as_the_server_wrote_it(landed: Desk, number: int) -> None:
    _, values, type_, expected = CASES[number]
    assert landed.types("db.t")[f"c{number}"] == type_
    found = landed.rows(f"SELECT CAST(c{number} AS VARCHAR) FROM db.t WHERE id < {len(values)} ORDER BY id")
    assert [text for (text,) in found] == expected


def test_an_absent_value_of_any_type_is_null(landed: Desk) -> None:
    [row] = landed.rows("SELECT * EXCLUDE (c62) FROM db.t WHERE id = 99")
    assert set(row[1:]) == {None}


def test_the_same_values_are_unchanged_when_they_are_read_again(landed: Desk) -> None:
    report = landed.good(full=True)["t"]
    assert (report.status, report.inserted, report.updated, report.deleted) == ("unchanged", 0, 0, 0)
