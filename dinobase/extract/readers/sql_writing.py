"""Writing rows to a database: one transaction, values as parameters, each cast to its column's own type.

A row is locked before it is looked at, so that what is compared is what is written; whoever leaves without `commit`
leaves nothing behind.
"""

from __future__ import annotations

import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from dinobase.core import secrets
from dinobase.core.errors import FetchError
from dinobase.extract.readers.base import SourceColumn, SourceKind, SourceTable
from dinobase.lake.sql import ident

if TYPE_CHECKING:
    from dinobase.extract.readers.database import Database

_JSON = msgspec.json.Encoder(decimal_format="number", enc_hook=str)  # a decimal with all of its digits
_BYTE = re.compile(r"\\x([0-9A-Fa-f]{2})")


class Transaction(ABC):
    """An open transaction over a DB-API connection; what a database has of its own is in the subclasses."""

    mark = "%s"
    lock_words = " FOR UPDATE"

    def __init__(self, connection: Any, faults: type[Exception]) -> None:
        self._con = connection
        self._faults = faults

    def reading(self, opened: Callable[[], Database[Any]]) -> Database[Any]:
        """Return what reads the rows that are held: a connection of its own, where the database lets one in."""
        return opened()

    def lock(self, table: SourceTable, key: Mapping[str, Any]) -> bool:
        """Hold a row until the end; False where it is not there."""
        where, values = self._where(table, key)
        return len(self._run(f"SELECT 1 FROM {table.place} WHERE {where}{self.lock_words}", values).fetchall()) == 1

    def insert(self, table: SourceTable, row: Mapping[str, Any]) -> dict[str, Any]:
        """Insert a row; returns the key that the database gave it, of columns that the row has not."""
        columns = [self._column(table, name) for name in row]
        names = ", ".join(self.quoted(c.name) for c in columns)
        marks = ", ".join(self.parameter(c) for c in columns)
        missing = [k for k in table.key if k not in row]
        head = f"INSERT INTO {table.place} ({names}) VALUES ({marks})" if row else self.empty(table)
        told = f" RETURNING {', '.join(map(self.quoted, missing))}" if missing else ""
        found = self._run(head + told, [self.value(c, row[c.name]) for c in columns])
        given = found.fetchone() if missing else ()
        return dict(zip(missing, given, strict=True))

    def update(self, table: SourceTable, key: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        """Change a row that is held."""
        columns = [self._column(table, name) for name in row]
        sets = ", ".join(f"{self.quoted(c.name)} = {self.parameter(c)}" for c in columns)
        where, values = self._where(table, key)
        self._run(
            f"UPDATE {table.place} SET {sets} WHERE {where}", [*(self.value(c, row[c.name]) for c in columns), *values]
        )

    def delete(self, table: SourceTable, key: Mapping[str, Any]) -> None:
        """Delete a row that is held."""
        where, values = self._where(table, key)
        self._run(f"DELETE FROM {table.place} WHERE {where}", values)

    def commit(self) -> None:
        """Make it hold; raises FetchError."""
        try:
            self._con.commit()
        except self._faults as error:
            raise _said(error) from None

    def _where(self, table: SourceTable, key: Mapping[str, Any]) -> tuple[str, list[Any]]:
        columns = [self._column(table, name) for name in key]
        return (
            " AND ".join(f"{self.quoted(c.name)} = {self.parameter(c)}" for c in columns),
            [self.value(c, key[c.name]) for c in columns],
        )

    @staticmethod
    def _column(table: SourceTable, name: str) -> SourceColumn:
        found = table.column(name)
        if found is None:
            raise FetchError(
                f"{table.name} has no column {name} at its source any more",
                code="source.changed",
                hint="A sync brings the table as it is; then plan the write again.",
            )
        return found

    def _run(self, sql: str, values: Sequence[Any]) -> Any:
        try:
            cursor = self._con.cursor()
            cursor.execute(sql, tuple(values))
        except self._faults as error:
            raise _said(error) from None
        return cursor

    def empty(self, table: SourceTable) -> str:
        """Return the INSERT of a row that has all by default."""
        return f"INSERT INTO {table.place} DEFAULT VALUES"

    def quoted(self, name: str) -> str:
        """Quote a column's name."""
        return ident(name)

    def parameter(self, column: SourceColumn) -> str:
        """Return the place of a value, cast to its column's type."""
        del column
        return self.mark

    @abstractmethod
    def value(self, column: SourceColumn, value: Any) -> Any:
        """Return a value as the driver takes it."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take back what was not committed."""
        with suppress(Exception):  # a connection that is lost takes it back by itself
            self._con.rollback()
        self._con.close()


@runtime_checkable
class WritableKind(SourceKind, Protocol):
    """A kind of source whose rows can be written."""

    def target(self, values: Mapping[str, str]) -> str:
        """Return where writes go, without what is secret; "" where nothing can be written."""

    def writing(self, values: Mapping[str, str]) -> Transaction:
        """Begin a transaction; raises FetchError."""


class PostgresTransaction(Transaction):
    """PostgreSQL."""

    def __init__(self, url: str) -> None:
        import psycopg  # heavy, and only where something is written

        secrets.register_url(url)
        try:
            connection = psycopg.connect(url, connect_timeout=10)
            connection.execute("SET DateStyle = 'ISO'; SET TimeZone = 'UTC'; SET lock_timeout = '30s'")
        except psycopg.Error as error:
            raise _said(error) from None
        super().__init__(connection, psycopg.Error)

    def quoted(self, name: str) -> str:
        """Quote; a percent sign would be a parameter's."""
        return ident(name).replace("%", "%%")

    def parameter(self, column: SourceColumn) -> str:
        """Have the server read the text by the column's type."""
        native = column.native.replace("%", "%%")
        if column.type.endswith("[]"):
            return f"%s::text[]::{native}"
        return f"%s::numeric::{native}" if native == "money" else f"%s::{native}"

    def value(self, column: SourceColumn, value: Any) -> Any:
        """Return text, a list of texts of an array, bytes."""
        if isinstance(value, list) and column.type.endswith("[]"):
            return [None if v is None else as_text(v) for v in value]
        if value is None:
            return None
        return as_bytes(value) if column.type == "BLOB" else as_text(value)


class MysqlTransaction(Transaction):
    """MySQL and MariaDB."""

    def __init__(self, url: str) -> None:
        try:
            import pymysql
        except ImportError:
            raise FetchError(
                "writing to MySQL and MariaDB takes the driver `pymysql`, which is not installed",
                code="extra.missing",
                hint="pip install 'dinobase[mysql]'",
            ) from None
        secrets.register_url(url)
        parts = urlsplit(url)
        where = parse_qs(parts.query).get("socket", [None])[0]
        try:
            connection = pymysql.connect(
                host=parts.hostname or "127.0.0.1",
                port=parts.port or 3306,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                database=unquote(parts.path.lstrip("/")) or None,
                unix_socket=where,
                charset="utf8mb4",
                connect_timeout=10,
                init_command="SET time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')",
            )
        except pymysql.Error as error:
            raise _said(error) from None
        super().__init__(connection, pymysql.Error)

    def empty(self, table: SourceTable) -> str:
        """Return the INSERT of a row that has all by default."""
        return f"INSERT INTO {table.place} () VALUES ()"

    def quoted(self, name: str) -> str:
        """Quote; a percent sign would be a parameter's."""
        return "`" + name.replace("`", "``").replace("%", "%%") + "`"

    def value(self, column: SourceColumn, value: Any) -> Any:
        """Return what the server reads by the column's type; an instant in UTC without its letter."""
        if value is None or isinstance(value, int | float | Decimal):
            return value
        if column.type == "BLOB":
            return as_bytes(value)
        return _clock(as_text(value)) if column.type.startswith("TIMESTAMP") else as_text(value)


class SqliteTransaction(Transaction):
    """A SQLite file; who writes to it holds it alone."""

    mark = "?"
    lock_words = ""

    def __init__(self, path: str) -> None:
        try:
            connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _said(error) from None
        super().__init__(connection, sqlite3.Error)

    def value(self, column: SourceColumn, value: Any) -> Any:
        """Return the storage class that the type here came from."""
        if isinstance(value, bool):
            return int(value)
        if value is None or isinstance(value, int | float):
            return value
        if column.type == "BLOB":
            return as_bytes(value)
        return _clock(as_text(value)) if column.type.startswith("TIMESTAMP") else as_text(value)


def as_text(value: Any) -> str:
    """Return a value as text: JSON of what is nested, all digits of a number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return _JSON.encode(value).decode()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def as_bytes(value: Any) -> bytes:
    r"""Return the bytes that DuckDB writes as `\x00abc`."""
    text = str(value)
    found = bytearray()
    at = 0
    for match in _BYTE.finditer(text):
        found += text[at : match.start()].encode() + bytes.fromhex(match[1])
        at = match.end()
    return bytes(found + text[at:].encode())


def _clock(text: str) -> str:
    return text.replace("T", " ").removesuffix("Z")


def _said(error: Exception) -> FetchError:
    first = secrets.redact(" ".join(str(a) for a in error.args).strip().split("\n\n")[0] or type(error).__name__)
    return FetchError(first, code="source.refused", hint="The database said so; nothing was written.")
