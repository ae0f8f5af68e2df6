"""A replication slot and its publication: made at the first sync, read without moving it, moved on when rows are in.

What is read from the slot stays there until `advance`: whoever is killed between reads the same again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dinobase.core import clock, secrets
from dinobase.core.errors import FetchError
from dinobase.lake.sql import ident, literal, qualified

if TYPE_CHECKING:
    import psycopg

_AT_ONCE = 2_000  # messages that are on the way from the server at once
_TRIES = 40  # quarters of a second: the server may not have noticed yet that a reader was killed
_WAIT_S = 60  # a slot begins when all transactions that were running have ended
_NAME = re.compile(r"[a-z0-9_]{1,63}")
_CAPTURED = """
SELECT n.nspname, c.relname, c.relreplident,
  coalesce((SELECT json_agg(a.attname ORDER BY k.n) FROM pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY k(num, n)
    JOIN pg_attribute a ON a.attnum = k.num WHERE i.indrelid = c.oid AND a.attrelid = c.oid AND k.n <= i.indnkeyatts
    AND CASE WHEN c.relreplident = 'i' THEN i.indisreplident ELSE i.indisprimary END), '[]'),
  c.relkind = 'p' OR (c.relkind = 'r' AND c.relpersistence = 'p'
    AND NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhparent = c.oid)),
  CASE WHEN p.puballtables THEN p.oid WHEN r.oid IS NOT NULL AND to_jsonb(r)->>'prqual' IS NULL
    AND to_jsonb(r)->>'prattrs' IS NULL THEN r.oid END::int8,
  p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate AND (c.relkind <> 'p' OR p.pubviaroot),
  pg_has_role(c.relowner, 'USAGE')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_publication p ON p.pubname = %s
LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A table of the source as replication sees it.

    key: what a change says of the row it changed; able: its changes can be captured; token: of its place in the
    publication, another one once it was taken out and put back, 0 where it is in none.
    """

    key: tuple[str, ...]
    whole_rows: bool
    able: bool
    token: int
    owned: bool


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a slot is behind: bytes of the log that the server keeps for it; `status` as the server says."""

    bytes: int
    status: str


class Slot:
    """One slot with the publication of the same name, over a connection of its own."""

    def __init__(self, url: str, name: str) -> None:
        """Connect; raises FetchError."""
        if not _NAME.fullmatch(name):
            raise FetchError(
                f"`slot: {name}` is no name of a replication slot",
                code="source.slot",
                hint="lower case letters, digits and _, at most 63; `dinobase add` without --slot makes one up",
            )
        import psycopg  # heavy, and only where changes are captured

        secrets.register_url(url)
        self.name = name
        try:
            self._con: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True, connect_timeout=10)
            self._con.execute(f"SET statement_timeout = '{_WAIT_S}s'; SET DateStyle = 'ISO'; SET TimeZone = 'UTC'")
        except psycopg.Error as error:
            raise _said(error) from None

    def check(self) -> None:
        """Raise FetchError where the server writes no log that can be decoded."""
        level = str(self._one("SHOW wal_level"))
        if level != "logical":
            raise FetchError(
                f"the server writes its log with wal_level = {level}: changes cannot be captured from it",
                code="source.wal_level",
                hint="ALTER SYSTEM SET wal_level = logical; restart the server. Or --mode copy, which needs nothing.",
            )

    def standing(self) -> dict[tuple[str, str], Standing]:
        """Return how each (schema, table) stands."""
        rows = self._rows(_CAPTURED, [self.name])
        return {
            (schema, table): Standing(
                tuple(key), identity == "f", bool(plain) and identity != "n" and (bool(key) or identity == "f"),
                int(token or 0) if complete else 0, bool(owned),
            )
            for schema, table, identity, key, plain, token, complete, owned in rows
        }  # fmt: skip

    def publish(self, tables: Sequence[tuple[str, str]]) -> None:
        """Have the publication hold these tables too; what stands in it already stays."""
        if not tables:
            return
        listed = ", ".join(qualified(*table) for table in tables)
        with self._granted(f"CREATE PUBLICATION {ident(self.name)} FOR TABLE {listed}"):
            if self._one("SELECT count(*) FROM pg_publication WHERE pubname = %s", [self.name]):
                self._run(f"ALTER PUBLICATION {ident(self.name)} ADD TABLE {listed}")
            else:
                root = " WITH (publish_via_partition_root = true)"
                self._run(f"CREATE PUBLICATION {ident(self.name)} FOR TABLE {listed}{root}")

    def position(self) -> int | None:
        """Return from where on the slot has all changes, None where there is none; raises where it is not ours."""
        rows = self._rows(
            "SELECT plugin, database = current_database(), wal_status, (confirmed_flush_lsn - '0/0')::text "
            "FROM pg_replication_slots WHERE slot_name = %s",
            [self.name],
        )
        if not rows:
            return None
        plugin, here, status, lsn = rows[0]
        if plugin != "pgoutput" or not here:
            raise FetchError(
                f"the replication slot {self.name} is another's: {plugin} in {'this' if here else 'another'} database",
                code="source.slot",
                hint="Choose another name for ours: `slot` under `params` in config.yaml.",
            )
        if status == "lost":  # the server has thrown away what it was to keep
            self._run("SELECT pg_drop_replication_slot(%s)", [self.name])
            return None
        return int(lsn)

    def create(self) -> int:
        """Make the slot; returns from where on it has all changes."""
        with self._granted(f"SELECT pg_create_logical_replication_slot('{self.name}', 'pgoutput')"):
            self._run("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [self.name])
        found = self.position()
        assert found is not None
        return found

    def flushed(self) -> int:
        """Return how far the log is on disk."""
        return int(self._one("SELECT (pg_current_wal_flush_lsn() - '0/0')::text"))

    def peek(self) -> Iterator[bytes]:
        """Give the messages that wait in the slot, which keeps them."""
        import psycopg

        self._free()
        sql = (
            "SELECT data FROM pg_logical_slot_peek_binary_changes("
            f"{literal(self.name)}, NULL, NULL, 'proto_version', '1', 'publication_names', {literal(ident(self.name))})"
        )
        try:
            self._con.execute("SET statement_timeout = 0")
            with self._con.transaction(), self._con.cursor("changes", binary=True) as cursor:
                cursor.itersize = _AT_ONCE
                cursor.execute(sql.encode())
                for (data,) in cursor:
                    yield bytes(data)
            self._con.execute(f"SET statement_timeout = '{_WAIT_S}s'")
        except psycopg.Error as error:
            raise _said(error) from None

    def advance(self, lsn: int) -> None:
        """Let the server forget what is before a place."""
        self._free()
        self._run("SELECT pg_replication_slot_advance(%s, '0/0'::pg_lsn + %s::numeric)", [self.name, lsn])

    def lag(self) -> Lag | None:
        """Return how far behind the slot is, None where there is none."""
        rows = self._rows(
            "SELECT coalesce(pg_current_wal_lsn() - confirmed_flush_lsn, 0)::int8, coalesce(wal_status, '') "
            "FROM pg_replication_slots WHERE slot_name = %s",
            [self.name],
        )
        return Lag(int(rows[0][0]), str(rows[0][1])) if rows else None

    def drop(self) -> None:
        """Drop slot and publication, where they are there."""
        self._rows(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
            "WHERE slot_name = %s AND database = current_database()",
            [self.name],
        )
        self._run(f"DROP PUBLICATION IF EXISTS {ident(self.name)}")

    def _free(self) -> None:
        """Wait a moment for another reader to end; the server refuses two and says so."""
        for _ in range(_TRIES):
            if not self._one("SELECT bool_or(active) FROM pg_replication_slots WHERE slot_name = %s", [self.name]):
                return
            clock.sleep(0.25)

    @contextmanager
    def _granted(self, sql: str) -> Iterator[None]:
        """Say which statement somebody with more rights can run in our place."""
        try:
            yield
        except FetchError as error:
            if error.context.get("sqlstate") not in {"42501", "55000", "57014"}:
                raise
            hint = (
                f"It takes REPLICATION (for the slot) and ownership (for the publication). An administrator runs: {sql}"
            )
            if error.context["sqlstate"] == "57014":
                hint = f"A slot begins once the transactions that run have ended; they did not in {_WAIT_S} s."
            raise FetchError(error.message, code="source.slot", hint=hint) from None

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        import psycopg

        try:
            return self._con.execute(sql.encode(), values or None).fetchall()
        except psycopg.Error as error:
            raise _said(error) from None

    def _run(self, sql: str, values: Sequence[object] = ()) -> None:
        import psycopg

        try:
            self._con.execute(sql.encode(), values or None)
        except psycopg.Error as error:
            raise _said(error) from None

    def _one(self, sql: str, values: Sequence[object] = ()) -> Any:
        return self._rows(sql, values)[0][0]

    def interrupt(self) -> None:
        """Stop what runs in another thread."""
        with suppress(Exception):  # it is closed in any case
            self._con.cancel_safe(timeout=2)

    def close(self) -> None:
        """Disconnect."""
        self._con.close()


def statements(name: str) -> str:
    """Return what drops a slot and its publication by hand."""
    return f"SELECT pg_drop_replication_slot({literal(name)}); DROP PUBLICATION IF EXISTS {ident(name)};"


def _said(error: psycopg.Error) -> FetchError:
    first = secrets.redact(str(error).strip().split("\n")[0])
    return FetchError(
        first,
        code="source.failed",
        hint="the source said so; see whether it is up and may be read",
        sqlstate=error.sqlstate or "",
    )
