"""What `sync` prints: the keys are SPEC.md's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

TableStatus: TypeAlias = Literal["success", "unchanged", "error", "skipped"]
Status: TypeAlias = Literal["success", "partial", "error"]


@dataclass(frozen=True, slots=True)
class TableReport:
    """`rows` is what came in this run, `total_rows` what the table holds; the counts are of the table's change.

    listed_at: of a run that took up an interrupted listing, when that began.
    """

    name: str
    status: TableStatus
    rows: int = 0
    total_rows: int = 0
    error: dict[str, Any] | None = None
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    requests: int = 0
    retries: int = 0
    bytes: int = 0
    seconds: float = 0.0
    mode: Literal["full", "incremental"] = "full"
    resumed: bool = False
    parents_without_rows: int = 0
    listed_at: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ConnectorReport:
    """One connector; `error` is set where none of its tables could be tried."""

    name: str
    status: Status
    rows: int
    tables: list[TableReport]
    error: dict[str, Any] | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SyncReport:
    """All connectors of a call."""

    status: Status
    connectors: list[ConnectorReport]

    @property
    def exit_code(self) -> int:
        """0 only where everything worked."""
        return 0 if self.status == "success" else 1


def together(first: TableReport, second: TableReport) -> TableReport:
    """Return one report of two passes over a table."""
    return replace(
        second,
        status="success" if "success" in {first.status, second.status} else second.status,
        rows=first.rows + second.rows,
        inserted=first.inserted + second.inserted,
        updated=first.updated + second.updated,
        deleted=first.deleted + second.deleted,
        mode=first.mode,
        resumed=True,
        parents_without_rows=first.parents_without_rows + second.parents_without_rows,
        notes=[*first.notes, *second.notes],
    )


def status_of(parts: Iterable[str]) -> Status:
    """Return success where no part failed, error where none worked, else partial."""
    states = list(parts)
    good = sum(s in {"success", "unchanged"} for s in states)
    if good == len(states):
        return "success"
    return "partial" if good or "partial" in states else "error"


@dataclass(frozen=True, slots=True)
class PlannedTable:
    """What a dry run says of a table."""

    name: str
    mode: Literal["full", "incremental"]
    write_disposition: str
    request: str
    start_value: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class DryRun:
    """What `sync --dry-run` prints: nothing was requested, nothing written."""

    connectors: list[dict[str, Any]]
    status: Literal["planned"] = "planned"
