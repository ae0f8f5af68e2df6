"""Results that several doors print, as tables for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dinobase.cli.table import Column, Table

if TYPE_CHECKING:
    from dinobase.query.result import QueryResult


def table(result: QueryResult) -> Table:
    """Return a query's rows; numbers that JSON carries as text are flush right too."""
    from dinobase.query.result import is_number

    columns = [
        Column(name, "value" if not is_number(kind) else "number")
        for name, kind in zip(result.columns, result.column_types, strict=True)
    ]
    return Table(columns, list(result.rows))


def freshness(result: QueryResult) -> list[str]:
    """Say which tables are stale, or failed last time."""
    from dinobase.cli.terminal import ago

    notes = []
    for source in result.sources:
        if source.is_stale and source.synced_at:
            notes.append(f"{source.table} is stale: synced {ago(source.synced_at)}")
        if source.last_sync_status == "error":
            notes.append(f"{source.table}: the last sync failed; these are the rows before it")
    return list(dict.fromkeys(notes))
