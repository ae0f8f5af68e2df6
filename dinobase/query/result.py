"""What a query answers: rows, and the proof of where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """One table that was read: at which version, synced when, and how the last sync of it ended.

    live: the records that were asked for were read at the source just now.
    """

    table: str
    snapshot: int
    synced_at: str | None
    is_stale: bool
    last_sync_status: str | None
    live: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return SPEC.md's keys."""
        return {
            "table": self.table,
            "snapshot": self.snapshot,
            "synced_at": self.synced_at,
            "is_stale": self.is_stale,
            "last_sync_status": self.last_sync_status,
            **({"live": True} if self.live else {}),
        }


@dataclass(frozen=True, slots=True)
class TopValue:
    """A value that stands in many rows."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """One column of a result that was too large to show; `distinct` is exact up to 100,000 rows, else estimated."""

    name: str
    type: str
    nulls: int
    distinct: int | None = None
    min: str | None = None
    max: str | None = None
    top: Sequence[TopValue] | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What stands in for rows: `row_count` is of the whole result, or of its first million rows (`complete` false)."""

    row_count: int
    column_count: int
    complete: bool
    columns: Sequence[ColumnSummary]


@dataclass(frozen=True, slots=True)
class Kept:
    """The whole result as a table, for an hour."""

    table: str
    rows: int
    expires_at: str


@dataclass(frozen=True, slots=True)
class QueryResult:
    """A whole result; values are ready for JSON, `columns` are unique. With a summary, `rows` are the first few."""

    columns: tuple[str, ...]
    column_types: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    truncated: bool = False
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()
    handle: Kept | None = None
    summary: Summary | None = None

    @property
    def row_count(self) -> int:
        """How many rows are here."""
        return len(self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Return SPEC.md's shape."""
        return {
            "columns": list(self.columns),
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
            **self.tail(),
        }

    def tail(self) -> dict[str, Any]:
        """Return what comes after the rows."""
        found = tail(
            self.row_count,
            truncated=self.truncated,
            sources=self.sources,
            types=self.column_types,
            notes=self.notes,
        )
        if self.handle is not None:
            found["handle"] = _plain(self.handle)
        if self.summary is not None:
            found["summary"] = _plain(self.summary)
        return found


def _plain(value: Any) -> Any:
    """Turn a summary into JSON data, without what is not known."""
    if isinstance(value, (Kept, Summary, ColumnSummary, TopValue)):
        found = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {key: item for key, item in found.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def tail(
    row_count: int, *, truncated: bool, sources: Sequence[Source], types: Sequence[str], notes: Sequence[str]
) -> dict[str, Any]:
    """Return the keys of a result that follow its rows."""
    return {
        "row_count": row_count,
        "truncated": truncated,
        "sources": [source.as_dict() for source in sources],
        "column_types": list(types),
        "notes": list(notes),
    }


def is_number(kind: str) -> bool:
    """Say whether a type of DuckDB's holds numbers; JSON carries some of them as text."""
    return kind.partition("(")[0] in {
        "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
        "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BIGNUM",
    }  # fmt: skip
