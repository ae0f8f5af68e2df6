"""What is connected and how fresh it is: from the records and the catalogs' own tables, without opening a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dinobase.catalog import freshness
from dinobase.catalog.runs import LastSync, RunLog
from dinobase.core.clock import iso
from dinobase.core.errors import LakeError
from dinobase.core.secrets import redact_url
from dinobase.core.settings import Paths
from dinobase.extract.consent import Consent
from dinobase.lake.introspect import HIDDEN, view_lake
from dinobase.lake.location import LakeLocation, Storage
from dinobase.lake.metadata import lake_exists
from dinobase.spec.config_plain import plain_config
from dinobase.sync import registry
from dinobase.workspace import results

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.spec.config_models import Config

_GOOD = ("success", "unchanged")
_FAILED = "the last sync failed"  # an API's own words may hold what rules hide


def connectors(search: str, paths: Paths, guard: Guard | None = None) -> results.Connectors:
    """List connected connectors with their tables."""
    found = []
    for status in status_of(paths, guard).connectors:
        if search.lower() not in f"{status.name} {status.type}".lower():
            continue
        found.append(
            results.ConnectorSummary(
                name=status.name,
                type=status.type,
                tables=[results.TableRows(t.name, t.rows) for t in status.tables if t.rows or t.last_sync],
                last_sync=status.last_sync,
                is_stale=status.is_stale,
                freshness=status.freshness,
                definition=_origin(status.type, paths),
            )
        )
    return results.Connectors(found)


def status_of(paths: Paths, guard: Guard | None = None) -> results.Status:
    """Say how every table stands that is there for an identity."""
    config = plain_config(paths)
    url, catalog = config["storage"]["url"], config["storage"]["catalog"]
    storage, log = Storage(paths.lakes, url, catalog), RunLog(paths.state, catalog)
    entries = [
        (n, entry) for n, entry in sorted(config["connectors"].items()) if not guard or guard.policy.connector(n)
    ]
    syncs = log.last_syncs(name for name, _ in entries)
    return results.Status(
        workspace=str(paths.root),
        storage=url or str(paths.lakes),
        catalog=redact_url(catalog) or "sqlite",
        connectors=[
            found
            for name, entry in entries
            if (found := _connector(storage.lake(name), entry, syncs, log, guard, paths)).tables
            or not _covers(guard, name)
        ],
    )


def with_captures(found: results.Status, config: Config, paths: Paths, guard: Guard | None) -> results.Status:
    """Ask the sources that keep their log for us; an identity under rules is not told."""
    from dinobase.workspace import python_kinds  # what reads a source is not on the way of who keeps nothing there

    told = {
        name: python_kinds.standing(name, entry, paths)
        for name, entry in config.connectors.items()
        if entry.params.get("mode") == "cdc" and not _covers(guard, name)
    }
    return replace(found, connectors=[replace(c, capture=told.get(c.name)) for c in found.connectors])


def _covers(guard: Guard | None, connector: str) -> bool:
    return guard is not None and guard.covers(connector)


def _connector(
    location: LakeLocation,
    entry: Mapping[str, Any],
    syncs: Mapping[tuple[str, str], LastSync],
    log: RunLog,
    guard: Guard | None,
    paths: Paths,
) -> results.ConnectorStatus:
    name = location.name
    own = {table: last for (connector, table), last in syncs.items() if connector == name}
    broken = ""
    rows: dict[str, int] = {}
    counted: dict[str, int] = {}
    try:  # one lake that cannot be read hides no other
        if guard is None or not guard.covers(name):
            rows = _rows(location)
        else:
            rows, counted = _rows_for(location, guard)
    except LakeError as error:
        broken = error.message
    if guard is not None and guard.covers(name):
        own = {
            table: replace(last, error=last.error and _FAILED, total_rows=counted.get(table, last.total_rows))
            for table, last in own.items()
            if guard.policy.table(name, table)
        }
    limit = freshness.limit(entry)
    tables = [_table(t, rows, own.get(t, LastSync()), limit) for t in sorted({*rows, *own})]
    run = log.last_run(name)
    times = [t.last_sync for t in tables if t.last_sync]
    return results.ConnectorStatus(
        name=name,
        type=entry["type"],
        status="error" if broken else str(run["status"]) if run else "never",
        last_sync=max(times, default=None),
        is_stale=not tables or any(t.is_stale for t in tables),
        tables=tables,
        sync_interval=entry.get("sync_interval") or None,
        freshness=freshness.said(entry),
        error=broken or _said(run, told=not _covers(guard, name)),
        authorization=_wanting(name, paths),
    )


def _wanting(name: str, paths: Paths) -> results.Authorization | None:
    note = Consent(paths.state, name).read()
    return results.Authorization(note.state, note.remedy) if note else None


def _said(run: Mapping[str, Any] | None, *, told: bool) -> str | None:
    if run is None or not run["error"]:
        return None
    return str(run["error"]) if told else _FAILED


def _table(name: str, rows: Mapping[str, int], last: LastSync, limit: float) -> results.TableStatus:
    counted = last.total_rows if last.total_rows is not None else rows.get(name, 0)
    return results.TableStatus(
        name=name,
        rows=counted,
        status=last.status or "never",
        last_sync=iso(datetime.fromisoformat(last.synced_at)) if last.synced_at else None,
        is_stale=last.is_stale(limit),
        error=last.error if last.status not in _GOOD and last.error else None,
    )


def _rows(location: LakeLocation) -> dict[str, int]:
    if not lake_exists(location):
        return {}
    tables = view_lake(location).tables.values()
    return {t.name: t.rows for t in tables if t.table_id and not t.name.startswith(HIDDEN)}


def _rows_for(location: LakeLocation, guard: Guard) -> tuple[dict[str, int], dict[str, int]]:
    """Return the rows of the tables that are there for an identity, and those that had to be counted for it."""
    if not lake_exists(location):
        return {}, {}
    from dinobase.access.counts import count

    view = view_lake(location)
    shown = [t for t in guard.visible(view).tables.values() if t.table_id]
    counted = count(guard, view, [t.name for t in shown if guard.filtered(location.name, t.name, view.tables)])
    return {t.name: t.rows for t in shown} | counted, counted


def _origin(kind: str, paths: Paths) -> str:
    path = registry.file_of(kind, paths)
    if path is None and registry.is_python(kind, paths):
        return "packaged"
    if path is None:
        return "missing"
    return "user" if path.parent == paths.connectors else "packaged"
