"""Which column tracks change, and from where on a table is read: nothing that commits late may be passed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dinobase.core.errors import UsageError, did_you_mean
from dinobase.extract.readers import staging
from dinobase.extract.readers.base import Ask, SourceTable
from dinobase.extract.readers.options import NO_CURSOR, Selection
from dinobase.lake.foreign import Foreign
from dinobase.lake.sql import literal

_MOMENTS = ("TIMESTAMP", "TIMESTAMPTZ")
_TEXT = "VARCHAR"
# What frameworks call the column that they set whenever a row changes.
_USUAL = (
    "updated_at", "updatedat", "updated_on", "updated", "updated_time", "update_time", "modified_at", "modifiedat",
    "modified_on", "modified", "last_modified", "lastmodified", "last_modified_at", "last_updated", "last_updated_at",
    "changed_at", "date_updated", "date_modified", "modified_date", "updated_date", "write_date",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settled:
    """Since when somebody may be writing: an instant by the source's clock, and how many seconds ago that is."""

    since: str = ""
    age: float = 0.0


def chosen(table: SourceTable, selection: Selection) -> SourceTable:
    """Return the table with the column that tracks its changes; raises UsageError for one that it has not."""
    place = table.place.replace('"', "").replace("`", "")
    asked = selection.cursor_of(table.name, place)
    if asked == NO_CURSOR:
        return table
    if asked:
        column = table.column(asked)
        if column is not None:
            return replace(table, cursor=column.name)
        if (
            table.name.lower() not in selection.cursors
            and table.place.replace('"', "").lower() not in selection.cursors
        ):
            return table  # one column for all tables: those without it are read whole
        near = did_you_mean(asked, [c.name for c in table.columns])
        raise UsageError(
            f"{table.name} has no column `{asked}`, which `incremental` names",
            code="source.cursor",
            hint=f"Did you mean `{near}`?" if near else f"It has: {', '.join(c.name for c in table.columns[:20])}",
        )
    return replace(table, cursor=detected(table))


def detected(table: SourceTable) -> str:
    """Return the column that says when a row was changed: of a usual name, always filled, on a table with a key."""
    if not table.key:
        return ""
    by_name = {c.name.lower(): c for c in table.columns if c.type in _MOMENTS and not c.nullable}
    return next((by_name[name].name for name in _USUAL if name in by_name), "")


def where(ask: Ask, bound: str, quoted: Callable[[str], str]) -> str:
    """Return the condition on rows that may have changed; the last moment is read again, its rows may not be all."""
    if not ask.table.cursor or ask.start is None:
        return ""
    column = quoted(ask.table.cursor)
    return f" WHERE {column} >= {bound} OR {column} IS NULL"


def mark(source: Foreign, ask: Ask, files: Sequence[Path], types: Mapping[str, str], settled: Settled) -> str | None:
    """Return the cursor to commit: the greatest value, at most the moment since which somebody may still write."""
    if not ask.table.cursor:
        return None
    name = ask.names[ask.table.cursor]
    type_ = types[name]
    declared = ask.table.column(ask.table.cursor)
    if type_ == _TEXT and declared is not None and declared.type.startswith("TIMESTAMP"):
        return None  # moments that only text holds cannot be set back to when somebody may still write: read as a whole
    found = staging.greatest(source, files, name, type_)
    if found is None:
        return ask.start
    if type_ == "TIMESTAMPTZ" and settled.since:
        found = _one(source, f"least({literal(found)}::TIMESTAMPTZ, {literal(settled.since)}::TIMESTAMPTZ)")
    elif type_.startswith("TIMESTAMP") and settled.age:
        # Without a zone it cannot be set beside the server's clock: it goes back as far as the oldest writer does.
        found = _one(source, f"{literal(found)}::{type_} - INTERVAL ({settled.age:.6f}) SECOND")
    if ask.start is None:
        return found
    return _one(source, f"greatest({literal(found)}::{type_}, {literal(ask.start)}::{type_})")


def _one(source: Foreign, expression: str) -> str:
    return str(source.one(f"SELECT CAST({expression} AS VARCHAR)"))
