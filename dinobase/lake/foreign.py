"""Another database, attached READ_ONLY to an instance of ours: it is read, in one transaction, and never written.

Its statements run on a connection of their own, so that the lake's transaction and the source's do not meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal, TypeAlias

import _duckdb

from dinobase.core.errors import DinobaseError, FetchError
from dinobase.core.secrets import redact
from dinobase.lake.connection import Writer
from dinobase.lake.extensions import SEALED, extension_path
from dinobase.lake.sql import ident, literal

Scanner: TypeAlias = Literal["postgres", "mysql", "sqlite", "duckdb"]
SOURCE = "source"


class Foreign:
    """A database that is read through DuckDB, under the name `source`."""

    def __init__(self, scanner: Scanner, target: str, writer: Writer | None, *, options: str = "") -> None:
        """Attach; `target` may hold a password, `writer` is the instance to read beside. Raises FetchError."""
        self._scanner: Scanner = scanner
        self._own = None if writer is not None else instance()
        self._con = writer.beside() if writer is not None else self._own.cursor()  # type: ignore[union-attr]  # one is
        self._begin(lambda: self._attach(target, options))

    def _attach(self, target: str, options: str) -> None:
        if self._scanner != "duckdb":
            self._con.execute(f"LOAD {literal(extension_path(f'{self._scanner}_scanner'))}")
        if options:
            self._con.execute(options)
        kind = "" if self._scanner == "duckdb" else f"TYPE {self._scanner}, "
        self._con.execute(f"ATTACH {literal(target)} AS {ident(SOURCE)} ({kind}READ_ONLY)")

    def _begin(self, attach: Callable[[], None]) -> None:
        """Attach and begin the transaction, or close what was opened."""
        self._attached = False
        try:
            attach()
            self._attached = True
            self._con.execute("BEGIN TRANSACTION")
        except _duckdb.Error as error:
            self.close()
            raise wrapped(error) from None
        except BaseException:
            self.close()
            raise

    def query(self, sql: str) -> str:
        """Return the table expression for a statement in the source's own language."""
        return f"{self._scanner}_query({literal(SOURCE)}, {literal(sql)})"

    def run(self, sql: str) -> None:
        """Run a statement; raises FetchError."""
        try:
            self._con.execute(sql)
        except _duckdb.Error as error:
            raise wrapped(error) from None

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query and return all its rows; raises FetchError."""
        try:
            return list(self._con.execute(sql).fetchall())
        except _duckdb.Error as error:
            raise wrapped(error) from None

    def one(self, sql: str) -> Any:
        """Return the first value of the first row, None where there is none."""
        rows = self.rows(sql)
        return rows[0][0] if rows else None

    def again(self) -> None:
        """Begin a new transaction: a statement that failed has ended the other."""
        with suppress(_duckdb.Error):
            self._con.execute("ROLLBACK")
        self.run("BEGIN TRANSACTION")

    def interrupt(self) -> None:
        """Stop the statement that runs in another thread."""
        self._con.interrupt()

    def close(self) -> None:
        """End the transaction and detach."""
        with suppress(_duckdb.Error):
            self._con.execute("ROLLBACK")
        if self._attached:
            with suppress(_duckdb.Error):
                self._con.execute(f"DETACH {ident(SOURCE)}")
        self._con.close()
        if self._own is not None:
            self._own.close()


def attach_beside(connection: Any, scanner: Scanner, target: str, alias: str, options: Sequence[str] = ()) -> None:
    """Attach a database READ_ONLY on an instance that is not locked yet; raises FetchError."""
    try:
        if scanner != "duckdb":
            connection.execute(f"LOAD {literal(extension_path(f'{scanner}_scanner'))}")
        for option in options:
            connection.execute(option)
        kind = "" if scanner == "duckdb" else f"TYPE {scanner}, "
        connection.execute(f"ATTACH {literal(target)} AS {ident(alias)} ({kind}READ_ONLY)")
    except _duckdb.InterruptException:
        raise
    except _duckdb.Error as error:
        raise wrapped(error) from None


def instance() -> Any:
    """Open an instance that holds nothing, for looking at a source."""
    connection = _duckdb.connect(":memory:", config={**SEALED, "threads": "1", "memory_limit": "96MB"})
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    return connection


def wrapped(error: _duckdb.Error) -> DinobaseError:
    """Map DuckDB's errors to ours: what the source said, without what is secret."""
    first = redact(str(error).strip().split("\n\n")[0])
    return FetchError(first, code="source.failed", hint="the source said so; see whether it is up and may be read")
