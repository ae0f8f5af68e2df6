"""What a query over rows that stay where they are has of its own: notes, faults, and that they are never stale."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from dinobase.core.clock import iso, now
from dinobase.core.errors import DinobaseError, QueryError
from dinobase.query.decision import Read, TableUse
from dinobase.query.result import Source

if TYPE_CHECKING:
    from dinobase.access.guard import Guard, Opened

_GONE = ("IOException", "HTTPException", "PermissionException", "InvalidInputException", "InternalException")
_OURS = ("BinderException", "CatalogException", "ParserException", "OutOfMemoryException")  # no value is in these


def among(read: Read, guard: Guard | None) -> set[str]:
    """Return the connectors of a query whose rows stay where they are."""
    return {use.connector for use in read.every_use if guard is not None and guard.places(use.connector)}


def wanted(read: Read) -> Mapping[str, Collection[str]]:
    """Return connector -> the tables that a query names."""
    found: dict[str, set[str]] = {}
    for use in read.every_use:
        found.setdefault(use.connector, set()).add(use.table.lower())
    return found


def refuse_past(use: TableUse) -> None:
    """Raise where a past version is asked for: there is none."""
    if use.at is not None:
        raise QueryError(
            f"{use.connector}.{use.table} is read where it is and has no past versions",
            code="query.at",
            hint="Leave AT out. A connector that copies its rows (`--copy`, `--mode copy`) keeps versions.",
        )


def present(table: str, version: int, looked: str | None) -> Source:
    """Return the proof for rows that were read where they are, as they are now; `looked`: how the last look ended."""
    return Source(table, version, iso(now()), is_stale=False, last_sync_status=looked)


def notes(read: Read, opened: Opened) -> tuple[str, ...]:
    """Return what should be known of the rows."""
    found: dict[str, None] = {}
    for use in read.uses:
        place = opened.placed.get(use.connector)
        said = place.notes.get(use.table.lower(), ()) if place is not None else ()
        found |= dict.fromkeys(f"{use.connector}.{use.table}: {note}" for note in said)
    return tuple(found)


def fault(error: Exception, there: Collection[str], guard: Guard | None) -> DinobaseError | None:
    """Return the error for a source that failed while it was read, None where it was another fault.

    Values are cast while they are read, before any rule: where rules hide some, nothing of the error is told.
    """
    if guard is not None and type(error).__name__ not in _OURS and any(guard.covers(name) for name in there):
        from dinobase.access.in_place import withheld

        return withheld(" or ".join(sorted(there)))
    if not there or (type(error).__name__ not in _GONE and "CSV Error" not in str(error)):
        return None
    from dinobase.access.in_place import unreadable

    return unreadable(" or ".join(sorted(there)), error)
