"""Plain tables beside the lakes: what must not cost a snapshot. One SQLite file, or a schema in PostgreSQL.

Every change is one transaction; statements are written once with `?` and run on both. Migrations are numbered, run in
order, each in a transaction of its own, and are never edited after a release.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dinobase.core.errors import DinobaseError, LakeError, ReadOnlyError
from dinobase.core.secrets import redact
from dinobase.core.settings import can_write
from dinobase.lake import disk, unwritable

SCHEMA = "dinobase"
_CANNOT_WRITE = ("unable to open", "readonly", "read-only")
Row = tuple[Any, ...]

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE sync_runs (
            run_id TEXT PRIMARY KEY,
            connector TEXT NOT NULL,
            mode TEXT NOT NULL,
            status TEXT NOT NULL,
            started_at TEXT NOT NULL,
            finished_at TEXT,
            rows BIGINT NOT NULL DEFAULT 0,
            error TEXT
        )""",
        """CREATE TABLE sync_run_tables (
            run_id TEXT NOT NULL,
            connector TEXT NOT NULL,
            table_name TEXT NOT NULL,
            status TEXT NOT NULL,
            started_at TEXT NOT NULL,
            finished_at TEXT,
            rows BIGINT NOT NULL DEFAULT 0,
            inserted BIGINT NOT NULL DEFAULT 0,
            updated BIGINT NOT NULL DEFAULT 0,
            deleted BIGINT NOT NULL DEFAULT 0,
            total_rows BIGINT,
            bytes BIGINT NOT NULL DEFAULT 0,
            requests BIGINT NOT NULL DEFAULT 0,
            retries BIGINT NOT NULL DEFAULT 0,
            duration_s DOUBLE PRECISION NOT NULL DEFAULT 0,
            snapshot BIGINT,
            error TEXT,
            PRIMARY KEY (run_id, table_name)
        )""",
        "CREATE INDEX sync_runs_by_connector ON sync_runs (connector, started_at)",
        "CREATE INDEX sync_run_tables_by_table ON sync_run_tables (connector, table_name, started_at)",
    ),
    (
        """CREATE TABLE tokens (
            hash TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            created_at TEXT NOT NULL,
            expires_at TEXT,
            revoked_at TEXT
        )""",
        "CREATE INDEX tokens_by_name ON tokens (name)",
    ),
    ("ALTER TABLE sync_runs ADD COLUMN started_by TEXT NOT NULL DEFAULT 'cli'",),
    (
        """CREATE TABLE mutations (
            mutation_id TEXT PRIMARY KEY,
            batch_id TEXT NOT NULL,
            place BIGINT NOT NULL,
            identity TEXT NOT NULL,
            connector TEXT NOT NULL,
            table_name TEXT NOT NULL,
            operation TEXT NOT NULL,
            sql TEXT NOT NULL,
            status TEXT NOT NULL,
            approval TEXT NOT NULL,
            rows BIGINT NOT NULL,
            plan TEXT,
            plan_hash TEXT NOT NULL,
            created_at TEXT NOT NULL,
            expires_at TEXT NOT NULL,
            approved_by TEXT,
            approved_at TEXT,
            finished_at TEXT,
            undo_of TEXT
        )""",
        """CREATE TABLE mutation_steps (
            mutation_id TEXT NOT NULL,
            step BIGINT NOT NULL,
            call_number BIGINT NOT NULL,
            operation TEXT NOT NULL,
            record_key TEXT NOT NULL,
            status TEXT NOT NULL,
            request TEXT,
            before_image TEXT,
            answer TEXT,
            http_status BIGINT,
            error TEXT,
            idempotency_key TEXT,
            sent_at TEXT,
            finished_at TEXT,
            PRIMARY KEY (mutation_id, step)
        )""",
        """CREATE TABLE mutation_journal (
            place BIGINT PRIMARY KEY,
            at TEXT NOT NULL,
            mutation_id TEXT NOT NULL,
            event TEXT NOT NULL,
            facts TEXT NOT NULL,
            body TEXT,
            body_hash TEXT NOT NULL,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL
        )""",
        "CREATE INDEX mutations_by_time ON mutations (created_at)",
        "CREATE INDEX mutations_by_batch ON mutations (batch_id)",
    ),
    ("ALTER TABLE sync_run_tables ADD COLUMN listed_at TEXT",),
    (
        """CREATE TABLE annotations (
            place BIGINT PRIMARY KEY,
            connector TEXT NOT NULL,
            table_name TEXT NOT NULL,
            column_name TEXT NOT NULL,
            key TEXT NOT NULL,
            origin TEXT NOT NULL,
            value TEXT,
            confidence DOUBLE PRECISION NOT NULL,
            author TEXT NOT NULL,
            at TEXT NOT NULL
        )""",
        "CREATE INDEX annotations_by_connector ON annotations (connector)",
    ),
    (
        """CREATE TABLE relationships (
            child_connector TEXT NOT NULL,
            child_table TEXT NOT NULL,
            child_columns TEXT NOT NULL,
            parent_connector TEXT NOT NULL,
            parent_table TEXT NOT NULL,
            parent_columns TEXT NOT NULL,
            form TEXT NOT NULL,
            origin TEXT NOT NULL,
            shown BIGINT NOT NULL,
            evidence TEXT NOT NULL,
            child_version TEXT NOT NULL,
            parent_version TEXT NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (child_connector, child_table, child_columns, parent_connector, parent_table, parent_columns)
        )""",
        "CREATE INDEX relationships_by_parent ON relationships (parent_connector, parent_table)",
    ),
    (
        """CREATE TABLE metrics (
            place BIGINT PRIMARY KEY,
            name TEXT NOT NULL,
            definition TEXT,
            origin TEXT NOT NULL,
            author TEXT NOT NULL,
            at TEXT NOT NULL
        )""",
        "CREATE INDEX metrics_by_name ON metrics (name)",
    ),
    (
        """CREATE TABLE profiles (
            connector TEXT NOT NULL,
            table_name TEXT NOT NULL,
            stamp TEXT NOT NULL,
            version BIGINT NOT NULL,
            at TEXT NOT NULL,
            facts TEXT NOT NULL,
            PRIMARY KEY (connector, table_name)
        )""",
    ),
)


class Records:
    """One connection; short-lived, one thread."""

    def __init__(self, connection: Any, *, postgres: bool) -> None:
        self._connection = connection
        self._postgres = postgres

    @property
    def postgres(self) -> bool:
        """Tell whether the records are in PostgreSQL, where a transaction does not shut out all others."""
        return self._postgres

    @property
    def version(self) -> int:
        """How many migrations were run; what is read without writing may be behind."""
        return len(MIGRATIONS) if self._postgres else int(self.rows("PRAGMA user_version")[0][0])

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a SELECT."""
        return list(self._execute(sql, values).fetchall())

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one change inside `changes()`; returns how many rows it touched."""
        return int(self._execute(sql, values).rowcount)

    def _execute(self, sql: str, values: Sequence[Any]) -> Any:
        if self._postgres:
            sql = sql.replace("%", "%%").replace("?", "%s")
            values = [v.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(v, str) else v for v in values]
        return self._connection.execute(sql, tuple(values))

    def scrub(self) -> None:
        """Write what is kept anew, so that no page of a file holds what was deleted or changed."""
        self._connection.execute("VACUUM")
        if not self._postgres:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @contextmanager
    def changes(self) -> Iterator[Records]:
        """Commit what is run inside, or none of it."""
        self._connection.execute("BEGIN" if self._postgres else "BEGIN IMMEDIATE")
        try:
            yield self
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


@contextmanager
def open_records(state: Path, catalog: str = "") -> Iterator[Records]:
    """Open the workspace's records for reading and writing; `catalog` is storage.catalog, '' for a file."""
    if catalog:
        with _open_postgres(catalog) as records:
            yield records
        return
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(state / "records.db", timeout=30, isolation_level=None)
    except sqlite3.Error as error:
        raise _failed(error, state) from None
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        records = Records(connection, postgres=False)
        _migrate_sqlite(connection, records)
        yield records
    except sqlite3.Error as error:
        raise _failed(error, state) from None
    finally:
        connection.close()


@contextmanager
def read_records(state: Path, catalog: str = "", *, since: int = 1) -> Iterator[Records | None]:
    """Open the records for reading alone; writes nothing, migrates nothing.

    None where nothing was ever recorded, or nothing since the migration that made the caller's tables.
    """
    if catalog:
        with _open_postgres(catalog) as records:
            yield records
        return
    path = state / "records.db"
    if not path.is_file():
        yield None
        return
    try:
        connection = unwritable.connect(path)
    except sqlite3.Error as error:
        raise _failed(error, state) from None
    try:
        ready = connection.execute("PRAGMA user_version").fetchone()[0] >= since
        yield Records(connection, postgres=False) if ready else None
    except sqlite3.Error as error:
        raise _failed(error, state) from None
    finally:
        connection.close()


def _migrate_sqlite(connection: sqlite3.Connection, records: Records) -> None:
    done = connection.execute("PRAGMA user_version").fetchone()[0]
    if done > len(MIGRATIONS):
        raise _newer(done)
    for number in range(done + 1, len(MIGRATIONS) + 1):
        with records.changes():
            if connection.execute("PRAGMA user_version").fetchone()[0] >= number:
                continue  # another process was first
            for statement in MIGRATIONS[number - 1]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


@contextmanager
def _open_postgres(catalog: str) -> Iterator[Records]:
    import psycopg  # heavy, and only where the catalog is shared

    try:
        with psycopg.connect(catalog, autocommit=True, connect_timeout=10) as connection:
            records = Records(connection, postgres=True)
            if not connection.execute(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = 'migrations'",
                (SCHEMA,),
            ).fetchone():
                _first_postgres(records)
            connection.execute(f"SET search_path TO {SCHEMA}".encode())
            _migrate_postgres(records)
            yield records
    except psycopg.Error as error:
        raise _failed(error) from None


def _first_postgres(records: Records) -> None:
    with records.changes():
        records.run("SELECT pg_advisory_xact_lock(7233190157612)")  # CREATE IF NOT EXISTS races with itself
        records.run(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        records.run(f"CREATE TABLE IF NOT EXISTS {SCHEMA}.migrations (number BIGINT PRIMARY KEY)")


def _migrate_postgres(records: Records) -> None:
    done = int(records.rows("SELECT COALESCE(max(number), 0) FROM migrations")[0][0])
    if done > len(MIGRATIONS):
        raise _newer(done)
    for number in range(done + 1, len(MIGRATIONS) + 1):
        with records.changes():
            records.run("SELECT pg_advisory_xact_lock(7233190157612)")
            if records.rows("SELECT 1 FROM migrations WHERE number = ?", [number]):
                continue
            for statement in MIGRATIONS[number - 1]:
                records.run(statement)
            records.run("INSERT INTO migrations VALUES (?)", [number])


def _newer(number: int) -> LakeError:
    return LakeError(
        f"The records are of a newer version ({number}) than this program knows ({len(MIGRATIONS)})",
        code="lake.newer",
        hint="pip install --upgrade dinobase",
    )


def _failed(error: Exception, state: Path | None = None) -> DinobaseError:
    text = redact(str(error)).strip().splitlines()
    reason = text[0] if text else type(error).__name__
    if state is not None and disk.is_full(reason, state):
        return disk.full()
    if state is not None and not can_write(state) and any(words in reason for words in _CANNOT_WRITE):
        return ReadOnlyError(state)
    return LakeError(f"The workspace's records cannot be used: {reason}", code="lake.records", hint="dinobase doctor")
