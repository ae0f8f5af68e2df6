"""What a query answers: rows, and the proof of where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """One table that was read: at which version, synced when, and how the last sync of it ended."""

    table: str
    snapshot: int
    synced_at: str | None
    is_stale: bool
    last_sync_status: str | None

    def as_dict(self) -> dict[str, Any]:
        """Return SPEC.md's keys."""
        return {
            "table": self.table,
            "snapshot": self.snapshot,
            "synced_at": self.synced_at,
            "is_stale": self.is_stale,
            "last_sync_status": self.last_sync_status,
        }


@dataclass(frozen=True, slots=True)
class QueryResult:
    """A whole result; values are ready for JSON, `columns` are unique."""

    columns: tuple[str, ...]
    column_types: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]
    truncated: bool = False
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()

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
        return tail(
            self.row_count,
            truncated=self.truncated,
            sources=self.sources,
            types=self.column_types,
            notes=self.notes,
        )


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
