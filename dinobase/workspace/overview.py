"""What is connected and how fresh it is: from the records and the catalogs' own tables, without opening a database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dinobase.catalog.runs import DEFAULT_FRESHNESS_S, LastSync, RunLog
from dinobase.core.clock import iso
from dinobase.core.secrets import redact_url
from dinobase.core.settings import Paths
from dinobase.kinds import duration
from dinobase.lake.introspect import HIDDEN, view_lake
from dinobase.lake.location import LakeLocation, Storage
from dinobase.lake.metadata import lake_exists
from dinobase.spec.config_plain import plain_config
from dinobase.sync import sources
from dinobase.workspace import results

_GOOD = ("success", "unchanged")


def connectors(search: str, paths: Paths) -> results.Connectors:
    """List connected connectors with their tables."""
    found = []
    for status in status_of(paths).connectors:
        if search.lower() not in f"{status.name} {status.type}".lower():
            continue
        found.append(
            results.ConnectorSummary(
                name=status.name,
                type=status.type,
                tables=[results.TableRows(t.name, t.rows) for t in status.tables if t.rows or t.last_sync],
                last_sync=status.last_sync,
                is_stale=status.is_stale,
                definition=_origin(status.type, paths),
            )
        )
    return results.Connectors(found)


def status_of(paths: Paths) -> results.Status:
    """Say how every table stands."""
    config = plain_config(paths)
    url, catalog = config["storage"]["url"], config["storage"]["catalog"]
    storage, log = Storage(paths.lakes, url, catalog), RunLog(paths.state, catalog)
    entries = sorted(config["connectors"].items())
    syncs = log.last_syncs(name for name, _ in entries)
    return results.Status(
        workspace=str(paths.root),
        storage=url or str(paths.lakes),
        catalog=redact_url(catalog) or "sqlite",
        connectors=[_connector(storage.lake(name), entry, syncs, log) for name, entry in entries],
    )


def _connector(
    location: LakeLocation, entry: Mapping[str, Any], syncs: Mapping[tuple[str, str], LastSync], log: RunLog
) -> results.ConnectorStatus:
    name = location.name
    rows = _rows(location)
    own = {table: last for (connector, table), last in syncs.items() if connector == name}
    freshness = duration.seconds(entry.get("freshness") or "") or DEFAULT_FRESHNESS_S
    tables = [_table(t, rows, own.get(t, LastSync()), freshness) for t in sorted({*rows, *own})]
    run = log.last_run(name)
    times = [t.last_sync for t in tables if t.last_sync]
    return results.ConnectorStatus(
        name=name,
        type=entry["type"],
        status=str(run["status"]) if run else "never",
        last_sync=max(times, default=None),
        is_stale=not tables or any(t.is_stale for t in tables),
        tables=tables,
        sync_interval=entry.get("sync_interval") or None,
        error=str(run["error"]) if run and run["error"] else None,
    )


def _table(name: str, rows: Mapping[str, int], last: LastSync, freshness: float) -> results.TableStatus:
    counted = last.total_rows if last.total_rows is not None else rows.get(name, 0)
    return results.TableStatus(
        name=name,
        rows=counted,
        status=last.status or "never",
        last_sync=iso(datetime.fromisoformat(last.synced_at)) if last.synced_at else None,
        is_stale=last.is_stale(freshness),
        error=last.error if last.status not in _GOOD and last.error else None,
    )


def _rows(location: LakeLocation) -> dict[str, int]:
    if not lake_exists(location):
        return {}
    tables = view_lake(location).tables.values()
    return {t.name: t.rows for t in tables if t.table_id and not t.name.startswith(HIDDEN)}


def _origin(kind: str, paths: Paths) -> str:
    path = sources.find(kind, paths)
    if path is None:
        return "missing"
    return "user" if path.parent == paths.connectors else "packaged"
