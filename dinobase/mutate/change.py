"""What a statement changes, row by row; values as the source has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from dinobase.mutate.values import Json, Row, dumps

Operation: TypeAlias = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row: `old` is None for a created one, `new` for a deleted one; `columns` are those that differ or are given.

    key: the columns that identify it, with the values that the source knows it by; {} where the source gives one.
    """

    operation: Operation
    key: Mapping[str, Json]
    old: Row | None
    new: Row | None
    columns: tuple[str, ...] = ()

    @property
    def row(self) -> Row:
        """The row as it will be, or was."""
        return self.new if self.new is not None else self.old or {}

    @property
    def identity(self) -> str:
        """Return text that tells this row from others; '' for a created one without a key."""
        return dumps(list(self.key.values())) if self.key else ""

    def as_dict(self) -> dict[str, Json]:
        """Return what the journal keeps."""
        return {
            "operation": self.operation,
            "key": dict(self.key),
            "old": self.old,
            "new": self.new,
            "columns": list(self.columns),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Json]) -> RowChange:
        """Read what `as_dict` gave."""
        return cls(data["operation"], data["key"], data["old"], data["new"], tuple(data["columns"]))


@dataclass(frozen=True, slots=True)
class Table:
    """What is known of the table that a statement changes.

    types: column -> DuckDB type, in order; paths: column -> where in the record it stands; key: what identifies a row,
    own: the part of the key that the table's own `primary_key` names.
    """

    connector: str
    name: str
    types: Mapping[str, str]
    paths: Mapping[str, tuple[str, ...]]
    key: tuple[str, ...]
    own: tuple[str, ...]
    extra: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """connector.table."""
        return f"{self.connector}.{self.name}"

    def column(self, name: str) -> str | None:
        """Return a column's own spelling."""
        return next((c for c in self.types if c.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Changed:
    """All that one statement changes; `returning` is what RETURNING gave."""

    rows: Sequence[RowChange]
    matched: int = 0
    returning: Mapping[str, Json] | None = field(default=None)
