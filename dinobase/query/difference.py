"""What a comparison of two versions says, as data and as text for models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dinobase.query.compact import row_text, source_line, value_text
from dinobase.query.result import Source


@dataclass(frozen=True, slots=True)
class DiffVersion:
    """One side of the comparison."""

    version: int
    time: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Of all rows; without a key that is unique a changed row is one removed and one added."""

    added: int
    removed: int
    changed: int


@dataclass(frozen=True, slots=True)
class OldNew:
    """A value before and after."""

    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row that is in both versions, by its key, with the columns that differ."""

    key: Mapping[str, Any]
    columns: Mapping[str, OldNew]


@dataclass(frozen=True, slots=True)
class RetypedColumn:
    """A column whose type is another."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ColumnChanges:
    """What happened to the columns themselves."""

    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    retyped: Sequence[RetypedColumn] = ()


@dataclass(frozen=True, slots=True)
class TableDiff:
    """`changed_columns` counts changed rows per column; `truncated` where not all rows are shown."""

    table: str
    key: Sequence[str]
    since: DiffVersion
    until: DiffVersion
    counts: Counts
    changed_columns: Mapping[str, int]
    columns: ColumnChanges
    added: Sequence[Mapping[str, Any]]
    removed: Sequence[Mapping[str, Any]]
    changed: Sequence[ChangedRow]
    truncated: bool
    sources: Sequence[Source] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def text(found: TableDiff) -> str:
    """Return a comparison for models: counts, then a line per row."""
    since, until = (f"v{v.version} {v.time[:16].replace('T', ' ')}Z" for v in (found.since, found.until))
    counts = f"+{found.counts.added} added, -{found.counts.removed} removed, ~{found.counts.changed} changed"
    lines = [f"# {found.table} {since} -> {until}: {counts}", *(f"# {source_line(s)}" for s in found.sources)]
    lines += [f"# {note}" for note in found.notes]
    changes = found.columns
    lines += [f"# new columns: {', '.join(changes.added)}"] if changes.added else []
    lines += [f"# columns gone: {', '.join(changes.removed)}"] if changes.removed else []
    lines += [f"# {column.name}: {column.old} is now {column.new}" for column in changes.retyped]
    if found.changed_columns:
        most = sorted(found.changed_columns.items(), key=lambda entry: -entry[1])
        lines.append(f"# changed rows by column: {', '.join(f'{name} {count}' for name, count in most)}")
    lines += [f"~ {row_text(row.key)}: {_pairs(row.columns)}" for row in found.changed]
    lines += [f"+ {row_text(row)}" for row in found.added]
    lines += [f"- {row_text(row)}" for row in found.removed]
    if found.truncated:
        lines.append("(more rows differ: a greater limit shows more)")
    return "\n".join(lines) + "\n"


def _pairs(columns: Mapping[str, OldNew]) -> str:
    return ", ".join(f"{name} {value_text(c.old)} -> {value_text(c.new)}" for name, c in columns.items())
