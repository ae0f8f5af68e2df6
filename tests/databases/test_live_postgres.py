"""PostgreSQL that each query asks: what comes, what goes through to the server, and that nothing is written there."""

# ruff: noqa: E501 - one line a case

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from dinobase.core.errors import DinobaseError, FetchError, QueryError, UnknownName, UsageError
from tests.databases.desk import Desk
from tests.databases.test_postgres_types import CASES, TYPES

# Of the cases of a copy: what a live column's type and values are where they are others, the error where it stops.
OTHERWISE: dict[int, tuple[str, list[str] | str]] = {
    8: ("DOUBLE", ["1e+39"]),
    9: ("DECIMAL(12,3)", "Could not convert string"),
    12: ("DOUBLE", ["1.5", "100.0", "1e-05"]),
    13: ("DOUBLE", ["inf", "1.0"]),
    14: ("DOUBLE", ["1.2345678901234568e+29"]),
    15: ("VARCHAR", ["$92,233,720,368,547,758.07", "-$0.01"]),
    23: ("DATE", ["4713-01-01", "5874897-12-31", "infinity", "-infinity"]),
    26: ("TIMESTAMP", "not UTC"),
    28: ("TIMESTAMP", "out of range"),
    29: ("VARCHAR", ["-178000000 years", "1 year 2 months 3 days 04:05:06.789012"]),
    36: ("STRUCT(a INTEGER, b VARCHAR)", ["{'a': 1, 'b': x}"]),
    47: ("STRUCT(x DOUBLE, y DOUBLE)", ["{'x': 1.5, 'y': -2.0}"]),
    58: ("INTEGER[]", "Could not convert string"),
    59: ("INTEGER[]", "Invalid Postgres list"),
    61: ("DOUBLE[]", ["[1.5, nan]"]),
    66: ("BLOB[]", ["[\\x00]"]),
    67: ("VARCHAR[]", ["[1 month]"]),
}
LEFT_OUT = [10, 11, 48, 49]


def live(desk: Desk, url: str, **given: str) -> list[str]:
    return desk.add("postgres", connection_string=url, mode="live", **given)


@pytest.fixture(scope="module")
def typed(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The table of all types that a copy is tested with."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS live_types")
        connection.execute("CREATE DATABASE live_types")
    url = postgres_server.replace("/postgres?", "/live_types?")
    columns = ", ".join(f"c{n} {type_}" for n, (type_, *_) in enumerate(CASES))
    with psycopg.connect(url) as connection:
        connection.execute(f"{TYPES}; CREATE TABLE t (id int PRIMARY KEY, {columns})".encode())
        for row in range(max(len(values) for _, values, *_ in CASES)):
            here = [(n, values[row]) for n, (_, values, *_) in enumerate(CASES) if row < len(values)]
            names, texts = ", ".join(f"c{n}" for n, _ in here), ", ".join(text for _, text in here)
            connection.execute(f"INSERT INTO t (id, {names}) VALUES ({row}, {texts})".encode())
    desk = Desk(tmp_path_factory.mktemp("live"))
    live(desk, url)
    return desk


def test_types_are_those_of_a_copy_but_for_the_ones_that_are_known(typed: Desk) -> None:
    columns = typed.workspace.describe(["db.t"], samples=0)[0].columns
    found = {c.name: c.type.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for c in columns}
    expected = {f"c{n}": OTHERWISE.get(n, (type_,))[0] for n, (_, _, type_, _) in enumerate(CASES) if n not in LEFT_OUT}
    assert found == {"id": "INTEGER", **expected}


def test_values_read_as_in_a_copy_or_stop_the_query(typed: Desk) -> None:
    wrong = {}
    for number, (_, values, _, copied) in enumerate(CASES):
        if number in LEFT_OUT:
            continue
        expected = OTHERWISE.get(number, ("", copied))[1]
        sql = f"SELECT CAST(c{number} AS VARCHAR) FROM db.t WHERE id < {len(values)} ORDER BY id"
        try:
            found: list[str] | str = [row[0] for row in typed.workspace.query(sql).rows]
        except (QueryError, FetchError) as error:
            found = str(error)
        good = expected in found if isinstance(expected, str) else found == expected
        if not good:
            wrong[number] = (found, expected)
    assert wrong == {}


@pytest.fixture
def said(postgres: str) -> Callable[[], list[str]]:
    """Return what was asked of this test's database since the last call, from the server's own log."""
    name = urllib.parse.urlsplit(postgres).path.strip("/")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET log_statement = 'all'".encode())
        connection.execute(f"ALTER DATABASE {name} SET log_min_duration_statement = -1".encode())
        data = connection.execute("SHOW data_directory").fetchone()
    assert data is not None
    log = Path(data[0]) / "log"
    read = log.stat().st_size

    def since() -> list[str]:
        nonlocal read
        text = log.read_bytes()[read:].decode()
        read += len(text.encode())
        return re.findall(r"LOG:  (?:statement|execute [^:]*): ([^\n]*)", text)

    return since


def fill(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE people (id int PRIMARY KEY, email text, region text, paid numeric(12,2), big text, "
            "seen timestamptz); "
            "INSERT INTO people SELECT n, 'u' || n || '@x.example', CASE n % 2 WHEN 0 THEN 'eu' ELSE 'us' END, n, "
            "repeat('x', 50), timestamptz '2026-01-01 00:00+00' + n * interval '1 day' FROM generate_series(1, 100) n; "
            "CREATE SCHEMA ops; CREATE TABLE ops.jobs (id int, person int REFERENCES people(id)); "
            "INSERT INTO ops.jobs VALUES (1, 5), (2, 6)"
        )


def test_conditions_and_columns_go_through_and_nothing_is_written(
    postgres: str, said: Callable[[], list[str]], desk: Desk
) -> None:
    fill(postgres)
    assert sorted(live(desk, postgres)) == ["ops__jobs", "people"]
    said()
    ask = desk.workspace.query
    sql = "SELECT paid FROM db.people WHERE id = 7 AND email = 'u7@x.example' AND seen > TIMESTAMPTZ '2026-01-02 00:00:00+00'"
    assert ask(sql).rows == [("7.00",)]
    [sent] = [s for s in said() if '"paid"' in s]
    assert '"big"' not in sent
    assert re.search(r'"id" = \'?7\'?', sent)
    assert "\"email\" = 'u7@x.example'" in sent
    assert '"seen" > ' in sent
    joined = "SELECT j.id, p.region FROM db.ops__jobs j JOIN db.people p ON p.id = j.person ORDER BY 1"
    assert ask(joined).rows == [(1, "us"), (2, "eu")]
    statements = said()
    assert {s.split()[0] for s in statements} <= {"COPY", "SELECT", "BEGIN", "ROLLBACK", "COMMIT", "SET", "DISCARD"}
    assert all("READ ONLY" in s for s in statements if s.startswith("BEGIN"))
    assert all("READ ONLY" in s or " TO STDOUT" in s or s.split()[0] != "COPY" for s in statements)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("UPDATE people SET paid = 1.5 WHERE id = 7")
    assert ask("SELECT paid FROM db.people WHERE id = 7").rows == [("1.50",)]  # no copy, no sync
    for sql in (
        "UPDATE db.people SET paid = 2 WHERE id = 7",
        "DELETE FROM db.people WHERE id = 7",
        "INSERT INTO db.people (id) VALUES (500)",
    ):
        with pytest.raises(DinobaseError, match=r"read where it is|write"):
            desk.workspace.write(sql)
    assert not [s for s in said() if s.split()[0] in {"UPDATE", "DELETE", "INSERT"} and "paid = 1.5" not in s]


def test_access_rules_hold_and_keys_comments_and_links_are_known(postgres: str, desk: Desk) -> None:
    fill(postgres)
    live(desk, postgres)
    path = desk.workspace.paths.config
    path.write_text(
        path.read_text()
        + "access:\n  bot: {sources: [db.people], hide: [db.people.big], pii: mask, rows: {db.people: \"region = 'eu'\"}}\n"
    )
    ask = desk.workspace.query
    assert ask("SELECT count(*), min(id) FROM db.people", identity="bot").rows == [(50, 2)]
    [row] = ask("SELECT * FROM db.people WHERE id = 2", identity="bot").rows
    assert "u2@x.example" not in map(str, row)
    for sql, kind in (
        ("SELECT big FROM db.people", UnknownName),
        ("SELECT * FROM db.ops__jobs", UnknownName),
        ("EXPLAIN SELECT * FROM db.people", QueryError),
        ("SELECT * FROM postgres_query('db', 'SELECT 1')", QueryError),
        ("SELECT * FROM postgres_scan('', 'public', 'people')", QueryError),
        ("SELECT * FROM duckdb_databases()", QueryError),
        ("SELECT * FROM db.people AT (VERSION => 1)", QueryError),
    ):
        with pytest.raises(kind):
            ask(sql, identity="bot")
    [jobs] = desk.workspace.describe(["db.ops__jobs"])
    assert [r.table for r in jobs.related_tables] == ["db.people"]
    [people] = desk.workspace.describe(["db.people"], identity="bot")
    assert people.row_count == 50
    with pytest.raises(DinobaseError):
        ask("SELECT nope FROM db.people")


def test_a_server_that_does_not_answer_is_said_without_the_password(
    postgres: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(postgres)
    live(desk, postgres)
    dead = "postgresql://reader:hunter2-s3cret@127.0.0.1:9/shop"
    monkeypatch.setenv("DINOBASE_DB_CONNECTION_STRING", dead)
    with pytest.raises(FetchError) as caught:
        desk.workspace.query("SELECT * FROM db.people")
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {caught.value.context}"
    assert caught.value.hint
    with pytest.raises(FetchError) as refused:
        desk.add("postgres", name="other", connection_string=dead, mode="live")
    assert "hunter2" not in str(refused.value)


def test_a_table_that_has_changed_is_said_and_a_sync_takes_it(postgres: str, desk: Desk) -> None:
    fill(postgres)
    live(desk, postgres)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("ALTER TABLE people DROP COLUMN big, ADD COLUMN added int DEFAULT 5")
    with pytest.raises(FetchError, match=r"db\.people cannot be read where it is") as caught:
        desk.workspace.query("SELECT * FROM db.people")
    assert "dinobase sync" in caught.value.hint
    assert desk.good()["people"].status == "success"
    assert desk.workspace.query("SELECT added, big FROM db.people WHERE id = 1").rows == [(5, None)]


def test_a_change_column_is_of_copies(postgres: str, desk: Desk) -> None:
    with pytest.raises(UsageError, match="of copies"):
        live(desk, postgres, incremental="seen")
