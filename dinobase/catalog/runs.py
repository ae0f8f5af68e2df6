"""What was synced when and how it ended: one record per run, one per table in it; freshness follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dinobase.core.clock import iso, now
from dinobase.lake.lock import sync_runs
from dinobase.lake.records import Records, open_records, read_records

DEFAULT_FRESHNESS_S = 3600.0
KEPT_RUNS = 500  # of a connector; one that is due every 30 s would leave a million in a year
_MORE = 100  # before the oldest are dropped, so that not every run drops one
_GOOD = ("success", "unchanged")
_RUNS_HAVE_OWNERS = 3  # the migration that added them
_TABLES_HAVE_MOMENTS = 5


@dataclass(frozen=True, slots=True)
class TableRun:
    """How one table of a run ended; status is success, unchanged, error or skipped.

    listed_at: when the listing began that was only taken up again by this run: its rows are of then.
    """

    table: str
    status: str
    started_at: datetime
    finished_at: datetime
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    total_rows: int | None = None
    bytes: int = 0
    requests: int = 0
    retries: int = 0
    snapshot: int | None = None
    error: str | None = None
    listed_at: str | None = None


@dataclass(frozen=True, slots=True)
class LastSync:
    """How a table stands.

    synced_at: end of the last run that brought the table up to date, of a resumed one the beginning of its listing;
    status and error: of the last one tried.
    """

    synced_at: str | None = None
    status: str | None = None
    error: str | None = None
    total_rows: int | None = None

    def is_stale(self, freshness_s: float = DEFAULT_FRESHNESS_S, *, at: datetime | None = None) -> bool:
        """Say whether the copy is older than it may be; one that never came is."""
        if self.synced_at is None:
            return True
        age = (at or now()) - datetime.fromisoformat(self.synced_at)
        return age.total_seconds() > freshness_s


class RunLog:
    """Records the runs of all connectors of a workspace."""

    def __init__(self, state: Path, catalog: str = "") -> None:
        self._state = state
        self._catalog = catalog

    def start(
        self, run_id: str, connector: str, *, mode: str = "incremental", at: datetime | None = None, by: str = "cli"
    ) -> None:
        """Record that a run began, and which identity asked for it; what an earlier one left open was killed."""
        with open_records(self._state, self._catalog) as records, records.changes():
            records.run(
                "UPDATE sync_runs SET status = 'interrupted' WHERE connector = ? AND status = 'running'", [connector]
            )
            records.run(
                "INSERT INTO sync_runs (run_id, connector, mode, status, started_at, started_by)"
                " VALUES (?, ?, ?, 'running', ?, ?)",
                [run_id, connector, mode, iso(at or now()), by],
            )
            _drop_old(records, connector)

    def table(self, run_id: str, connector: str, table: TableRun) -> None:
        """Record how one table ended."""
        duration = (table.finished_at - table.started_at).total_seconds()
        values: list[Any] = [
            run_id, connector, table.table, table.status, iso(table.started_at), iso(table.finished_at), table.rows,
            table.inserted, table.updated, table.deleted, table.total_rows, table.bytes, table.requests, table.retries,
            duration, table.snapshot, table.error, table.listed_at,
        ]  # fmt: skip
        with open_records(self._state, self._catalog) as records, records.changes():
            records.run("DELETE FROM sync_run_tables WHERE run_id = ? AND table_name = ?", [run_id, table.table])
            records.run(
                "INSERT INTO sync_run_tables (run_id, connector, table_name, status, started_at, finished_at, rows,"
                " inserted, updated, deleted, total_rows, bytes, requests, retries, duration_s, snapshot, error,"
                " listed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def finish(
        self, run_id: str, *, status: str, rows: int = 0, error: str | None = None, at: datetime | None = None
    ) -> None:
        """Record how the run ended: success, partial or error."""
        with open_records(self._state, self._catalog) as records, records.changes():
            records.run(
                "UPDATE sync_runs SET status = ?, finished_at = ?, rows = ?, error = ? WHERE run_id = ?",
                [status, iso(at or now()), rows, error, run_id],
            )

    def forget(self, connector: str) -> None:
        """Drop all records of a connector that is removed."""
        with open_records(self._state, self._catalog) as records, records.changes():
            records.run("DELETE FROM sync_run_tables WHERE connector = ?", [connector])
            records.run("DELETE FROM sync_runs WHERE connector = ?", [connector])

    def last_syncs(self, connectors: Iterable[str]) -> dict[tuple[str, str], LastSync]:
        """Return (connector, table) -> how it stands; a table that was never synced is not in it."""
        names = list(connectors)
        if not names:
            return {}
        with read_records(self._state, self._catalog) as records:
            return _last_syncs(records, names) if records is not None else {}

    def last_run(self, connector: str) -> Mapping[str, Any] | None:
        """Return the connector's newest run as a row, None where there is none."""
        return next(iter(self.last_runs(connector, 1)), None)

    def last_runs(self, connector: str, count: int) -> list[Mapping[str, Any]]:
        """Return so many of the connector's runs as rows, the newest first."""
        runs = self._newest(connector, count)
        if runs and runs[0]["status"] == "running" and not self._may_run(connector):
            # It may have ended between the two looks: a run says that it has before it lets go of the lock.
            seen, runs = runs[0]["run_id"], self._newest(connector, count)
            if runs and runs[0]["run_id"] == seen and runs[0]["status"] == "running":
                runs[0]["status"] = "interrupted"
        return list(runs)

    def _newest(self, connector: str, count: int) -> list[dict[str, Any]]:
        columns = ", ".join(RUN_COLUMNS)
        sql = f"SELECT {columns} FROM sync_runs WHERE connector = ? ORDER BY started_at DESC LIMIT ?"
        with read_records(self._state, self._catalog) as records:
            found = records.rows(sql, [connector, count]) if records is not None else []
        return [dict(zip(RUN_COLUMNS, row, strict=True)) for row in found]

    def _may_run(self, connector: str) -> bool:
        """Tell whether a run that has no end may go on: where the catalog is shared, on another machine."""
        return bool(self._catalog) or sync_runs(connector, self._state)

    def rows(self, table: str, columns: Iterable[str], *, by: str = "") -> list[tuple[Any, ...]]:
        """Return a record table for `_dinobase.*` in SQL: all of it, or what one identity's runs left."""
        sql = f"SELECT {', '.join(columns)} FROM {table}"
        own = " WHERE run_id IN (SELECT run_id FROM sync_runs WHERE started_by = ?)" if by else ""
        with read_records(self._state, self._catalog, since=_RUNS_HAVE_OWNERS if by else 1) as records:
            if records is None:
                return []
            return records.rows(f"{sql}{own} ORDER BY started_at", [by] if by else [])

    def writes(self, table: str, columns: Iterable[str], *, by: str = "") -> list[tuple[Any, ...]]:
        """Return `mutations` or `mutation_steps`; `by`: what one identity planned."""
        from dinobase.catalog import mutations  # only a query that names them asks

        return mutations.rows(table, tuple(columns), self._state, self._catalog, identity=by)


RUN_COLUMNS = ("run_id", "connector", "mode", "status", "started_at", "finished_at", "rows", "error")
TABLE_COLUMNS = (
    "run_id", "connector", "table_name", "status", "started_at", "finished_at", "rows", "inserted", "updated",
    "deleted", "total_rows", "bytes", "requests", "retries", "duration_s", "snapshot", "error",
)  # fmt: skip


def _drop_old(records: Records, connector: str) -> None:
    """Keep the newest runs, and of each table the last that worked and the last that did not, however old."""
    sql = "SELECT started_at FROM sync_runs WHERE connector = ? ORDER BY started_at DESC LIMIT 1 OFFSET ?"
    if not records.rows(sql, [connector, KEPT_RUNS + _MORE]):
        return
    oldest = records.rows(sql, [connector, KEPT_RUNS - 1])[0][0]
    last = (
        "SELECT run_id FROM (SELECT run_id, row_number() OVER (PARTITION BY table_name,"
        " CASE WHEN status IN ('success', 'unchanged') THEN 1 ELSE 0 END ORDER BY started_at DESC, run_id DESC)"
        " AS place FROM sync_run_tables WHERE connector = ? AND status <> 'skipped') newest WHERE place = 1"
    )
    old = "SELECT run_id FROM sync_runs WHERE connector = ? AND started_at < ?"
    records.run(
        f"DELETE FROM sync_run_tables WHERE connector = ? AND run_id IN ({old}) AND run_id NOT IN ({last})",
        [connector, connector, oldest, connector],
    )
    records.run(
        "DELETE FROM sync_runs WHERE connector = ? AND started_at < ?"
        " AND run_id NOT IN (SELECT run_id FROM sync_run_tables WHERE connector = ?)",
        [connector, oldest, connector],
    )


def _last_syncs(records: Records, names: list[str]) -> dict[tuple[str, str], LastSync]:
    marks = ", ".join("?" for _ in names)
    moment = "COALESCE(listed_at, finished_at)" if records.version >= _TABLES_HAVE_MOMENTS else "finished_at"
    rows = records.rows(
        f"SELECT connector, table_name, status, {moment}, error, total_rows FROM ("
        " SELECT t.*, row_number() OVER (PARTITION BY connector, table_name,"
        " CASE WHEN status IN ('success', 'unchanged') THEN 1 ELSE 0 END"
        " ORDER BY started_at DESC, run_id DESC) AS place"
        f" FROM sync_run_tables t WHERE connector IN ({marks}) AND status <> 'skipped') newest"
        " WHERE place = 1 ORDER BY started_at, run_id",
        names,
    )
    found: dict[tuple[str, str], LastSync] = {}
    for connector, table, status, finished, error, total in rows:
        before = found.get((connector, table), LastSync())
        if status in _GOOD:
            found[connector, table] = LastSync(finished, status, None, total)
        else:
            found[connector, table] = LastSync(before.synced_at, status, error, before.total_rows)
    return found
