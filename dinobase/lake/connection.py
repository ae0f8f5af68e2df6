"""The instance that loads write with: one per connector and process, small in memory, one thread.

Two DuckDB threads are slower than one beside a running fetch, and with more the process passes `memory_limit` freely.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import _duckdb

from dinobase.core.errors import DinobaseError, LakeError, ReadOnlyError
from dinobase.core.settings import can_write, env
from dinobase.lake import disk
from dinobase.lake.attach import STORAGE_ENV, attach_sql, extensions, schema_sql, secret_sql
from dinobase.lake.extensions import SEALED, extension_path
from dinobase.lake.location import LakeLocation
from dinobase.lake.lock import Held, write_lock
from dinobase.lake.sql import literal

MEMORY = "96MB"
ROOMY = "3GB"  # as DuckDB counts what it may touch: 2,500 columns of text count so much and take 0.4
ALIAS = "lake"
STATE = "_dinobase_state"
_SESSION = "SET TimeZone = 'UTC'; SET enable_progress_bar = false"  # it would write into our stdout
_CANNOT_WRITE = re.compile("unable to open|read-?only|permission denied|cannot open", re.IGNORECASE)


@dataclass(slots=True)
class Room:
    """Whether an instance has taken more memory; all its connections share it."""

    more: bool = False


class Statements:
    """One connection to a writing instance."""

    def __init__(self, location: LakeLocation, connection: Any, room: Room) -> None:
        self.location = location
        self.room = room
        self._con = connection

    @property
    def roomy(self) -> bool:
        """The instance has taken more memory."""
        return self.room.more

    def make_room(self) -> bool:
        """Have the instance take more memory, for very wide rows, very long values; False where that was done."""
        if self.room.more:
            return False
        self.run(f"SET memory_limit = {literal(ROOMY)}")
        self.room.more = True
        return True

    def run(self, sql: str) -> None:
        """Run a statement; raises LakeError.

        Values stand in it as literals: the first bound one in a process has DuckDB look for packages: 0.3 s.
        """
        try:
            self._con.execute(sql)
        except _duckdb.Error as error:
            raise wrap(error, self.location) from error

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query and return all its rows."""
        try:
            return list(self._con.execute(sql).fetchall())
        except _duckdb.Error as error:
            raise wrap(error, self.location) from error

    def one(self, sql: str) -> Any:
        """Return the first value of the first row, None where there is none."""
        rows = self.rows(sql)
        return rows[0][0] if rows else None

    def interrupt(self) -> None:
        """Stop the statement that runs in another thread."""
        self._con.interrupt()

    def close(self) -> None:
        """Release what it holds."""
        self._con.close()


class Writer(Statements):
    """A DuckDB instance with one lake attached for writing as `lake`."""

    def __init__(self, location: LakeLocation, temp: Path, *, memory: str = MEMORY) -> None:
        self._held: Held | None = None
        self.unsure = False
        """The last transaction failed in its COMMIT: whether it was done nobody knows."""
        temp.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = _duckdb.connect(
            ":memory:",
            config={
                **SEALED,
                "threads": "1",
                "memory_limit": memory,
                "temp_directory": str(temp),
                "preserve_insertion_order": "true",
            },
        )
        super().__init__(location, connection, Room())
        try:
            for name in extensions(location):
                self._con.execute(f"LOAD {literal(extension_path(name))}")
            self._con.execute(_SESSION)
            secret = secret_sql(location, {name: env(name) or "" for name in STORAGE_ENV})
            if secret:
                self._con.execute(secret)
        except _duckdb.Error as error:
            self._con.close()
            raise wrap(error, location) from error

    def attach(self) -> None:
        """Attach the lake; made on first use. Needs the write lock where it may not exist yet."""
        try:
            if not self.location.on_postgres:
                Path(self.location.catalog).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            else:
                self._make_schema()
            if self.location.on_disk:
                Path(self.location.data).mkdir(mode=0o700, parents=True, exist_ok=True)
            self._con.execute(attach_sql(self.location, ALIAS, read_only=False, create=True))
            there = f"SELECT count(*) FROM duckdb_tables() WHERE database_name = '{ALIAS}' AND table_name = '{STATE}'"
            if not self.one(there):
                self.run(f"CREATE TABLE {ALIAS}.{STATE} (resource VARCHAR, key VARCHAR, value VARCHAR)")
                # Cursors are small rows that change with every sync: they stay in the catalog, without a file each.
                self.run(f"CALL {ALIAS}.set_option('data_inlining_row_limit', 1000, table_name => '{STATE}')")
        except _duckdb.Error as error:
            raise wrap(error, self.location) from error

    def _make_schema(self) -> None:
        import psycopg

        try:
            with psycopg.connect(self.location.catalog, autocommit=True) as connection:
                connection.execute(schema_sql(self.location).encode())
        except psycopg.Error as error:
            raise LakeError(
                f"the catalog's PostgreSQL did not answer: {str(error).strip().splitlines()[0]}",
                code="lake.catalog",
                hint="check `storage.catalog` in config.yaml, then `dinobase doctor`",
            ) from None

    def beside(self) -> Any:
        """Return a connection of its own to the same instance, for what is read while this one writes."""
        return self._con.cursor()

    def aside(self) -> Statements:
        """Return a second connection for a thread of its own: what it runs does not touch the lake."""
        connection = self.beside()
        connection.execute(_SESSION)
        return Statements(self.location, connection, self.room)

    @contextmanager
    def locked(self, state: Path, *, timeout: float = 600.0) -> Iterator[None]:
        """Hold the lake's write lock; a transaction inside asks right before its COMMIT whether it is still held."""
        with write_lock(self.location, state, timeout=timeout) as held:
            self._held = held
            try:
                yield
            finally:
                self._held = None

    @contextmanager
    def transaction(self, message: str, extra: Callable[[], str]) -> Iterator[None]:
        """Commit all or nothing; the caller holds the write lock. `extra` gives JSON, kept with the snapshot."""
        self.unsure = False
        self.run("BEGIN TRANSACTION")
        try:
            yield
            self.run(
                f"CALL {ALIAS}.set_commit_message('dinobase', {literal(message)}, extra_info => {literal(extra())})"
            )
            if self._held is not None:
                self._held()
            self.unsure = True
            self.run("COMMIT")
            self.unsure = False
        except BaseException:
            with suppress(_duckdb.Error):  # the error that led here is the one to show
                self._con.execute("ROLLBACK")
            raise


def wrap(error: _duckdb.Error, location: LakeLocation) -> DinobaseError:
    """Map DuckDB's errors to ours, once, at the edge."""
    text = str(error)
    if disk.is_full(text, location.catalog):
        return disk.full()
    for place in (location.catalog, location.data):
        if "://" not in place and not can_write(os.path.dirname(place)) and _CANNOT_WRITE.search(text):  # noqa: PTH120
            return ReadOnlyError(os.path.dirname(place))  # noqa: PTH120
    first = text.strip().split("\n\n")[0]
    return LakeError(first, code="lake.failed", hint="`dinobase doctor` checks the workspace", connector=location.name)
