"""Reads a lake's catalog tables as plain rows, without DuckDB: 3 ms where attaching and asking costs 30.

Only SELECTs on the catalog's documented tables (DuckLake 1.0), and nothing is ever written here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dinobase.core.errors import LakeError
from dinobase.core.secrets import redact
from dinobase.lake import disk, unwritable
from dinobase.lake.location import LakeLocation
from dinobase.lake.sql import ident

Rows = list[tuple[Any, ...]]


class Metadata:
    """One connection to the catalog database; `?` stands for a value on both kinds."""

    def __init__(self, connection: Any, *, postgres: bool) -> None:
        self._connection = connection
        self._postgres = postgres

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Run one SELECT."""
        if self._postgres:
            sql = sql.replace("%", "%%").replace("?", "%s")
        return list(self._connection.execute(sql, tuple(values)).fetchall())


def lake_exists(location: LakeLocation) -> bool:
    """Say whether something was ever synced into this lake."""
    if not location.on_postgres:
        return lake_file(location)
    try:
        with open_metadata(location) as metadata:
            return bool(
                metadata.rows(
                    "SELECT 1 FROM information_schema.tables WHERE table_schema = ? "
                    "AND table_name = 'ducklake_snapshot'",
                    [location.meta_schema],
                )
            )
    except LakeError as error:
        if error.error_code == "lake.absent":
            return False
        raise


def lake_file(location: LakeLocation) -> bool:
    """Say whether a SQLite catalog is there; one of no bytes is what a killed first sync leaves."""
    path = Path(location.catalog)
    return path.is_file() and path.stat().st_size > 0


@contextmanager
def open_metadata(location: LakeLocation) -> Iterator[Metadata]:
    """Open the catalog for reading in one transaction, so that all answers are of one moment."""
    if location.on_postgres:
        with _postgres(location) as metadata:
            yield metadata
        return
    if not lake_file(location):
        raise _absent(location)
    try:
        connection = unwritable.connect(location.catalog)
        connection.execute("BEGIN")
    except sqlite3.Error as error:
        raise _failed(location, error) from None
    try:
        yield Metadata(connection, postgres=False)
    except sqlite3.Error as error:
        raise _failed(location, error) from None
    finally:
        connection.close()


@contextmanager
def _postgres(location: LakeLocation) -> Iterator[Metadata]:
    import psycopg  # heavy, and only where the catalog is shared

    try:
        with psycopg.connect(location.catalog, connect_timeout=10) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute(f"SET LOCAL search_path TO {ident(location.meta_schema)}".encode())
            yield Metadata(connection, postgres=True)
    except psycopg.Error as error:
        raise _failed(location, error) from None


def _failed(location: LakeLocation, error: Exception) -> LakeError:
    text = redact(str(error)).strip().splitlines()
    reason = text[0] if text else type(error).__name__
    absent = "no such table" in reason or ("relation" in reason and "does not exist" in reason)
    if not location.on_postgres and disk.is_full(reason, location.catalog):
        return disk.full()
    where = "PostgreSQL" if location.on_postgres else location.catalog
    if absent:
        return LakeError(
            f"{location.name} holds no lake yet", code="lake.absent", hint=f"dinobase sync {location.name}"
        )
    return LakeError(
        f"The catalog of {location.name} cannot be read: {reason}",
        code="lake.catalog",
        hint="dinobase doctor",
        catalog=where,
    )


def _absent(location: LakeLocation) -> LakeError:
    return LakeError(f"{location.name} holds no lake yet", code="lake.absent", hint=f"dinobase sync {location.name}")
