"""What a source in Python is: it names its tables with their columns, and reads one of them into typed Parquet.

Nothing here or in a reader writes to the source; what it says of itself (keys, comments, values) is kept as facts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from dinobase.core.errors import FetchError
from dinobase.lake.connection import Writer
from dinobase.spec.models import Credential


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """One column as the source has it; `type` is the SQL type that keeps every value of it.

    personal: it may hold anything, so it is treated as what is secret, whatever its name says.
    """

    name: str
    type: str
    native: str = ""
    nullable: bool = True
    description: str = ""
    values: tuple[str, ...] = ()
    personal: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that name a row of another table, as (place in the source, columns)."""

    columns: tuple[str, ...]
    to: str
    to_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceTable:
    """One table; `place` is where the source has it (`sales.orders`), `name` what it is called here.

    of: the table with which it is read, "" where it is read on its own. selected: it is read unless others are named.
    landing: how rows go in where the source says so - all that come anew, added, or over those of their key, none
    taken away; what it remembers is then a text of its own, not a column's value.
    """

    name: str
    place: str
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...] = ()
    unique: bool = True
    foreign_keys: tuple[ForeignKey, ...] = ()
    description: str = ""
    cursor: str = ""
    rows: int = -1
    of: str = ""
    selected: bool = True
    landing: Literal["", "merge", "append", "replace"] = ""

    def column(self, name: str) -> SourceColumn | None:
        """Find a column, whatever the case of its letters where only one has them."""
        exact = next((c for c in self.columns if c.name == name), None)
        return exact or next((c for c in self.columns if c.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Ask:
    """What to read of a table.

    names: source column -> the column here; types: column here -> its type in the lake so far; start: the committed
    cursor, rows from it on are read; folder: where Parquet files go, which the caller removes; recipe: how the table
    was read where it is so far; whole: all rows are wanted, whatever the source knows to have changed.
    """

    table: SourceTable
    names: Mapping[str, str]
    types: Mapping[str, str]
    start: str | None
    folder: Path
    recipe: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Brought:
    """What came: Parquet files in order, whose columns have the names and the types that `types` tells.

    parts: it is all there is of the rows that have one of these values in the first column, and other rows stay; None
    where it is what the ask was for. whole: it is all there is, though the ask was for less. lines: the files are
    NDJSON, whose columns are still to be found, but for those that `types` tells, by their names in the source. beside:
    what was found for other tables, which is written before. recipe: rows stay where they are, this says how they are
    read there; there: how many there are, -1 where unknown. touched: files with the keys of all rows that may have
    changed; of these, a row that did not come is gone. memory: what the lake is to remember of the table with this.
    """

    files: tuple[Path, ...]
    types: Mapping[str, str]
    rows: int
    bytes: int = 0
    cursor: str | None = None
    notes: tuple[str, ...] = ()
    parts: tuple[str, ...] | None = None
    whole: bool = False
    lines: bool = False
    beside: tuple[tuple[SourceTable, Brought], ...] = ()
    recipe: str = ""
    there: int = -1
    touched: tuple[Path, ...] | None = None
    memory: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What the lake remembers of a table whose rows stay where they are.

    recipe: the reader's own note of how they are read; names: source column -> the column here, in order; types: column
    here -> its type; paths: column here -> where in a record it comes from.
    """

    recipe: str
    names: Mapping[str, str]
    types: Mapping[str, str]
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """How tables are read where they are: `relations` gives each one's SELECT.

    paths: the files that may be read, no others; notes: by table, what whoever reads its rows should know; faults: by
    table, why it cannot be read.
    """

    relations: Mapping[str, str]
    paths: tuple[str, ...] = ()
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    faults: Mapping[str, FetchError] = field(default_factory=dict)


class Opened(Protocol):
    """A source that is open: all its reads see one state of it, where the source can give that."""

    @property
    def address(self) -> str:
        """Where it is, without what is secret."""

    def tables(self) -> Sequence[SourceTable]:
        """Return what there is to read, as the options choose; raises FetchError."""

    def read(self, ask: Ask) -> Brought:
        """Read a table."""

    def interrupt(self) -> None:
        """Stop a read that runs in another thread."""

    def close(self) -> None:
        """Let go of the source."""


@runtime_checkable
class Capturing(Opened, Protocol):
    """A source that keeps what changed for us until we have it."""

    def begin(
        self, kept: Sequence[SourceTable], asked: Sequence[SourceTable], memory: Mapping[str, Mapping[str, str]]
    ) -> None:
        """Find out what has changed; `kept` are the connector's tables, `asked` this run's. Raises FetchError."""

    def settle(self, memory: Mapping[str, Mapping[str, str]]) -> None:
        """Let the source forget what the lake has, by its memory after the run; raises FetchError."""


class SourceKind(Protocol):
    """A kind of source: what `add` asks for, and how it is opened."""

    credentials: Sequence[Credential]

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return given values as they are kept: paths absolute; raises UsageError where they make no sense."""

    def open(self, values: Mapping[str, str], writer: Writer | None) -> Any:
        """Open the source, beside a writing instance where there is one; raises FetchError, FetchRefused."""


@runtime_checkable
class LeavingKind(SourceKind, Protocol):
    """A kind that keeps something at the source for us."""

    def keeps(self, values: Mapping[str, str]) -> str:
        """Name what is kept there, "" where nothing is."""

    def release(self, values: Mapping[str, str]) -> None:
        """Take it away; raises FetchError, whose hint says how it is done by hand."""

    def standing(self, values: Mapping[str, str]) -> tuple[bool, str]:
        """Say whether what is kept is well, and how it stands; raises FetchError."""


class InPlaceKind(SourceKind, Protocol):
    """A kind whose rows may stay where they are and be read there by each query."""

    def in_place(self, values: Mapping[str, str]) -> bool:
        """Tell whether rows stay where they are."""

    def place(self, values: Mapping[str, str], known: Mapping[str, Known], connection: Any, alias: str) -> Place:
        """Open the source on an instance that is not locked yet, under a name that SQL cannot say; raises FetchError.

        alias: a name for what has to be attached, `known`: by table.
        """
