"""Answers as short text for models: every fact once, nothing that is not there. Rows and descriptions are others'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dinobase.query.history import TableHistory
    from dinobase.sync.report import SyncReport
    from dinobase.workspace.annotating import Annotated
    from dinobase.workspace.results import Connectors, Status

_MANY_TABLES = 200
_LONGEST = 2_000  # letters of an error's message, and of its hint


def minute(moment: str) -> str:
    """Return a time to the minute."""
    return f"{moment[:16].replace('T', ' ')}Z"


def nothing(identity: str, *, limited: bool) -> str:
    """Say that nothing is there; of an identity that has rules the same whatever else there is."""
    if limited:
        return (
            f"Nothing here is open to `{identity}`: what it may read is said by `access:` in config.yaml, "
            "which a person changes."
        )
    return "Nothing is connected yet: a person runs `dinobase add NAME`, then `dinobase sync`."


def connectors(found: Connectors, empty: str, search: str = "") -> str:
    """Return a line per connector with its tables and their sizes; of many connectors how many tables each has."""
    if not found.connectors:
        return f"No connector that is open to you matches `{search}`: leave it out to list all." if search else empty
    lines = []
    many = sum(len(one.tables) for one in found.connectors) > _MANY_TABLES
    for one in found.connectors:
        held = ", ".join(f"{table.name} {table.rows}" for table in one.tables) or "no tables yet"
        if many:
            held = f"{len(one.tables)} tables"
        kind = f" ({one.type})" if one.type != one.name else ""
        fresh = (
            f"synced {minute(one.last_sync)}{', stale' if one.is_stale else ''}" if one.last_sync else "never synced"
        )
        lines.append(f"{one.name}{kind}, {fresh}: {held}")
    if many:
        lines.append("(search narrows this down; describe CONNECTOR lists its tables)")
    return "\n".join(lines)


def status(found: Status, empty: str) -> str:
    """Return a line per connector, and one per table only where it differs from its connector or failed."""
    lines = []
    for one in found.connectors:
        fresh = (
            f"synced {minute(one.last_sync)}{', stale' if one.is_stale else ''}" if one.last_sync else "never synced"
        )
        every = f", every {one.sync_interval}" if one.sync_interval else ""
        limit = f", stale after {one.freshness}" if one.freshness != "never" else ""
        lines.append(f"{one.name}: {one.status}, {fresh}{every}, {len(one.tables)} tables{limit}")
        if one.error:
            lines.append(f"  {_line(one.error)}")
        for table in one.tables:
            if table.error:
                lines.append(f"  {table.name}: {table.status}: {_line(table.error)}")
            elif table.is_stale != one.is_stale:
                lines.append(f"  {table.name}: {'stale' if table.is_stale else 'fresh'}")
    return "\n".join(lines) or empty


def history(found: TableHistory) -> str:
    """Return a line per version."""
    lines = [found.table]
    for version in found.versions:
        counts = [
            f"{sign}{number}"
            for sign, number in (("+", version.inserted), ("~", version.updated), ("-", version.deleted))
            if number
        ]
        changes = " ".join(counts) or ", ".join(version.changes)
        lines.append(f"v{version.version} {minute(version.time)} {changes} {version.message}".rstrip())
    return "\n".join([*lines, found.at]) if found.at else f"{found.table}: no version is kept"


def synced(report: SyncReport) -> str:
    """Return a line per table that a sync brought."""
    lines: list[str] = [report.status]
    for connector in report.connectors:
        if connector.error:
            lines.append(f"{connector.name}: {_error(connector.error)}")
        for table in connector.tables:
            told = f"{connector.name}.{table.name}: {table.status}"
            if table.total_rows or table.error:  # 0 where rules hide rows too
                told += f", {table.rows} rows came, {table.total_rows} in all"
            lines.append(f"{told}: {_error(table.error)}" if table.error else told)
    return "\n".join(lines) if report.connectors else "Nothing is stale."


def failure(error: Mapping[str, Any]) -> str:
    """Return an error as one line: what, and what to do."""
    text = f"{error['code']}: {_short(_line(str(error['message'])))}"
    if not text.endswith((".", "!", "?")):
        text += "."
    return f"{text} {_short(_line(str(error['hint'])))}" if error.get("hint") else text


def _short(text: str) -> str:
    """Leave out the middle of what is too long: a name that somebody sent, or a source's own words."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} … {text[-half:]}"


def _error(error: Any) -> str:
    return failure(error) if isinstance(error, Mapping) and "message" in error else _line(str(error))


def _line(text: str) -> str:
    return " ".join(text.split())


def annotated(done: Annotated) -> str:
    """Say what counts now, word by word."""
    lines = []
    for one in done.annotations:
        counts = "nothing is said" if one.counts is None else one.counts
        behind = one.value is not None and one.counts_of != one.origin
        told = (
            f"{one.status}, but what the {one.counts_of} said counts: {counts}" if behind else f"{one.status}: {counts}"
        )
        lines.append(f"{one.target} {one.key} {told}")
    return "\n".join([*lines, *done.notes])
