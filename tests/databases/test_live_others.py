"""MariaDB, SQLite and DuckDB that each query asks: values as in a copy, conditions that go through, no file but theirs."""

# ruff: noqa: E501 - one line a case

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dinobase.core.errors import DinobaseError, FetchError, QueryError
from tests.databases.desk import Desk, InDatabase, Maria
from tests.databases.test_maria_types import CASES

# Of the cases of a copy: what a live column's type and values are where they are others, the error where it stops.
OTHERWISE: dict[int, tuple[str, list[str | None] | str]] = {
    2: ("TINYINT", ["0", "1"]),
    4: ("TINYINT", ["1"]),
    17: ("DOUBLE", ["1e+39"]),
    18: ("DOUBLE", ["-1e+35"]),
    23: ("BLOB", ["\\xFF\\xFF\\xFF\\xFF\\xFF\\xFF\\xFF\\xFF"]),
    24: ("BLOB", ["\\x15"]),
    43: ("DATE", [None, "2024-01-01"]),
    44: ("DATE", "Date out of range"),
    48: ("TIMESTAMP", [None]),
    51: ("TIMESTAMPTZ", [None]),
    54: ("TIME", "out of range"),
}
LEFT_OUT = [59, 60, 61]


@pytest.fixture(scope="module")
def typed(maria_server: Maria, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The table of all types that a copy is tested with."""
    name = "live_types"
    maria_server.run(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4")
    run = maria_server.in_database(name)
    columns = ", ".join(f"c{n} {type_}" for n, (type_, *_) in enumerate(CASES))
    lines = [f"SET sql_mode = ''; SET time_zone = '+00:00'; CREATE TABLE t (id int PRIMARY KEY, {columns})"]
    for row in range(max(len(values) for _, values, *_ in CASES)):
        here = [(n, values[row]) for n, (_, values, *_) in enumerate(CASES) if row < len(values)]
        names, texts = ", ".join(f"c{n}" for n, _ in here), ", ".join(text for _, text in here)
        lines.append(f"INSERT INTO t (id, {names}) VALUES ({row}, {texts})")
    run("; ".join(lines))
    desk = Desk(tmp_path_factory.mktemp("live"))
    desk.add("mariadb", connection_string=run.url, mode="live")
    return desk


def test_mariadb_types_and_values_are_those_of_a_copy_but_for_the_ones_that_are_known(typed: Desk) -> None:
    columns = typed.workspace.describe(["db.t"], samples=0)[0].columns
    types = {c.name: c.type.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for c in columns}
    wrong = {}
    for number, (_, values, type_, copied) in enumerate(CASES):
        if number in LEFT_OUT:
            assert f"c{number}" not in types
            continue
        expected_type, expected = OTHERWISE.get(number, (type_, copied))
        sql = f"SELECT CAST(c{number} AS VARCHAR) FROM db.t WHERE id < {len(values)} ORDER BY id"
        try:
            found: list[str] | str = [row[0] for row in typed.workspace.query(sql).rows]
        except (QueryError, FetchError) as error:
            found = str(error)
        good = expected in found if isinstance(expected, str) else found == expected
        if not good or types[f"c{number}"] != expected_type:
            wrong[number] = (types[f"c{number}"], found, expected)
    assert wrong == {}


def test_mariadb_numbers_go_through_and_texts_are_compared_as_everywhere(maria: InDatabase, desk: Desk) -> None:
    maria(
        "CREATE TABLE p (id int PRIMARY KEY, name varchar(20), n int); INSERT INTO p VALUES (1,'Ann',5),(2,'ann',6),(3,'ann ',7)"
    )
    desk.add("mariadb", connection_string=maria.url, mode="live")
    ask = desk.workspace.query
    assert ask("SELECT id FROM db.p WHERE name = 'ann'").rows == [(2,)]
    assert ask("SELECT name, count(*) FROM db.p GROUP BY 1 ORDER BY 1").rows == [("Ann", 1), ("ann", 1), ("ann ", 1)]
    assert ask("SELECT id FROM db.p ORDER BY name LIMIT 1").rows == [(1,)]
    plan = str(ask("EXPLAIN SELECT name FROM db.p WHERE n > 5").rows)
    scan = plan[plan.index("MYSQL_SCAN") :]
    assert "n>5" in scan.replace(" ", "")
    with pytest.raises(DinobaseError):
        desk.workspace.write("DELETE FROM db.p")
    assert maria("SELECT count(*) FROM p").strip() == "3"


def test_a_mariadb_server_that_does_not_answer_is_said_without_the_password(
    maria: InDatabase, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    maria("CREATE TABLE p (id int PRIMARY KEY)")
    desk.add("mariadb", connection_string=maria.url, mode="live")
    monkeypatch.setenv("DINOBASE_DB_CONNECTION_STRING", "mysql://reader:hunter2-s3cret@127.0.0.1:9/shop")
    with pytest.raises(FetchError) as caught:
        desk.workspace.query("SELECT * FROM db.p")
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {caught.value.context}"


def test_a_sqlite_file_is_read_where_it_is(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with sqlite3.connect(path) as file:
        file.execute(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT, score REAL, done BOOLEAN, day DATE, mixed)"
        )
        file.execute("INSERT INTO notes VALUES (1, 'a', 1.5, 1, '2026-01-31', 'x'), (2, 'b', NULL, 0, NULL, 5)")
        file.execute("CREATE VIEW done AS SELECT id FROM notes WHERE done")
    before = path.read_bytes()
    assert sorted(desk.add("sqlite", path=str(path), mode="live")) == ["done", "notes"]
    ask = desk.workspace.query
    result = ask("SELECT id, text, score, done, day FROM db.notes ORDER BY id")
    assert result.rows == [(1, "a", 1.5, 1, "2026-01-31"), (2, "b", None, 0, None)]
    assert result.column_types == ("BIGINT", "VARCHAR", "DOUBLE", "BIGINT", "DATE")  # 5 would be a true BOOLEAN
    assert ask("SELECT id FROM db.done").rows == [(1,)]
    plan = str(ask("EXPLAIN SELECT text FROM db.notes").rows)
    assert "score" not in plan[plan.index("SQLITE_SCAN") :]
    assert path.read_bytes() == before
    with sqlite3.connect(path) as file:
        file.execute("INSERT INTO notes (id, text) VALUES (3, 'new')")
    assert ask("SELECT text FROM db.notes WHERE id = 3").rows == [("new",)]
    path.rename(tmp_path / "moved.db")
    with pytest.raises(FetchError, match="there is no file"):
        ask("SELECT text FROM db.notes")


def test_sqlite_texts_are_compared_as_everywhere(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE n (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, plain TEXT)")
        file.execute("INSERT INTO n VALUES (1, 'Ann', 'Ann'), (2, 'ann', 'ann')")
        file.execute("CREATE VIEW v AS SELECT * FROM n")
    desk.add("sqlite", path=str(path), mode="live")
    for sql in ("SELECT id FROM db.n WHERE name = 'ann'", "SELECT id FROM db.v WHERE name = 'ann'"):
        assert desk.workspace.query(sql).rows == [(2,)]
    assert desk.workspace.query("SELECT id FROM db.n WHERE plain = 'Ann'").rows == [(1,)]


def test_a_duckdb_file_is_read_where_it_is_its_views_are_not(desk: Desk, tmp_path: Path) -> None:
    path, other = tmp_path / "w.duckdb", tmp_path / "secret.csv"
    other.write_text("word\nwombat\n")
    with duckdb.connect(str(path)) as file:
        file.execute(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, h HUGEINT, l INTEGER[], e ENUM('a', 'b'), moment TIMESTAMPTZ)"
        )
        file.execute(
            "INSERT INTO t VALUES (1, 170141183460469231731687303715884105727, [1, 2], 'b', '2026-01-01 00:00:00+00')"
        )
        file.execute("CREATE SCHEMA ops; CREATE TABLE ops.jobs AS SELECT 5 AS n")
        file.execute(f"CREATE VIEW leak AS SELECT * FROM read_text('{other}')")
    before = path.read_bytes()
    assert sorted(desk.add("duckdb", path=str(path), mode="live")) == ["ops__jobs", "t"]
    ask = desk.workspace.query
    result = ask("SELECT * EXCLUDE moment FROM db.t")
    assert result.rows == [(1, "170141183460469231731687303715884105727", [1, 2], "b")]
    assert ask("SELECT n FROM db.ops__jobs").rows == [(5,)]
    for sql in (
        "SELECT * FROM db.leak",
        f"SELECT * FROM '{path}'",
        f"ATTACH '{path}' AS x",
        "SELECT * FROM db.ops.jobs",
    ):
        with pytest.raises(DinobaseError):
            ask(sql)
    assert path.read_bytes() == before


def test_two_live_databases_and_files_join(desk: Desk, tmp_path: Path, maria: Callable[[str], str]) -> None:
    assert isinstance(maria, InDatabase)
    maria("CREATE TABLE p (id int PRIMARY KEY, name varchar(20)); INSERT INTO p VALUES (1,'Ann')")
    with sqlite3.connect(tmp_path / "a.db") as file:
        file.execute("CREATE TABLE s (id INTEGER, v TEXT)")
        file.execute("INSERT INTO s VALUES (1, 'x')")
    (tmp_path / "f.csv").write_text("id,w\n1,y\n")
    desk.add("mariadb", name="m", connection_string=maria.url, mode="live")
    desk.add("sqlite", name="s", path=str(tmp_path / "a.db"), mode="live")
    desk.add("csv", name="f", path=str(tmp_path / "f.csv"))
    sql = "SELECT p.name, s.v, f.w FROM m.p JOIN s.s ON s.id = p.id JOIN f.f ON f.id = p.id"
    assert desk.workspace.query(sql).rows == [("Ann", "x", "y")]
