"""Takes one record out of a lake for good: its row, every older version, the files and statistics that held it.

A lake has one history for all its tables, and a file that holds the record belongs to many versions: so older versions
go as a whole, and what is kept is how everything stands now.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dinobase.core.errors import LakeError, QueryError, UnknownName, did_you_mean
from dinobase.core.secrets import redact
from dinobase.lake import ddl, state
from dinobase.lake.connection import ALIAS, STATE, Writer
from dinobase.lake.location import LakeLocation
from dinobase.lake.lock import sync_lock, write_lock
from dinobase.lake.sql import ident, literal

_MEMORY = "512MB"
_SHORTEST = 4  # shorter texts are in everything
_LARGE = 10**6  # smaller numbers are, too


@dataclass(frozen=True, slots=True)
class Forgotten:
    """`key`: column -> value as text; `values`: texts that were this record's and are no other row's of the table."""

    table: str
    key: Mapping[str, str]
    rows: int
    values: Sequence[str]
    versions: int
    files: int


def forget(
    location: LakeLocation,
    folder: Path,
    table: str,
    values: Sequence[str],
    *,
    temp: Path,
    memory: Callable[[Mapping[str, str], Sequence[str]], Mapping[str, str]],
) -> Forgotten:
    """Do it; `memory` gives what the lake is to remember of the table without the record. Raises lake.locked."""
    with sync_lock(location, folder), write_lock(location, folder):
        writer = Writer(location, temp, memory=_MEMORY)
        try:
            writer.attach()
            name = _table(writer, table)
            before = state.read(writer).get(name, {})
            key = _key(name, before, values)
            where = _where(key)
            held = _held(writer, name, where)
            rows = int(writer.one(f"SELECT count(*) FROM {ALIAS}.{ident(name)} WHERE {where}"))
            message = json.dumps({"resource": name, "deleted": rows})
            with writer.transaction(f"forget {name}", lambda: message):
                writer.run(f"DELETE FROM {ALIAS}.{ident(name)} WHERE {where}")
                state.write(writer, name, before, memory(before, values))
            mine = dict.fromkeys([*held, *(value for value in values if telling(value))])
            own = [value for value in mine if not _elsewhere(writer, name, value)]
            versions, files = _purge(writer, name)
        finally:
            writer.close()
        _scrub(location, name)
    return Forgotten(name, key, rows, own, versions, files)


def _table(writer: Writer, name: str) -> str:
    sql = f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{ALIAS}' AND table_name <> '{STATE}'"
    known = {str(row[0]).lower(): str(row[0]) for row in writer.rows(sql)}
    found = known.get(name.lower())
    if found is None:
        near = did_you_mean(name.lower(), known)
        hint = f"Did you mean {known[near]}?" if near else f"Tables: {', '.join(sorted(known.values()))}."
        raise UnknownName(f"There is no table {name}", code="unknown.table", hint=hint, table=name)
    return found


def _key(table: str, memory: Mapping[str, str], values: Sequence[str]) -> dict[str, str]:
    names = json.loads(memory.get("key", "[]"))
    if not names:
        raise QueryError(
            f"{table} has no key that tells its rows apart",
            code="forget.key",
            hint="Remove the connector, or its table.",
        )
    if len(names) != len(values):
        raise QueryError(
            f"The key of {table} is {', '.join(names)}: {len(names)} values, and {len(values)} were given",
            code="forget.key",
            hint=f"dinobase forget {table} {' '.join(n.upper() for n in names)}",
            key=names,
        )
    return dict(zip(names, values, strict=True))


def _where(key: Mapping[str, str]) -> str:
    return " AND ".join(f"CAST({ident(c)} AS VARCHAR) = {literal(v)}" for c, v in key.items())


def _held(writer: Writer, table: str, where: str) -> list[str]:
    """Return all texts that the record has held in any version that is still there."""
    first, last = writer.rows(f"SELECT min(snapshot_id), max(snapshot_id) FROM ducklake_snapshots({literal(ALIAS)})")[0]
    whole = f"{ALIAS}.{ident(table)}"
    inserted = f"ducklake_table_insertions({literal(ALIAS)}, 'main', {literal(table)}, {first}, {last})"
    found: dict[str, None] = {}
    for source in (whole, f"{whole} AT (VERSION => {first})", inserted):
        columns = ", ".join(f"CAST({ident(c)} AS VARCHAR)" for c in ddl.columns_of(writer, table))
        with suppress(LakeError):  # the table was not there yet, or had other columns
            for row in writer.rows(f"SELECT DISTINCT {columns} FROM {source} WHERE {where}"):
                for cell in row:
                    found |= dict.fromkeys(_texts(cell))
    return list(found)


def _texts(cell: str | None) -> list[str]:
    if cell is None:
        return []
    try:
        inside = _leaves(json.loads(cell))
    except ValueError:
        inside = [cell]
    return [text for text in inside if telling(text)]


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _leaves(each)]
    if isinstance(value, list):
        return [text for each in value for text in _leaves(each)]
    return [] if value is None or isinstance(value, bool | float) else [str(value)]


def telling(text: str) -> bool:
    """Say whether a text is long enough to tell whose it is."""
    if text.lstrip("-").isdigit():
        return abs(int(text)) >= _LARGE
    return len(text) >= _SHORTEST


def _elsewhere(writer: Writer, table: str, value: str) -> bool:
    """Tell whether another row holds the text too: then it does not tell who the record was."""
    columns = ddl.columns_of(writer, table)
    some = " OR ".join(f"contains(CAST({ident(c)} AS VARCHAR), {literal(value)})" for c in columns)
    return bool(writer.rows(f"SELECT 1 FROM {ALIAS}.{ident(table)} WHERE {some} LIMIT 1"))


def _purge(writer: Writer, table: str) -> tuple[int, int]:
    """Write files with deleted rows anew, drop all versions but the newest, and every file that only those had."""
    lake = literal(ALIAS)
    dropped = _expire(writer)
    writer.run(f"CALL ducklake_rewrite_data_files({lake}, {literal(table)}, delete_threshold => 0)")
    dropped += _expire(writer)
    files = writer.rows(f"CALL ducklake_cleanup_old_files({lake}, cleanup_all => true)")
    files += writer.rows(f"CALL ducklake_delete_orphaned_files({lake}, cleanup_all => true)")
    return dropped, len(files)


def _expire(writer: Writer) -> int:
    """Drop all versions but the newest; returns how many."""
    lake = literal(ALIAS)
    sql = f"SELECT snapshot_id FROM ducklake_snapshots({lake}) ORDER BY snapshot_id DESC OFFSET 1"
    old = [str(row[0]) for row in writer.rows(sql)]
    if old:
        writer.run(f"CALL ducklake_expire_snapshots({lake}, versions => [{', '.join(old)}])")
    return len(old)


_STATISTICS = (
    "UPDATE ducklake_table_column_stats SET min_value = NULL, max_value = NULL WHERE table_id IN"
    " (SELECT table_id FROM ducklake_table WHERE table_name = ?)"
)


def _scrub(location: LakeLocation, table: str) -> None:
    """Take the record's values out of the catalog's statistics, and out of the pages of what was deleted there."""
    if location.on_postgres:
        _scrub_postgres(location, table)
        return
    try:
        with closing(sqlite3.connect(location.catalog, timeout=60, isolation_level=None)) as catalog:
            catalog.execute(_STATISTICS, (table,))
            catalog.execute("VACUUM")
            catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        raise _unscrubbed(location, error) from None


def _scrub_postgres(location: LakeLocation, table: str) -> None:
    import psycopg

    try:
        with psycopg.connect(location.catalog, autocommit=True) as connection:
            connection.execute(f"SET search_path TO {ident(location.meta_schema)}".encode())
            connection.execute(_STATISTICS.replace("?", "%s").encode(), (table,))
            sql = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
            for (name,) in connection.execute(sql, (location.meta_schema,)).fetchall():
                connection.execute(f"VACUUM {ident(name)}".encode())
    except psycopg.Error as error:
        raise _unscrubbed(location, error) from None


def _unscrubbed(location: LakeLocation, error: Exception) -> LakeError:
    return LakeError(
        f"The record is out of {location.name}, but its catalog could not be written anew: "
        f"{redact(str(error)).strip().splitlines()[0]}",
        code="lake.catalog",
        hint="Run it again when nothing else uses the workspace.",
        retry=True,
        connector=location.name,
    )
