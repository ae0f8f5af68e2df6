"""A table `orders` in a database of each kind that can be written, connected to a workspace."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pymysql
import pytest

from tests.databases.desk import Desk, InDatabase

TABLE = """
CREATE TABLE orders (
  id {serial}, state varchar(20) NOT NULL, amount numeric(12,2) CHECK (amount >= 0), made {moment}, note varchar(200),
  data {blob}, CONSTRAINT once UNIQUE (note)
)
"""
ROWS = """
INSERT INTO orders (id, state, amount, made, note, data) VALUES
 (1, 'new', 10.50, '2024-01-02 03:04:05', 'a', {bytes}),
 (2, 'new', 20, '2024-01-02 03:04:06', NULL, NULL), (3, 'paid', 30, NULL, 'c', NULL)"""


@dataclass(frozen=True)
class Shop:
    """A database of some kind with a table `orders`, connected as `db`."""

    desk: Desk
    run: Callable[[str], list[tuple[Any, ...]]]
    held: Callable[[], AbstractContextManager[None]]

    def write(self, sql: str) -> dict[str, Any]:
        return dict(self.desk.workspace.write(sql))

    def confirm(self, planned: dict[str, Any]) -> dict[str, Any]:
        return dict(self.desk.workspace.mutations().confirm(planned["mutation_id"], human=True))

    def rows(self, columns: str = "id, state, amount, note") -> list[tuple[Any, ...]]:
        """Return what the lake has."""
        return self.desk.rows(f"SELECT {columns} FROM db.orders ORDER BY id")

    def there(self, columns: str = "id, state, amount, note") -> list[tuple[str, ...]]:
        """Return what the source has, as text."""
        return [
            tuple("" if v is None else str(v) for v in row)
            for row in self.run(f"SELECT {columns} FROM orders ORDER BY id")
        ]


def of_postgres(url: str) -> Callable[[str], list[tuple[Any, ...]]]:
    def run(sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    return run


def of_sqlite(path: Path) -> Callable[[str], list[tuple[Any, ...]]]:
    def run(sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(path, timeout=20)
        try:
            found = connection.execute(sql).fetchall()
            connection.commit()
            return found
        finally:
            connection.close()

    return run


def of_duckdb(path: Path) -> Callable[[str], list[tuple[Any, ...]]]:
    def run(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(path) as connection:
            return list(connection.execute(sql).fetchall())

    return run


def of_maria(maria: InDatabase) -> Callable[[str], list[tuple[Any, ...]]]:
    def run(sql: str) -> list[tuple[Any, ...]]:
        return [tuple("" if v == "NULL" else v for v in line.split("\t")) for line in maria(sql).splitlines()]

    return run


@contextmanager
def held(connection: Any, *statements: str) -> Iterator[None]:
    """Hold what statements lock, as another program would."""
    with closing(connection):
        cursor = connection.cursor()
        for sql in statements:
            cursor.execute(sql)
        try:
            yield
        finally:
            connection.rollback()


def shop_of(kind: str, request: pytest.FixtureRequest, desk: Desk, folder: Path) -> Shop:
    """Make the table, connect it and sync."""
    lock = "SELECT * FROM orders FOR UPDATE"
    if kind == "postgres":
        url = request.getfixturevalue("postgres")
        run, given = of_postgres(url), {"connection_string": url}
        words = {"serial": "serial PRIMARY KEY", "moment": "timestamptz", "blob": "bytea", "bytes": "'\\x01'"}
        holding: Callable[[], Any] = lambda: held(psycopg.connect(url), lock)  # noqa: E731 - one of four
    elif kind == "mariadb":
        maria = request.getfixturevalue("maria")
        run, given = of_maria(maria), {"connection_string": maria.url}
        words = {
            "serial": "int AUTO_INCREMENT PRIMARY KEY",
            "moment": "timestamp NULL",
            "blob": "blob",
            "bytes": "X'01'",
        }
        port, name = maria.server.port, maria.name
        holding = lambda: held(pymysql.connect(host="127.0.0.1", port=port, user="root", database=name), lock)  # noqa: E731
    elif kind == "duckdb":
        path = folder / "shop.duckdb"
        run, given = of_duckdb(path), {"path": str(path)}
        words = {
            "serial": "INTEGER PRIMARY KEY DEFAULT nextval('ids')",
            "moment": "timestamp",
            "blob": "blob",
            "bytes": "'\\x01'::BLOB",
        }
        run("CREATE SEQUENCE ids START 4")
        holding = lambda: held(duckdb.connect(path).begin())  # noqa: E731
    else:
        path = folder / "shop.db"
        run, given = of_sqlite(path), {"path": str(path)}
        words = {"serial": "INTEGER PRIMARY KEY", "moment": "timestamp", "blob": "blob", "bytes": "X'01'"}
        holding = lambda: held(sqlite3.connect(path, isolation_level=None), "BEGIN IMMEDIATE")  # noqa: E731
    run(TABLE.format(**words))
    run(ROWS.format(**words))
    if kind == "postgres":
        run("SELECT setval('orders_id_seq', 3)")
    desk.add(kind, **given)
    desk.good()
    return Shop(desk, run, holding)
