"""Amazon Redshift and CockroachDB: they speak PostgreSQL's protocol, without its binary COPY and whole catalogue.

Everything that is no plain number or text is asked for as the server writes it: its own words lose nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dinobase.extract.readers.dbapi import taking
from dinobase.extract.readers.dbapi.dialect import (
    At,
    ColumnFound,
    Dialect,
    Found,
    LinkFound,
    Rows,
    Session,
    TableFound,
    schemas_where,
)
from dinobase.extract.readers.dbapi.source import DriverKind
from dinobase.extract.readers.dbapi.taking import Taken
from dinobase.extract.readers.options import Selection

if TYPE_CHECKING:
    import psycopg

_SYSTEM = ("pg_catalog", "information_schema", "pg_internal", "pg_automv", "pg_extension", "crdb_internal", "pg_toast")
# What PostgreSQL 8.0 had, of which Redshift's catalogue is made, and no more.
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull,
  col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class'), c.reltuples
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND {schemas} AND has_table_privilege(c.oid, 'SELECT')
  AND has_schema_privilege(n.nspname, 'USAGE')
ORDER BY n.nspname, c.relname, a.attnum
"""
_KEYS = """
SELECT n.nspname, c.relname, x.contype, x.conname, x.conkey, fn.nspname, f.relname, x.confkey
FROM pg_constraint x JOIN pg_class c ON c.oid = x.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class f ON f.oid = x.confrelid LEFT JOIN pg_namespace fn ON fn.oid = f.relnamespace
WHERE x.contype IN ('p', 'u', 'f') AND {schemas} ORDER BY n.nspname, c.relname, x.contype, x.conname
"""
_LABELS = """
SELECT n.nspname, t.typname, l.enumlabel FROM pg_enum l JOIN pg_type t ON t.oid = l.enumtypid
JOIN pg_namespace n ON n.oid = t.typnamespace ORDER BY n.nspname, t.typname, l.enumsortorder
"""
_EXACT = {
    "smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT", "real": "FLOAT", "double precision": "DOUBLE",
    "boolean": "BOOLEAN", "bytea": "BLOB",
}  # fmt: skip
_PARSED = {
    "date": "DATE", "time without time zone": "TIME", "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ", "uuid": "UUID",
}  # fmt: skip
_AS_TEXT = "CAST({0} AS varchar)"
_DECIMAL = re.compile(r"numeric\((\d+),(\d+)\)")
_SIZE = re.compile(r"\(\d+\)")
_AT_ONCE = 1_000
_BEGIN = "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"


class PgSession:
    """Rows stream without a cursor at the server, which both engines bound or lack."""

    def __init__(self, url: str) -> None:
        import psycopg

        # Redshift calls its encoding UNICODE, which Python has no codec for.
        options = "connect_timeout=20&client_encoding=utf8&application_name=dinobase"
        there = f"postgresql://{url.partition('://')[2]}"
        full = f"{there}{'&' if '?' in there else '?'}{options}"
        self._connection: psycopg.Connection[tuple[Any, ...]] = psycopg.connect(
            full, autocommit=True, prepare_threshold=None
        )
        self._connection.execute("SET datestyle TO ISO, YMD")
        self._connection.execute("SET timezone TO 'UTC'")

    def rows(self, sql: str) -> Rows:
        """Run a query and return all its rows."""
        return self._connection.execute(sql.encode()).fetchall()

    def batches(self, sql: str) -> Iterator[Rows]:
        """Run a query and give its rows as they come."""
        held: list[tuple[Any, ...]] = []
        with self._connection.cursor() as cursor:
            for row in cursor.stream(sql.encode(), size=_AT_ONCE):
                held.append(row)
                if len(held) == _AT_ONCE:
                    yield held
                    held = []
        if held:
            yield held

    def again(self) -> None:
        """Begin a transaction: one state for all that is read in it."""
        self._connection.rollback()
        self._connection.execute(_BEGIN)

    def cancel(self) -> None:
        """Stop what runs."""
        self._connection.cancel()

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


def connect(url: str, selection: Selection) -> Session:
    """Connect."""
    del selection
    return PgSession(url)


def catalog(session: Session, selection: Selection) -> Found:
    """Read the catalogue."""
    where = schemas_where("n.nspname", selection, _SYSTEM)
    labels: dict[str, list[str]] = {}
    names: dict[tuple[At, int], ColumnFound] = {}
    tables: dict[At, TableFound] = {}
    for s, t, label in _enums(session):
        for called in (t, f"{s}.{t}"):
            labels.setdefault(called, []).append(label)
    for s, t, c, number, native, filled, about, about_table, count in session.rows(_COLUMNS.format(schemas=where)):
        values = tuple(labels.get(native.replace('"', ""), ()))
        names[(s, t), number] = ColumnFound((s, t), c, native, not filled, about or "", values)
        tables[s, t] = TableFound(about_table or "", int(count) if count and count > 0 else -1)
    keys: dict[At, tuple[str, ...]] = {}
    links = []
    for s, t, kind, _, own, rs, rt, theirs in session.rows(_KEYS.format(schemas=where)):
        columns = [names.get(((s, t), n)) for n in _numbers(own)]
        found = [c for c in columns if c is not None]
        if len(found) < len(columns):
            continue
        if kind in {"f", b"f"}:
            to = tuple(names[(rs, rt), n].name for n in _numbers(theirs) if ((rs, rt), n) in names)
            links.append(LinkFound((s, t), tuple(c.name for c in found), (rs, rt), to))
        elif not any(c.nullable for c in found):
            keys.setdefault((s, t), tuple(c.name for c in found))
    return Found(list(names.values()), tables, keys, links, "public")


def _enums(session: Session) -> Rows:
    """Return enums and their values; Redshift has none, and no catalogue of them."""
    try:
        return session.rows(_LABELS)
    except Exception:  # noqa: BLE001 - whatever an older catalogue says to it
        session.again()
        return []


def _numbers(value: object) -> Sequence[int]:
    if isinstance(value, str):
        return [int(n) for n in re.findall(r"\d+", value)]
    return [int(n) for n in value] if isinstance(value, (list, tuple)) else []


def _take(native: str) -> Taken:
    plain = _SIZE.sub("", native)
    if native in _EXACT:
        return taking.exact(_EXACT[native])
    if plain in _PARSED:
        return taking.parsed(_PARSED[plain], _AS_TEXT)
    found = _DECIMAL.fullmatch(native)
    if found:
        return taking.decimal(int(found[1]), int(found[2]), _AS_TEXT)
    if plain == "numeric":
        return taking.number(_AS_TEXT)
    return taking.text(_AS_TEXT)


def take_cockroach(native: str) -> Taken:
    """Return how a column of CockroachDB is taken."""
    if native in {"json", "jsonb"}:
        return taking.json(_AS_TEXT)
    if native.endswith("[]"):
        element = _SIZE.sub("", native[:-2])
        kind = _EXACT.get(element) or _PARSED.get(element) or taking.TEXT
        plain = kind in {"SMALLINT", "INTEGER", "BIGINT", "BOOLEAN", "UUID"} or element in {"text", "character varying"}
        remote = "CAST(to_json({0}) AS varchar)"
        return taking.json_list(kind, remote) if plain else taking.json(remote)
    if native == "oid":
        return taking.exact("BIGINT", "CAST({0} AS bigint)")
    return _take(native)


def take_redshift(native: str) -> Taken:
    """Return how a column of Redshift is taken."""
    if native == "super":
        return taking.json("JSON_SERIALIZE({0})")
    if native.startswith(("binary varying", "varbyte")):
        return taking.hexed("TO_HEX({0})")
    if native in {"geometry", "geography"}:
        return taking.text("ST_AsEWKT({0})")
    return _take(native)


_BOUNDS = {"": "CAST('{0}' AS {native})"}
_CLOCK = "SELECT CAST(now() AT TIME ZONE 'UTC' AS varchar)"
COCKROACHDB = Dialect(
    "cockroachdb", "psycopg", "cockroachdb://user:password@host:26257/database", connect, catalog, take_cockroach,
    _BOUNDS, _CLOCK,
)  # fmt: skip
REDSHIFT = Dialect(
    "redshift", "psycopg", "redshift://user:password@cluster.region.redshift.amazonaws.com:5439/database", connect,
    catalog, take_redshift, _BOUNDS, "SELECT CAST(getdate() AS varchar)", enforced=False,
)  # fmt: skip
COCKROACH_KIND = DriverKind(COCKROACHDB)
REDSHIFT_KIND = DriverKind(REDSHIFT)
