"""What a lake holds at one version: tables, columns, sizes, snapshots. Names starting `_dinobase` do not exist here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dinobase.lake.location import LakeLocation
from dinobase.lake.metadata import Metadata, open_metadata

HIDDEN = "_dinobase"
_ALIVE = "begin_snapshot <= ? AND (end_snapshot IS NULL OR end_snapshot > ?)"
_TYPES = {
    "int8": "TINYINT", "int16": "SMALLINT", "int32": "INTEGER", "int64": "BIGINT", "int128": "HUGEINT",
    "uint8": "UTINYINT", "uint16": "USMALLINT", "uint32": "UINTEGER", "uint64": "UBIGINT", "uint128": "UHUGEINT",
    "float32": "FLOAT", "float64": "DOUBLE", "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "timetz": "TIME WITH TIME ZONE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A table, or a view where `table_id` is 0; `rows` and `bytes` are of the version's files."""

    name: str
    table_id: int = 0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class LakeColumn:
    """`type` is DuckDB's own spelling."""

    name: str
    type: str
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version; `extra` is what the writer said about it."""

    version: int
    time: str
    changes: str
    message: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LakeView:
    """A lake as it is at `snapshot`; `tables` is keyed by lower-case name."""

    location: LakeLocation
    snapshot: int
    time: str
    tables: Mapping[str, LakeTable]


def view_lake(location: LakeLocation) -> LakeView:
    """Return the newest version's tables."""
    with open_metadata(location) as metadata:
        return _view(metadata, location)


def _view(metadata: Metadata, location: LakeLocation) -> LakeView:
    version, time = metadata.rows(
        "SELECT snapshot_id, snapshot_time FROM ducklake_snapshot ORDER BY snapshot_id DESC LIMIT 1"
    )[0]
    return LakeView(location, version, str(time), tables_at(metadata, version))


def tables_at(metadata: Metadata, version: int) -> dict[str, LakeTable]:
    """Return the tables and views of one version."""
    found = metadata.rows(
        "SELECT t.table_name, t.table_id, COALESCE(f.records, 0) - COALESCE(x.deleted, 0), COALESCE(f.bytes, 0) "
        "FROM ducklake_table t "
        "LEFT JOIN (SELECT table_id, sum(record_count) AS records, sum(file_size_bytes) AS bytes "
        f"FROM ducklake_data_file WHERE {_ALIVE} GROUP BY table_id) f ON f.table_id = t.table_id "
        f"LEFT JOIN (SELECT table_id, sum(delete_count) AS deleted FROM ducklake_delete_file WHERE {_ALIVE} "
        "GROUP BY table_id) x ON x.table_id = t.table_id "
        f"WHERE {_ALIVE.replace('begin_', 't.begin_').replace('end_', 't.end_')} ORDER BY t.table_name",
        [version] * 6,
    )
    views = metadata.rows(f"SELECT view_name FROM ducklake_view WHERE {_ALIVE} ORDER BY view_name", [version, version])
    tables = [LakeTable(name, number, int(rows), int(size)) for name, number, rows, size in found] + [
        LakeTable(row[0]) for row in views
    ]
    return {t.name.lower(): t for t in tables if not t.name.lower().startswith(HIDDEN)}


def columns_at(metadata: Metadata, version: int, table_id: int | None = None) -> dict[int, list[LakeColumn]]:
    """Return the columns of one table, or of all, by table id and in order."""
    where, values = (" AND table_id = ?", [table_id]) if table_id is not None else ("", [])
    rows = metadata.rows(
        "SELECT table_id, column_id, column_name, column_type, nulls_allowed, parent_column FROM ducklake_column "
        f"WHERE {_ALIVE}{where} ORDER BY table_id, column_order, column_id",
        [version, version, *values],
    )
    children: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
    for row in rows:
        if row[5] is not None:
            children.setdefault((row[0], row[5]), []).append(row)
    found: dict[int, list[LakeColumn]] = {}
    for row in rows:
        if row[5] is None:
            found.setdefault(row[0], []).append(LakeColumn(row[2], _type_of(row, children), bool(row[4])))
    return found


def _type_of(row: tuple[Any, ...], children: Mapping[tuple[int, int], list[tuple[Any, ...]]]) -> str:
    kind = str(row[3])
    inner = children.get((row[0], row[1]), [])
    if kind == "list" and inner:
        return f"{_type_of(inner[0], children)}[]"
    if kind == "struct":
        fields = ", ".join(f'"{child[2]}" {_type_of(child, children)}' for child in inner)
        return f"STRUCT({fields})"
    if kind == "map" and len(inner) > 1:
        return f"MAP({_type_of(inner[0], children)}, {_type_of(inner[1], children)})"
    return _TYPES.get(kind, kind.upper())


def view_bodies(metadata: Metadata, version: int) -> dict[str, str]:
    """Return view -> the SELECT that it stands for."""
    rows = metadata.rows(
        f"SELECT view_name, sql FROM ducklake_view WHERE {_ALIVE} ORDER BY view_name", [version, version]
    )
    return {name: body for name, body in rows if not name.lower().startswith(HIDDEN)}


def table_columns(location: LakeLocation, table_id: int, version: int) -> list[LakeColumn]:
    """Return one table's columns."""
    with open_metadata(location) as metadata:
        return columns_at(metadata, version, table_id).get(table_id, [])


def snapshots(location: LakeLocation) -> list[Snapshot]:
    """Return all versions that are kept, newest first."""
    with open_metadata(location) as metadata:
        return snapshot_rows(metadata)


def snapshot_rows(metadata: Metadata) -> list[Snapshot]:
    """Return all versions that are kept, newest first."""
    rows = metadata.rows(
        "SELECT s.snapshot_id, s.snapshot_time, c.changes_made, c.commit_message, c.commit_extra_info "
        "FROM ducklake_snapshot s LEFT JOIN ducklake_snapshot_changes c ON c.snapshot_id = s.snapshot_id "
        "ORDER BY s.snapshot_id DESC"
    )
    return [
        Snapshot(version, str(time), changes or "", message or "", _extra(extra))
        for version, time, changes, message, extra in rows
    ]


def _extra(text: str | None) -> Mapping[str, Any]:
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
