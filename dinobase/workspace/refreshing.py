"""A sync that an identity asks for: of what is there for it, told as it may know it, and recorded as its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dinobase.core.errors import UnknownName, did_you_mean
from dinobase.core.values import Event, Observer
from dinobase.sync.report import ConnectorReport, SyncReport, TableReport, status_of
from dinobase.workspace import syncing

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.workspace import Workspace

_FAILED: Mapping[str, Any] = {
    "code": "sync.failed",
    "message": "The sync failed",
    "hint": "Whoever keeps the workspace sees why: dinobase status",
    "context": {},
}


def refresh(
    workspace: Workspace, names: Sequence[str], identity: str, observe: Observer, *, stale: bool = False
) -> SyncReport:
    """Sync connectors, or single tables (`connector.table`); `stale`: of these what is old. Raises UnknownName."""
    config, guard = workspace.config(), workspace.guard(identity)
    known = [name for name in sorted(config.connectors) if guard is None or guard.policy.connector(name)]
    chosen: dict[str, list[str]] = {}
    for name in names or known:
        connector, _, table = name.partition(".")
        if connector not in known:
            raise _unknown(connector, known)
        if table and guard is not None and not guard.policy.table(connector, table):
            raise UnknownName(f"There is no table {name}", code="unknown.table", hint=f"dinobase describe {connector}")
        tables = chosen.setdefault(connector, [])
        if table and table not in tables:
            tables.append(table)
    whole = {name.partition(".")[0] for name in names if "." not in name}
    wanted = {name: () if name in whole else tuple(tables) for name, tables in chosen.items()}
    if stale:
        wanted = _stale(workspace, wanted, identity)
    groups: dict[tuple[str, ...], list[str]] = {}  # tables are named for one connector at a time
    for name, resources in wanted.items():
        groups.setdefault((name, *resources) if resources else (), []).append(name)
    try:
        reports = [
            syncing.sync(
                group,
                resources=resources[1:],
                full_refresh=False,
                observe=_watched(observe, guard),
                config=config,
                paths=workspace.paths,
                by=identity,
            )
            for resources, group in groups.items()
        ]
    except UnknownName as error:
        if guard is None or not any(guard.covers(name) for name in chosen):
            raise
        raise UnknownName(error.message, code=error.error_code, hint="dinobase describe shows what is there.") from None
    found = [one for report in reports for one in report.connectors]
    status = status_of(report.status for report in reports)
    return SyncReport(status, found if guard is None else [_shown(one, guard) for one in found])


def _stale(workspace: Workspace, wanted: Mapping[str, tuple[str, ...]], identity: str) -> dict[str, tuple[str, ...]]:
    """Return what is older than it may be: connectors with such a table, and of tables that are named, those."""
    found: dict[str, tuple[str, ...]] = {}
    for one in workspace.status(identity=identity).connectors:
        if one.name in wanted and one.is_stale:
            fresh = {table.name for table in one.tables if not table.is_stale}
            tables = tuple(name for name in wanted[one.name] if name not in fresh)
            if tables or not wanted[one.name]:
                found[one.name] = tables
    return found


def _unknown(name: str, known: Sequence[str]) -> UnknownName:
    near = did_you_mean(name, known)
    hint = f"Did you mean `{near}`?" if near else f"Connected: {', '.join(known) or 'none'}."
    return UnknownName(f"`{name}` is not connected", code="unknown.connector", hint=hint)


def _watched(observe: Observer, guard: Guard | None) -> Observer:
    if guard is None:
        return observe

    def seen(event: Event) -> None:
        if not guard.covers(event.connector):
            observe(event)
        elif guard.policy.table(event.connector, event.resource) and event.kind != "retry":
            observe(replace(event, rows=0, bytes=0, reason=""))

    return seen


def _shown(report: ConnectorReport, guard: Guard) -> ConnectorReport:
    if not guard.covers(report.name):
        return report
    tables = [_table(report.name, t, guard) for t in report.tables if guard.policy.table(report.name, t.name)]
    error = dict(_FAILED) if report.error else None
    return replace(report, tables=tables, rows=sum(t.rows for t in tables), error=error)


def _table(connector: str, table: TableReport, guard: Guard) -> TableReport:
    error = dict(_FAILED) if table.error else None
    found = replace(table, error=error, notes=[], requests=0, retries=0, bytes=0, parents_without_rows=0)
    if guard.policy.conditions(connector, table.name):
        return replace(found, rows=0, total_rows=0, inserted=0, updated=0, deleted=0)
    return found
