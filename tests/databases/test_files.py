"""SQLite and DuckDB files as sources: types by what is in them, keys, names, and a second sync."""

# ruff: noqa: E501 - SQL and what it gives, on the lines they are on

from __future__ import annotations

import sqlite3
from pathlib import Path

import _duckdb
import pytest

from dinobase.core.errors import CredentialMissing, FetchError, UsageError
from tests.databases.desk import Desk


def sqlite_file(path: Path, script: str) -> str:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.commit()
    connection.close()
    return str(path)


def duckdb_file(path: Path, script: str) -> str:
    connection = _duckdb.connect(str(path))
    connection.execute(script)
    connection.close()
    return str(path)


SQLITE: list[tuple[str, str, str, str]] = [  # declared type, value, type in the lake, what it reads as
    ("INTEGER", "-9223372036854775808", "BIGINT", "-9223372036854775808"),
    ("", "9223372036854775807", "BIGINT", "9223372036854775807"),
    ("REAL", "0.1", "DOUBLE", "0.1"),
    ("REAL", "9e999", "DOUBLE", "inf"),
    ("REAL", "5e-324", "DOUBLE", "5e-324"),
    ("TEXT", "'é😀'", "VARCHAR", "é😀"),
    ("TEXT", "'12'", "VARCHAR", "12"),
    ("BLOB", "x'00ff41'", "BLOB", "\\x00\\xFFA"),
    ("BOOLEAN", "1", "BOOLEAN", "true"),
    ("BOOLEAN", "2", "BIGINT", "2"),
    ("DATE", "'2024-02-29'", "DATE", "2024-02-29"),
    ("DATE", "'29.2.2024'", "VARCHAR", "29.2.2024"),
    ("DATE", "'2024-02-31'", "VARCHAR", "2024-02-31"),
    ("DATETIME", "'2024-02-29 01:02:03.456'", "TIMESTAMP", "2024-02-29 01:02:03.456"),
    ("TIMESTAMP", "'2024-02-29T01:02:03'", "TIMESTAMP", "2024-02-29 01:02:03"),
    ("DATETIME", "1709164800", "BIGINT", "1709164800"),
    ("DATETIME", "'2024-02-29 01:02:03.123456Z'", "TIMESTAMP", "2024-02-29 01:02:03.123456"),
    ("DATETIME", "'2024-02-29T01:02:03Z'", "TIMESTAMP", "2024-02-29 01:02:03"),
    ("DATETIME", "'2024-06-01 09:30:00-05:00'", "VARCHAR", "2024-06-01 09:30:00-05:00"),
    ("DATETIME", "'2024-06-01 09:30:00.5+02'", "VARCHAR", "2024-06-01 09:30:00.5+02"),
    ("DATETIME", "'2024-06-01 09:30:00.123456789'", "VARCHAR", "2024-06-01 09:30:00.123456789"),
    ("DATETIME", "'2024-06-01 09:30:00 (about)'", "VARCHAR", "2024-06-01 09:30:00 (about)"),
    ("DATETIME", "'2024-06-01 09:30:00.ZZ'", "VARCHAR", "2024-06-01 09:30:00.ZZ"),
    ("JSON", "'{\"a\": 1}'", "JSON", '{"a": 1}'),
    ("JSON", "'no json'", "VARCHAR", "no json"),
    ("DECIMAL(10,2)", "1.25", "DOUBLE", "1.25"),
    ("INTEGER", "'text'", "VARCHAR", "text"),
]


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """One table a case: what one column holds must not decide how another is read."""
    folder = tmp_path_factory.mktemp("sqlite")
    script = "".join(
        f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY, v {declared}); INSERT INTO t{n} VALUES (1, {value}), (2, NULL);"
        for n, (declared, value, *_) in enumerate(SQLITE)
    )
    desk = Desk(folder / "workspace")
    desk.add("sqlite", path=sqlite_file(folder / "types.db", script))
    desk.good()
    return desk


@pytest.mark.parametrize("number", range(len(SQLITE)), ids=lambda n: f"{n}-{SQLITE[n][0]}")
def test_a_sqlite_value_keeps_its_storage_class(typed: Desk, number: int) -> None:
    _, _, type_, expected = SQLITE[number]
    assert typed.types(f"db.t{number}")["v"] == type_
    assert typed.rows(f"SELECT CAST(v AS VARCHAR) FROM db.t{number} ORDER BY id") == [(expected,), (None,)]


def test_a_sqlite_column_of_several_kinds_of_value_is_text_that_tells_them_apart(tmp_path: Path, desk: Desk) -> None:
    desk.add(
        "sqlite",
        path=sqlite_file(tmp_path / "a.db", "CREATE TABLE t (v); INSERT INTO t VALUES (1), (1.5), ('x'), (x'00')"),
    )
    desk.good()
    assert sorted(desk.rows("SELECT v FROM db.t")) == [("1",), ("1.5",), ("x",), ("x'00'",)]


def test_a_sqlite_column_that_gets_texts_later_becomes_text(tmp_path: Path, desk: Desk) -> None:
    path = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 7)")
    desk.add("sqlite", path=path)
    desk.good()
    sqlite_file(Path(path), "INSERT INTO t VALUES (2, 'seven'); DELETE FROM t WHERE id = 9")
    desk.good()
    assert desk.rows("SELECT v FROM db.t ORDER BY id") == [("7",), ("seven",)]
    assert desk.good()["t"].status == "unchanged"


def test_sqlite_keys_and_links_are_known(tmp_path: Path, desk: Desk) -> None:
    script = """
    CREATE TABLE people (id INTEGER PRIMARY KEY, email TEXT); CREATE TABLE loose (id TEXT PRIMARY KEY);
    CREATE TABLE posts (a INT NOT NULL, b INT NOT NULL, author INT REFERENCES people(id), PRIMARY KEY (a, b));
    CREATE VIEW seen AS SELECT * FROM posts; INSERT INTO loose VALUES (NULL), (NULL);
    INSERT INTO people VALUES (1, 'a@example.com'); INSERT INTO posts VALUES (1, 1, 1)
    """
    desk.add("sqlite", connection_string=f"sqlite:///{sqlite_file(tmp_path / 'a.db', script)}")
    assert {name: t.total_rows for name, t in desk.good().items()} == {"people": 1, "posts": 1, "seen": 1, "loose": 2}
    [posts] = desk.workspace.describe(["db.posts"])
    assert posts.primary_key == ["a", "b"]
    assert [r.join for r in posts.related_tables] == ["db.posts.author = db.people.id"]


def test_a_duckdb_file_keeps_its_types_nested_ones_too(tmp_path: Path, desk: Desk) -> None:
    script = """
    CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
    CREATE SCHEMA ops;
    CREATE TABLE t (
      id INTEGER PRIMARY KEY, h HUGEINT, u UBIGINT, e mood, i INTERVAL, z TIMESTAMPTZ, d DECIMAL(38, 10),
      l INTEGER[], f INTEGER[2], s STRUCT(a INTEGER, m mood[]), m MAP(VARCHAR, INTEGER), b BIT, n TIMESTAMP_NS, j JSON,
      x UNION(a INTEGER, t VARCHAR), w TIMETZ, g UUID, blob BLOB
    );
    COMMENT ON TABLE t IS 'All of it';
    INSERT INTO t VALUES (
      1, -170141183460469231731687303715884105728, 18446744073709551615, 'it''s ok', INTERVAL '1 month 2 days 00:00:00.000001',
      '2024-01-01 00:00:00+02', 1.0000000001, [1, NULL], [3, 4], {'a': 1, 'm': ['sad']}, MAP {'k': 1}, '101'::BIT,
      '2024-01-01 00:00:00.123456789', '{"a": 1}', 7, '12:00:00+02', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '\\x00'::BLOB
    );
    CREATE TABLE ops.crew (t INTEGER REFERENCES t(id)) ;
    """.replace("CREATE TABLE ops.crew (t INTEGER REFERENCES t(id)) ;", "CREATE TABLE ops.crew (n INTEGER);")
    assert sorted(desk.add("duckdb", path=duckdb_file(tmp_path / "a.duckdb", script))) == ["ops__crew", "t"]
    desk.good()
    assert desk.types("db.t") == {
        "id": "INTEGER", "h": "VARCHAR", "u": "UBIGINT", "e": "VARCHAR", "i": "VARCHAR", "z": "TIMESTAMPTZ",
        "d": "DECIMAL(38,10)", "l": "INTEGER[]", "f": "INTEGER[]", "s": "STRUCT(a INTEGER, m VARCHAR[])",
        "m": "MAP(VARCHAR, INTEGER)", "b": "VARCHAR", "n": "TIMESTAMP_NS", "j": "JSON", "x": "VARCHAR",
        "w": "VARCHAR", "g": "UUID", "blob": "BLOB",
    }  # fmt: skip
    [row] = desk.rows("SELECT CAST(COLUMNS(*) AS VARCHAR) FROM db.t")
    assert row == (
        "1", "-170141183460469231731687303715884105728", "18446744073709551615", "it's ok", "1 month 2 days 00:00:00.000001",
        "2023-12-31 22:00:00+00", "1.0000000001", "[1, NULL]", "[3, 4]", "{'a': 1, 'm': [sad]}", "{k=1}", "101",
        "2024-01-01 00:00:00.123456789", '{"a": 1}', "7", "12:00:00+02", "ffffffff-ffff-ffff-ffff-ffffffffffff", "\\x00",
    )  # fmt: skip
    assert {t.status for t in desk.good().values()} == {"unchanged"}
    [described] = desk.workspace.describe(["db.t"])
    assert (described.description, described.primary_key) == ("All of it", ["id"])


def test_a_file_that_is_not_there_is_said_and_not_made(tmp_path: Path, desk: Desk) -> None:
    with pytest.raises(FetchError) as caught:
        desk.add("sqlite", path=str(tmp_path / "none.db"))
    assert caught.value.error_code == "source.absent"
    assert not (tmp_path / "none.db").exists()


def test_which_file_must_be_said(desk: Desk) -> None:
    with pytest.raises(CredentialMissing) as caught:
        desk.add("duckdb")
    assert caught.value.hint == "dinobase add duckdb --path FILE"


def test_a_source_is_available_by_name_and_its_entry_is_in_config_yaml(tmp_path: Path, desk: Desk) -> None:
    path = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    desk.add("sqlite", name="notes", path=path, tables="t")
    entry = desk.workspace.config().connectors["notes"]
    assert (entry.type, entry.params) == ("sqlite", {"path": path, "tables": "t"})
    assert {c.name for c in desk.workspace.available("database").available} >= {
        "postgres",
        "mariadb",
        "sqlite",
        "duckdb",
    }
    assert all(
        check.status == "ok"
        for check in desk.workspace.doctor().checks
        if "notes" in check.name or "sqlite" in check.name
    )


def test_options_can_be_written_as_lists_in_config_yaml(tmp_path: Path, desk: Desk) -> None:
    path = sqlite_file(
        tmp_path / "a.db", "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY)"
    )
    desk.add("sqlite", path=path)
    config = desk.workspace.paths.config
    config.write_text(f"connectors:\n  db: {{type: sqlite, params: {{path: {path}, tables: [a, b*]}}}}\n")
    assert sorted(desk.good()) == ["a", "b"]
    config.write_text(f"connectors:\n  db: {{type: sqlite, params: {{path: {path}, tables: [b*]}}}}\n")
    assert sorted(desk.good()) == ["b"]


def test_what_asks_for_a_file_says_that_a_database_has_none(tmp_path: Path, desk: Desk) -> None:
    desk.add("sqlite", path=sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)"))
    with pytest.raises(UsageError) as caught:
        desk.workspace.connector_test("db")
    assert caught.value.error_code == "connector.no_file"


def test_a_policy_masks_columns_whose_names_promise_personal_data(tmp_path: Path, desk: Desk) -> None:
    script = "CREATE TABLE t (id INTEGER PRIMARY KEY, email TEXT, plan TEXT); INSERT INTO t VALUES (1, 'a@example.com', 'pro')"
    path = sqlite_file(tmp_path / "a.db", script)
    desk.add("sqlite", path=path)
    desk.good()
    with desk.workspace.paths.config.open("a") as file:
        file.write("access:\n  bot: {sources: ['*'], pii: deny}\n")
    assert list(desk.workspace.query("SELECT * FROM db.t", identity="bot").columns) == ["id", "plan"]
    assert list(desk.workspace.query("SELECT email FROM db.t").rows) == [("a@example.com",)]


def test_removing_a_database_leaves_nothing_of_it_and_its_file_untouched(tmp_path: Path, desk: Desk) -> None:
    path = sqlite_file(tmp_path / "a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY)")
    before = Path(path).read_bytes()
    desk.add("sqlite", path=path)
    desk.good()
    desk.workspace.remove("db")
    assert not list(desk.workspace.paths.state.glob("db.source*"))
    assert Path(path).read_bytes() == before
