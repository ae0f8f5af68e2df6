"""What a table's columns are and where in the record each one comes from; the lake keeps it beside the rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

Path: TypeAlias = tuple[str, ...]
Origin: TypeAlias = Literal["inferred", "declared"]

UNKNOWN = "UNKNOWN"  # only nulls so far: VARCHAR in the lake, until it learns better
UNKNOWN_LIST = "UNKNOWN[]"  # only empty arrays so far: VARCHAR[] in the lake
JSON = "JSON"

BASIC = frozenset({"BOOLEAN", "BIGINT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMPTZ", JSON, UNKNOWN})
TIMES = frozenset({"DATE", "TIMESTAMP", "TIMESTAMPTZ"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `type` is a type of the lattice (load/lattice.py) or a declared SQL type."""

    name: str
    path: Path
    type: str
    origin: Origin = "inferred"
    map_like: bool = False

    @property
    def whole(self) -> bool:
        """An object here is one value, not columns of its own."""
        return self.type == JSON or self.origin == "declared"

    @property
    def sql_type(self) -> str:
        """The type in the lake."""
        if self.type == UNKNOWN:
            return "VARCHAR"
        return "VARCHAR[]" if self.type == UNKNOWN_LIST else self.type


@dataclass(frozen=True, slots=True)
class TableSchema:
    """Columns in the order in which they were first seen."""

    columns: tuple[Column, ...] = ()

    def __iter__(self) -> Iterator[Column]:
        """Iterate over the columns."""
        return iter(self.columns)

    def by_path(self, path: Path) -> Column | None:
        """Find the column that comes from this place in the record."""
        return next((c for c in self.columns if c.path == path), None)

    def by_name(self, name: str) -> Column | None:
        """Find a column by its name in the lake."""
        return next((c for c in self.columns if c.name == name), None)

    def find(self, key: str) -> Column | None:
        """Find a column by its name, the API's own name, or a dotted source path."""
        bare = key.removeprefix("$.")
        return (
            self.by_name(key)
            or self.by_path((key,))
            or next((c for c in self.columns if ".".join(c.path) == bare), None)
        )

    def with_column(self, column: Column) -> TableSchema:
        """Add a column, or replace the one of its path."""
        if self.by_path(column.path) is None:
            return TableSchema((*self.columns, column))
        return TableSchema(tuple(column if c.path == column.path else c for c in self.columns))

    def renamed(self, old: str, new: str) -> TableSchema:
        """Return a copy in which one column has another name."""
        return TableSchema(tuple(replace(c, name=new) if c.name == old else c for c in self.columns))

    def to_json(self) -> str:
        """Return what `_dinobase_state` keeps under the key `schema`."""
        return json.dumps(
            [
                {"name": c.name, "path": list(c.path), "type": c.type}
                | ({"origin": c.origin} if c.origin != "inferred" else {})
                | ({"map_like": True} if c.map_like else {})
                for c in self.columns
            ],
            ensure_ascii=True,
        )

    @classmethod
    def from_json(cls, text: str) -> TableSchema:
        """Read what `to_json` wrote."""
        data: list[dict[str, Any]] = json.loads(text)
        return cls(
            tuple(
                Column(
                    name=d["name"],
                    path=tuple(d["path"]),
                    type=d["type"],
                    origin=d.get("origin", "inferred"),
                    map_like=d.get("map_like", False),
                )
                for d in data
            )
        )
