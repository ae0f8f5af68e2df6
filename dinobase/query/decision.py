"""What the gate decides: a SELECT that may run, or a refusal with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class TableUse:
    """A table that the statement reads; names as the user wrote them, `connector` as it is known."""

    connector: str
    table: str
    at: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A SELECT that may run; `sql` is what to run, `explain` a prefix that goes before it.

    `files`: it holds the name of a column that DuckLake gives every table and that none here has by that.
    `ours`: it is the answer to a SHOW.
    """

    sql: str
    uses: tuple[TableUse, ...] = ()
    system: frozenset[str] = frozenset()
    information: frozenset[str] = frozenset()
    files: bool = False
    explain: str = ""
    handles: tuple[str, ...] = ()
    before: tuple[Before, ...] = ()
    ours: bool = False

    @property
    def every_use(self) -> tuple[TableUse, ...]:
        """The tables of the statement, and of what has to be found out before it."""
        parts = (*(part.read for part in self.before), self)
        return tuple(dict.fromkeys(use for part in parts for use in part.uses))


@dataclass(frozen=True, slots=True)
class Before:
    """What must hold before a statement that names a metric runs: 0 is its definition, which must fit the tables."""

    metric: str
    test: int
    sql: str
    read: Read = Read("")


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a statement does not run and what to do instead."""

    code: str
    reason: str
    hint: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Records that a statement asks for by constants; `columns`: name in lower case -> the values that it may have."""

    connector: str
    table: str
    columns: Mapping[str, tuple[str | int, ...]]

    @property
    def full_name(self) -> str:
        """connector.table."""
        return f"{self.connector}.{self.table}"


@dataclass(frozen=True, slots=True)
class Told:
    """What was done about old data before a statement ran; `live`: tables whose records were read at the source."""

    notes: tuple[str, ...] = ()
    live: frozenset[str] = frozenset()


class Wanted(Exception):
    """Old records that a statement asks for one by one; no error: it runs once they were looked up."""

    def __init__(self, lookups: tuple[Lookup, ...]) -> None:
        super().__init__("records to look up")
        self.lookups = lookups


Decision: TypeAlias = Read | Refused
