"""Answers as short text for models: every fact once, nothing that is not there.

A value stands as in CSV: NULL is nothing between commas, an empty text is "".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dinobase.catalog.tables import ColumnDescription, TableDescription
    from dinobase.query.history import TableHistory
    from dinobase.query.result import QueryResult, Source
    from dinobase.sync.report import SyncReport
    from dinobase.workspace.results import Connectors, Status


def rows(result: QueryResult) -> str:
    """Return rows as CSV, then one line that proves where they are from."""
    from dinobase.query.format import render

    count = f"{result.row_count} row{'' if result.row_count == 1 else 's'}"
    if result.truncated:
        count = f"first {count}; there are more: aggregate, filter, or raise max_rows"
    proof = "; ".join([count, *(_source(source) for source in result.sources), *result.notes])
    return f"{render(result, 'csv')}({proof})"


def _source(source: Source) -> str:
    facts = [f"{source.table} v{source.snapshot}"]
    if source.synced_at:
        facts.append(f"synced {minute(source.synced_at)}")
    if source.is_stale:
        facts.append("stale")
    if source.last_sync_status == "error":
        facts.append("last sync failed")
    return ", ".join(facts)


def minute(moment: str) -> str:
    """Return a time to the minute."""
    return f"{moment[:16].replace('T', ' ')}Z"


def tables(found: Sequence[TableDescription], *, full: bool) -> str:
    """Return what is known of tables, a line per column."""
    return "\n\n".join(_table(table, full=full) for table in found)


def _table(table: TableDescription, *, full: bool) -> str:
    fresh = f"synced {minute(table.last_sync)}" if table.last_sync else "never synced"
    stale = ", stale" if table.is_stale and table.last_sync else ""
    lines = [f"{table.schema}.{table.table}: {table.row_count} rows, {fresh}{stale}"]
    if table.description:
        lines[0] += f". {table.description}"
    keys = set(table.primary_key or ())
    lines += [_column(column, keys, full=full) for column in table.columns]
    lines += [f"join {related.join} ({related.cardinality.replace('_', ' ')})" for related in table.related_tables]
    if full:
        lines += [f"sample {_pairs(row)}" for row in table.sample_rows]
    return "\n".join(lines)


def _column(column: ColumnDescription, keys: set[str], *, full: bool) -> str:
    text = f"{column.name} {column.type}"
    if column.name in keys:
        text += " key"
    facts = [fact for fact in (column.description, column.note) if fact]
    facts += [f"[{fact}]" for fact in (column.unit, f"pii {column.pii}" if column.pii else "") if fact]
    if column.values:
        facts.append(f"one of {_values(column.values)}")
    if column.deprecated:
        facts.append("deprecated" if column.deprecated is True else f"deprecated: {column.deprecated}")
    if full and column.paths:
        facts.append("holds " + ", ".join(f"{path.path} {path.type}" for path in column.paths))
    return f"{text}: {' '.join(facts)}" if facts else text


def _values(values: Any) -> str:
    if isinstance(values, Mapping):
        return ", ".join(f"{value} ({what})" if what else str(value) for value, what in values.items())
    return ", ".join(map(str, values))


def _pairs(row: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items() if value is not None)


def connectors(found: Connectors) -> str:
    """Return a line per connector with its tables and their sizes."""
    if not found.connectors:
        return "Nothing is connected yet. A person connects one with `dinobase add NAME`."
    lines = []
    for one in found.connectors:
        held = ", ".join(f"{table.name} {table.rows}" for table in one.tables) or "no tables yet"
        kind = f" ({one.type})" if one.type != one.name else ""
        fresh = (
            f"synced {minute(one.last_sync)}{', stale' if one.is_stale else ''}" if one.last_sync else "never synced"
        )
        lines.append(f"{one.name}{kind}, {fresh}: {held}")
    return "\n".join(lines)


def status(found: Status) -> str:
    """Return a line per connector, and one per table only where it differs from its connector or failed."""
    lines = []
    for one in found.connectors:
        fresh = (
            f"synced {minute(one.last_sync)}{', stale' if one.is_stale else ''}" if one.last_sync else "never synced"
        )
        every = f", every {one.sync_interval}" if one.sync_interval else ""
        lines.append(f"{one.name}: {one.status}, {fresh}{every}, {len(one.tables)} tables")
        if one.error:
            lines.append(f"  {_line(one.error)}")
        for table in one.tables:
            if table.error:
                lines.append(f"  {table.name}: {table.status}: {_line(table.error)}")
            elif table.is_stale != one.is_stale:
                lines.append(f"  {table.name}: {'stale' if table.is_stale else 'fresh'}")
    return "\n".join(lines) or "Nothing is connected yet."


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
            told = f"{connector.name}.{table.name}: {table.status}, {table.rows} rows came, {table.total_rows} in all"
            lines.append(f"{told}: {_error(table.error)}" if table.error else told)
    return "\n".join(lines)


def failure(error: Mapping[str, Any]) -> str:
    """Return an error as one line: what, and what to do."""
    text = f"{error['code']}: {_line(str(error['message']))}"
    if not text.endswith((".", "!", "?")):
        text += "."
    return f"{text} {_line(str(error['hint']))}" if error.get("hint") else text


def _error(error: Any) -> str:
    return failure(error) if isinstance(error, Mapping) and "message" in error else _line(str(error))


def _line(text: str) -> str:
    return " ".join(text.split())


def joined(parts: Iterable[str]) -> str:
    """Return parts as paragraphs, without the empty ones."""
    return "\n\n".join(part for part in parts if part)
