"""Keeps a lake small and fast without changing what it says: files merged, old versions and lost files removed.

All of it happens under the write lock. Files that nothing refers to any more stay for a grace, since a query
or a load in progress may read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dinobase.core.clock import now
from dinobase.lake.connection import ALIAS, Writer
from dinobase.lake.location import LakeLocation
from dinobase.lake.lock import Held, write_lock
from dinobase.lake.metadata import Metadata, lake_exists, open_metadata
from dinobase.lake.sql import literal

RETENTION = timedelta(days=30)
OLD_FILES = timedelta(hours=1)
ORPHANS = timedelta(days=1)
MANY_SMALL = 16
_SMALL_BYTES = 1_000_000
MANY_DELETED = 0.3
_FEW_DELETED = 1000
_MEMORY = "512MB"


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What was done; `versions` is how many are kept; `error` says why nothing could be."""

    name: str
    files_merged: int = 0
    files_rewritten: int = 0
    versions_expired: int = 0
    files_removed: int = 0
    orphans_removed: int = 0
    versions: int = 0
    error: Mapping[str, Any] | None = None


def needs_maintenance(location: LakeLocation, *, retention: timedelta = RETENTION, at: datetime | None = None) -> bool:
    """Say whether a table has many small files or many deleted rows, or a version is past the retention."""
    if not lake_exists(location):
        return False
    with open_metadata(location) as metadata:
        if _small_files(metadata) or _deleted_rows(metadata):
            return True
        return len(_expired(metadata, (at or now()) - retention)) > MANY_SMALL


def maintain(
    location: LakeLocation,
    state: Path,
    *,
    retention: timedelta = RETENTION,
    old_files: timedelta = OLD_FILES,
    orphans: timedelta = ORPHANS,
    at: datetime | None = None,
    timeout: float = 600.0,
) -> Maintenance:
    """Do what is to be done for one lake; raises lake.locked where a load does not end in time."""
    moment = at or now()
    if not lake_exists(location):
        return Maintenance(location.name)
    with write_lock(location, state, timeout=timeout) as held:
        with open_metadata(location) as metadata:
            rewrite = _deleted_rows(metadata)
            expired = _expired(metadata, moment - retention)
        writer = Writer(location, state / "tmp" / f"maintain-{location.name}", memory=_MEMORY)
        try:
            writer.attach()
            return _work(writer, held, rewrite, expired, moment - old_files, moment - orphans)
        finally:
            writer.close()


def _work(
    writer: Writer, held: Held, rewrite: Sequence[str], expired: Sequence[int], old_files: datetime, orphans: datetime
) -> Maintenance:
    rewritten = 0
    for table in rewrite:
        held()
        call = f"{_call('rewrite_data_files')}, {literal(table)}, delete_threshold => {MANY_DELETED})"
        rewritten += sum(int(row[2]) for row in writer.rows(call))
    held()
    merged = sum(int(row[2]) for row in writer.rows(f"{_call('merge_adjacent_files')})"))
    gone = 0
    held()
    if expired:
        versions = ", ".join(str(version) for version in expired)
        gone = len(writer.rows(f"{_call('expire_snapshots')}, versions => [{versions}])"))
    removed = len(writer.rows(f"{_call('cleanup_old_files')}, older_than => {_moment(writer, old_files)})"))
    lost = len(writer.rows(f"{_call('delete_orphaned_files')}, older_than => TIMESTAMPTZ '{orphans.isoformat()}')"))
    kept = int(writer.one(f"SELECT count(*) FROM ducklake_snapshots({literal(ALIAS)})"))
    return Maintenance(writer.location.name, merged, rewritten, gone, removed, lost, kept)


def _call(name: str) -> str:
    return f"CALL ducklake_{name}({literal(ALIAS)}"


def _moment(writer: Writer, wanted: datetime) -> str:
    """Return the time before which scheduled files go.

    A SQLite catalog keeps times as text, and DuckLake 1.5.5 compares them with another spelling of time: within one day
    all are "older". So the day before is taken: a file stays up to a day longer, never shorter.
    """
    if not writer.location.on_postgres:
        wanted = wanted.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(seconds=1)
    return f"TIMESTAMPTZ '{wanted.isoformat()}'"


def _small_files(metadata: Metadata) -> bool:
    rows = metadata.rows(
        "SELECT count(*) FROM ducklake_data_file WHERE end_snapshot IS NULL AND file_size_bytes < ? "
        "GROUP BY table_id HAVING count(*) >= ?",
        [_SMALL_BYTES, MANY_SMALL],
    )
    return bool(rows)


def _deleted_rows(metadata: Metadata) -> list[str]:
    """Return the tables in which so many rows are deleted that reading suffers."""
    rows = metadata.rows(
        "SELECT t.table_name, sum(d.record_count), sum(COALESCE(x.deleted, 0)) FROM ducklake_data_file d "
        "JOIN ducklake_table t ON t.table_id = d.table_id AND t.end_snapshot IS NULL "
        "LEFT JOIN (SELECT data_file_id, sum(delete_count) AS deleted FROM ducklake_delete_file "
        "WHERE end_snapshot IS NULL GROUP BY data_file_id) x ON x.data_file_id = d.data_file_id "
        "WHERE d.end_snapshot IS NULL GROUP BY t.table_name ORDER BY t.table_name"
    )
    return [
        str(name)
        for name, records, deleted in rows
        if records and deleted >= _FEW_DELETED and deleted / records >= MANY_DELETED
    ]


def _expired(metadata: Metadata, before: datetime) -> list[int]:
    """Return the versions older than the retention; the newest is always kept."""
    rows = metadata.rows("SELECT snapshot_id, snapshot_time FROM ducklake_snapshot ORDER BY snapshot_id DESC")
    return [int(version) for version, time in rows[1:] if _parse(time) < before]


def _parse(time: object) -> datetime:
    if isinstance(time, datetime):
        return time
    text = str(time)
    return datetime.fromisoformat(text if "+" in text or text.endswith("Z") else f"{text}+00:00")
