"""Every PostgreSQL type at its extremes: what the lake holds reads as what the server printed."""

# ruff: noqa: E501 - one line a case

from __future__ import annotations

import psycopg
import pytest

from tests.databases.desk import Desk

# type, values in PostgreSQL's own words, type in the lake, what the lake's values read as
CASES: list[tuple[str, list[str], str, list[str]]] = [
    ("smallint", ["-32768", "32767"], "SMALLINT", ["-32768", "32767"]),
    ("integer", ["-2147483648", "2147483647"], "INTEGER", ["-2147483648", "2147483647"]),
    ("bigint", ["-9223372036854775808", "9223372036854775807"], "BIGINT", ["-9223372036854775808", "9223372036854775807"]),
    ("real", ["'-3.4028235e38'", "1.1754944e-38", "'NaN'", "'Infinity'"], "FLOAT", ["-3.4028235e+38", "1.1754944e-38", "nan", "inf"]),
    ("double precision", ["'-1.7976931348623157e308'", "2.2250738585072014e-308", "'-Infinity'", "0.1"], "DOUBLE", ["-1.7976931348623157e+308", "2.2250738585072014e-308", "-inf", "0.1"]),
    ("numeric(5,2)", ["-999.99", "999.99"], "DECIMAL(5,2)", ["-999.99", "999.99"]),
    ("numeric(38,0)", ["-99999999999999999999999999999999999999", "1"], "DECIMAL(38,0)", ["-99999999999999999999999999999999999999", "1"]),
    ("numeric(38,37)", ["9.9999999999999999999999999999999999999"], "DECIMAL(38,37)", ["9.9999999999999999999999999999999999999"]),
    ("numeric(39,0)", ["999999999999999999999999999999999999999"], "VARCHAR", ["999999999999999999999999999999999999999"]),
    ("numeric(12,3)", ["'NaN'", "1.250"], "VARCHAR", ["NaN", "1.250"]),
    ("numeric(5,-2)", ["12300"], "DECIMAL(7,0)", ["12300"]),
    ("numeric(2,4)", ["0.0099"], "DECIMAL(4,4)", [".0099"]),
    ("numeric", ["1.5", "100", "0.00001"], "DECIMAL(38,5)", ["1.50000", "100.00000", "0.00001"]),
    ("numeric", ["'Infinity'", "1"], "VARCHAR", ["Infinity", "1"]),
    ("numeric", ["123456789012345678901234567890.123456789012"], "VARCHAR", ["123456789012345678901234567890.123456789012"]),
    ("money", ["'92233720368547758.07'", "'-0.01'"], "DECIMAL(22,4)", ["92233720368547758.0700", "-0.0100"]),
    ("boolean", ["true", "false"], "BOOLEAN", ["true", "false"]),
    ("text", ["''", "E'a\\nb\\t\\u00e9\\U0001F600'", "'\\N'"], "VARCHAR", ["", "a\nb\té😀", "\\N"]),
    ("varchar(3)", ["'abc'"], "VARCHAR", ["abc"]),
    ("char(3)", ["'ab'"], "VARCHAR", ["ab"]),
    ('"char"', ["'x'"], "VARCHAR", ["x"]),
    ("name", ["'pg_class'"], "VARCHAR", ["pg_class"]),
    ("bytea", ["'\\x'", "'\\x00ff41'"], "BLOB", ["", "\\x00\\xFFA"]),
    ("date", ["'4713-01-01 BC'", "'5874897-12-31'", "'infinity'", "'-infinity'"], "DATE", ["4713-01-01 (BC)", "5874897-12-31", "infinity", "-infinity"]),
    ("time", ["'00:00:00'", "'23:59:59.999999'", "'24:00:00'"], "TIME", ["00:00:00", "23:59:59.999999", "24:00:00"]),
    ("timetz", ["'12:00:00+15:59:59'", "'00:00:00-15:59'"], "VARCHAR", ["12:00:00+15:59:59", "00:00:00-15:59"]),
    ("timestamp", ["'4713-01-01 00:00:00 BC'", "'2024-02-29 23:59:59.999999'", "'infinity'"], "TIMESTAMP", ["4713-01-01 (BC) 00:00:00", "2024-02-29 23:59:59.999999", "infinity"]),
    ("timestamptz", ["'2024-06-01 12:00:00+05:30'", "'-infinity'"], "TIMESTAMPTZ", ["2024-06-01 06:30:00+00", "-infinity"]),
    ("timestamp", ["'294276-12-31 23:59:59.999999'", "'2024-01-01'"], "VARCHAR", ["294276-12-31 23:59:59.999999", "2024-01-01 00:00:00"]),
    ("interval", ["'-178000000 years'", "'1 year 2 mons 3 days 4:05:06.789012'"], "VARCHAR", ["-178000000 years", "1 year 2 mons 3 days 04:05:06.789012"]),
    ("uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"], "UUID", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    ("json", ["'{\"a\": 1,  \"a\": 2}'", "'null'"], "JSON", ['{"a": 1,  "a": 2}', "null"]),
    ("jsonb", ["'{\"n\": 12345678901234567890.123}'", "'[]'"], "JSON", ['{"n": 12345678901234567890.123}', "[]"]),
    ("mood", ["'sad'", "'very happy'"], "VARCHAR", ["sad", "very happy"]),
    ("positive", ["2147483647"], "INTEGER", ["2147483647"]),
    ("small_money", ["99.99"], "DECIMAL(4,2)", ["99.99"]),
    ("pair", ["ROW(1, 'x')"], "VARCHAR", ["(1,x)"]),
    ("bit(3)", ["B'101'"], "VARCHAR", ["101"]),
    ("bit varying", ["B''", "B'1'"], "VARCHAR", ["", "1"]),
    ("inet", ["'192.168.0.1'", "'2001:db8::1/64'"], "VARCHAR", ["192.168.0.1", "2001:db8::1/64"]),
    ("cidr", ["'10.0.0.0/8'"], "VARCHAR", ["10.0.0.0/8"]),
    ("macaddr", ["'08:00:2b:01:02:03'"], "VARCHAR", ["08:00:2b:01:02:03"]),
    ("macaddr8", ["'08:00:2b:01:02:03:04:05'"], "VARCHAR", ["08:00:2b:01:02:03:04:05"]),
    ("int4range", ["'[1,5)'", "'empty'", "'(,)'"], "VARCHAR", ["[1,5)", "empty", "(,)"]),
    ("numrange", ["'(0.5,1.5]'"], "VARCHAR", ["(0.5,1.5]"]),
    ("tstzrange", ["'[2024-01-01 00:00+00,)'"], "VARCHAR", ['["2024-01-01 00:00:00+00",)']),
    ("int4multirange", ["'{[1,2), [5,6)}'"], "VARCHAR", ["{[1,2),[5,6)}"]),
    ("point", ["'(1.5,-2)'"], "VARCHAR", ["(1.5,-2)"]),
    ("polygon", ["'((0,0),(1,1))'"], "VARCHAR", ["((0,0),(1,1))"]),
    ("circle", ["'<(0,0),1>'"], "VARCHAR", ["<(0,0),1>"]),
    ("tsvector", ["'a b'::tsvector"], "VARCHAR", ["'a' 'b'"]),
    ("tsquery", ["'a & b'::tsquery"], "VARCHAR", ["'a' & 'b'"]),
    ("jsonpath", ["'$.a'"], "VARCHAR", ['$."a"']),
    ("pg_lsn", ["'FFFFFFFF/FFFFFFFF'"], "VARCHAR", ["FFFFFFFF/FFFFFFFF"]),
    ("oid", ["4294967295"], "BIGINT", ["4294967295"]),
    ("xid8", ["'18446744073709551615'"], "VARCHAR", ["18446744073709551615"]),
    ("integer[]", ["'{}'", "'{1,NULL,-2147483648}'"], "INTEGER[]", ["[]", "[1, NULL, -2147483648]"]),
    ("text[]", ["ARRAY['a,b', '\"q\"', NULL, '']"], "VARCHAR[]", ["['a,b', '\"q\"', NULL, '']"]),
    ("integer[]", ["'{{1,2},{3,4}}'", "'{5}'"], "JSON", ["[[1,2],[3,4]]", "[5]"]),
    ("integer[]", ["'[0:1]={7,8}'"], "VARCHAR", ["[0:1]={7,8}"]),
    ("numeric(6,2)[]", ["'{1.5,-9999.99}'"], "DECIMAL(6,2)[]", ["[1.50, -9999.99]"]),
    ("numeric[]", ["'{1.5,NaN}'"], "VARCHAR[]", ["[1.5, NaN]"]),
    ("uuid[]", ["'{ffffffff-ffff-ffff-ffff-ffffffffffff}'"], "UUID[]", ["[ffffffff-ffff-ffff-ffff-ffffffffffff]"]),
    ("timestamptz[]", ["ARRAY['2024-01-01 00:00+01'::timestamptz]"], "TIMESTAMPTZ[]", ["['2023-12-31 23:00:00+00']"]),
    ("date[]", ["'{2024-02-29}'"], "DATE[]", ["[2024-02-29]"]),
    ("jsonb[]", ["ARRAY['{\"a\": 1}'::jsonb]"], "VARCHAR[]", ["['{\"a\": 1}']"]),
    ("bytea[]", ["ARRAY['\\x00'::bytea]"], "VARCHAR[]", ["[\\x00]"]),
    ("interval[]", ["ARRAY['1 mon'::interval]"], "VARCHAR[]", ["[1 mon]"]),
    ("mood[]", ["'{sad}'"], "VARCHAR[]", ["[sad]"]),
]  # fmt: skip
TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN small_number AS numeric(4,2); CREATE DOMAIN small_money AS small_number;
"""


@pytest.fixture(scope="module")
def landed(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One table with a column a case and a row a value."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS types")
        connection.execute("CREATE DATABASE types")
    url = postgres_server.replace("/postgres?", "/types?")
    columns = ", ".join(f"c{n} {type_}" for n, (type_, *_) in enumerate(CASES))
    with psycopg.connect(url) as connection:
        connection.execute(f"{TYPES}; CREATE TABLE t (id int PRIMARY KEY, {columns})".encode())
        for row in range(max(len(values) for _, values, *_ in CASES)):
            here = [(n, values[row]) for n, (_, values, *_) in enumerate(CASES) if row < len(values)]
            names, texts = ", ".join(f"c{n}" for n, _ in here), ", ".join(text for _, text in here)
            connection.execute(f"INSERT INTO t (id, {names}) VALUES ({row}, {texts})".encode())
        connection.execute("INSERT INTO t (id) VALUES (99)")
    desk = Desk(tmp_path_factory.mktemp("types"))
    desk.add("postgres", connection_string=url)
    desk.good()
    return desk


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda n: f"{n}-{CASES[n][0]}")
def test_a_postgresql_value_reads_in_the_lake_as_the_server_wrote_it(landed: Desk, number: int) -> None:
    _, values, type_, expected = CASES[number]
    assert landed.types("db.t")[f"c{number}"] == type_
    found = landed.rows(f"SELECT CAST(c{number} AS VARCHAR) FROM db.t WHERE id < {len(values)} ORDER BY id")
    assert [text for (text,) in found] == expected


def test_an_absent_value_of_any_type_is_null(landed: Desk) -> None:
    [row] = landed.rows("SELECT * FROM db.t WHERE id = 99")
    assert set(row[1:]) == {None}


def test_the_same_values_are_unchanged_when_they_are_read_again(landed: Desk) -> None:
    report = landed.good(full=True)["t"]
    assert (report.status, report.inserted, report.updated, report.deleted) == ("unchanged", 0, 0, 0)
