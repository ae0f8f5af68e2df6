"""CockroachDB and Redshift, which speak PostgreSQL's protocol: their readers against a real PostgreSQL, as far as it is like them.

What Redshift alone has is made there: its functions, its SUPER.
"""

# ruff: noqa: E501 - one line a case

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from dinobase.extract.readers.dbapi.pgwire import take_cockroach, take_redshift
from tests.databases.desk import Desk

LIKE_REDSHIFT = """
CREATE FUNCTION getdate() RETURNS timestamp LANGUAGE sql AS 'SELECT now()::timestamp';
CREATE FUNCTION to_hex(bytea) RETURNS text LANGUAGE sql AS 'SELECT encode($1, ''hex'')';
CREATE DOMAIN super AS text;  -- JSON_SERIALIZE is PostgreSQL's too
"""
MOOD = "CREATE TYPE mood AS ENUM ('sad', 'very happy')"
# type, values in the server's own words, type in the lake, what the lake's values read as
BOTH: list[tuple[str, list[str], str, list[str]]] = [
    ("smallint", ["-32768", "32767"], "SMALLINT", ["-32768", "32767"]),
    ("integer", ["-2147483648"], "INTEGER", ["-2147483648"]),
    ("bigint", ["-9223372036854775808", "9223372036854775807"], "BIGINT", ["-9223372036854775808", "9223372036854775807"]),
    ("real", ["'-3.4028235e38'", "1.1754944e-38", "'NaN'", "'Infinity'"], "FLOAT", ["-3.4028235e+38", "1.1754944e-38", "nan", "inf"]),
    ("double precision", ["'-1.7976931348623157e308'", "'-Infinity'", "0.1"], "DOUBLE", ["-1.7976931348623157e+308", "-inf", "0.1"]),
    ("numeric(5,2)", ["-999.99", "999.99"], "DECIMAL(5,2)", ["-999.99", "999.99"]),
    ("numeric(38,0)", ["-99999999999999999999999999999999999999"], "DECIMAL(38,0)", ["-99999999999999999999999999999999999999"]),
    ("numeric(38,37)", ["9.9999999999999999999999999999999999999"], "DECIMAL(38,37)", ["9.9999999999999999999999999999999999999"]),
    ("boolean", ["true", "false"], "BOOLEAN", ["true", "false"]),
    ("text", ["''", "E'a\\nb\\t\\u00e9\\U0001F600'", "'\\N'"], "VARCHAR", ["", "a\nb\té😀", "\\N"]),
    ("varchar(3)", ["'abc'"], "VARCHAR", ["abc"]),
    ("char(3)", ["'ab'"], "VARCHAR", ["ab"]),
    ("date", ["'0001-01-01'", "'9999-12-31'"], "DATE", ["0001-01-01", "9999-12-31"]),
    ("date", ["'4713-01-01 BC'", "'2024-02-29'"], "VARCHAR", ["4713-01-01 BC", "2024-02-29"]),
    ("time", ["'00:00:00'", "'23:59:59.999999'"], "TIME", ["00:00:00", "23:59:59.999999"]),
    ("timetz", ["'12:00:00+15:59'"], "VARCHAR", ["12:00:00+15:59"]),
    ("timestamp", ["'0001-01-01 00:00:00'", "'2024-02-29 23:59:59.999999'"], "TIMESTAMP", ["0001-01-01 00:00:00", "2024-02-29 23:59:59.999999"]),
    ("timestamp", ["'294276-12-31 23:59:59.999999'", "'2024-01-01'"], "VARCHAR", ["294276-12-31 23:59:59.999999", "2024-01-01 00:00:00"]),
    ("timestamp(3)", ["'2024-02-29 23:59:59.999'"], "TIMESTAMP", ["2024-02-29 23:59:59.999"]),
    ("timestamptz", ["'2024-06-01 12:00:00+05:30'", "'9999-12-31 23:59:59.5+00'"], "TIMESTAMPTZ", ["2024-06-01 06:30:00+00", "9999-12-31 23:59:59.5+00"]),
    ("interval", ["'1 year 2 mons 3 days 4:05:06.789012'"], "VARCHAR", ["1 year 2 mons 3 days 04:05:06.789012"]),
]  # fmt: skip
COCKROACH: list[tuple[str, list[str], str, list[str]]] = [
    ("numeric", ["1.5", "100", "0.00001"], "DECIMAL(38,5)", ["1.50000", "100.00000", "0.00001"]),
    ("numeric", ["'NaN'", "1"], "VARCHAR", ["NaN", "1"]),
    ("numeric", ["123456789012345678901234567890.123456789012"], "VARCHAR", ["123456789012345678901234567890.123456789012"]),
    ("numeric(39,0)", ["999999999999999999999999999999999999999"], "VARCHAR", ["999999999999999999999999999999999999999"]),
    ("numeric(12,3)", ["'NaN'", "1.250"], "VARCHAR", ["NaN", "1.250"]),
    ("timestamp", ["'infinity'", "'-infinity'"], "TIMESTAMP", ["infinity", "-infinity"]),
    ("bytea", ["'\\x'", "'\\x00ff41'"], "BLOB", ["", "\\x00\\xFFA"]),
    ("uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"], "UUID", ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
    ("jsonb", ["'{\"n\": 12345678901234567890.123}'", "'[]'", "'null'"], "JSON", ['{"n": 12345678901234567890.123}', "[]", "null"]),
    ("mood", ["'sad'", "'very happy'"], "VARCHAR", ["sad", "very happy"]),
    ("bit varying", ["B''", "B'1'"], "VARCHAR", ["", "1"]),
    ("inet", ["'2001:db8::1/64'"], "VARCHAR", ["2001:db8::1/64"]),
    ("oid", ["4294967295"], "BIGINT", ["4294967295"]),
    ("bigint[]", ["'{}'", "'{1,NULL,-9223372036854775808}'"], "BIGINT[]", ["[]", "[1, NULL, -9223372036854775808]"]),
    ("bigint[]", ["'{{1,2},{3,4}}'", "'{5}'"], "JSON", ["[[1,2],[3,4]]", "[5]"]),
    ("text[]", ["ARRAY['a,b', '\"q\"', NULL, '']"], "VARCHAR[]", ["['a,b', '\"q\"', NULL, '']"]),
    ("uuid[]", ["'{ffffffff-ffff-ffff-ffff-ffffffffffff}'"], "UUID[]", ["[ffffffff-ffff-ffff-ffff-ffffffffffff]"]),
    ("numeric[]", ["'{1.50,2}'"], "JSON", ["[1.50,2]"]),
]  # fmt: skip
REDSHIFT: list[tuple[str, list[str], str, list[str]]] = [
    (
        "super",
        ["'{\"n\": 12345678901234567890.123}'", "'[1, \"a\"]'"],
        "JSON",
        ['{"n": 12345678901234567890.123}', '[1, "a"]'],
    ),
]
CASES = {"cockroachdb": BOTH + COCKROACH, "redshift": BOTH + REDSHIFT}


def url_of(kind: str, url: str) -> str:
    return url.replace("postgresql://", f"{kind}://")


@pytest.fixture(params=CASES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_value_reads_in_the_lake_as_the_server_wrote_it(kind: str, postgres: str, tmp_path: Path) -> None:
    cases = CASES[kind]
    with psycopg.connect(postgres) as connection:
        columns = ", ".join(f"c{n} {type_}" for n, (type_, *_) in enumerate(cases))
        connection.execute(f"{LIKE_REDSHIFT}{MOOD}; CREATE TABLE t (id int PRIMARY KEY, {columns})".encode())
        for row in range(max(len(values) for _, values, *_ in cases)):
            here = [(n, values[row]) for n, (_, values, *_) in enumerate(cases) if row < len(values)]
            names, texts = ", ".join(f"c{n}" for n, _ in here), ", ".join(text for _, text in here)
            connection.execute(f"INSERT INTO t (id, {names}) VALUES ({row}, {texts})".encode())
        connection.execute("INSERT INTO t (id) VALUES (99)")
    desk = Desk(tmp_path)
    desk.add(kind, connection_string=url_of(kind, postgres))
    assert desk.good()["t"].rows == max(len(values) for _, values, *_ in cases) + 1
    types = desk.types("db.t")
    every = ", ".join(f"CAST(c{n} AS VARCHAR)" for n in range(len(cases)))
    rows = desk.rows(f"SELECT {every} FROM db.t ORDER BY id")
    wrong = []
    for number, (name, values, type_, expected) in enumerate(cases):
        found = [row[number] for row in rows[: len(values)]]
        if (types[f"c{number}"], found) != (type_, expected):
            wrong.append((name, types[f"c{number}"], found))
    assert not wrong
    [absent] = desk.rows("SELECT * FROM db.t WHERE id = 99")
    assert set(absent[1:]) == {None}
    assert desk.good(full=True)["t"].status == "unchanged"
    assert desk.good()["t"].status == "unchanged"


@pytest.mark.parametrize(
    ("native", "type_"),
    [
        ("super", "JSON"), ("binary varying(10)", "BLOB"), ("geometry", "VARCHAR"), ("geography", "VARCHAR"),
        ("hllsketch", "VARCHAR"), ("numeric(38,37)", "DECIMAL(38,37)"), ("character varying(256)", "VARCHAR"),
        ("time with time zone", "VARCHAR"), ("timestamp with time zone", "TIMESTAMPTZ"), ("interval year to month", "VARCHAR"),
    ],
)  # fmt: skip
def test_what_redshift_alone_has_is_taken_as_what_keeps_it(native: str, type_: str) -> None:
    assert take_redshift(native).type == type_


def test_a_vector_of_cockroachdb_is_text() -> None:
    assert take_cockroach("vector(3)").type == "VARCHAR"
