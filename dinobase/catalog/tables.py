"""What an agent reads about a table: typed, with the keys that SPEC.md promises; facts that are absent are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from dinobase.catalog.metric_notes import MetricNote


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A value inside a JSON column: `address.city`, `items[].price`."""

    path: str
    type: str
    description: str | None = None
    unit: str | None = None
    pii: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnDescription:
    """One column; `values`: of an enumeration, with their meanings where known; `annotations`: owner and free keys.

    `from_data`: which of these facts nobody said, as they were recognised in the rows; `profile`: what the rows hold.
    """

    name: str
    type: str
    nullable: bool = True
    description: str | None = None
    note: str | None = None
    unit: str | None = None
    pii: str | None = None
    values: Sequence[str] | Mapping[str, str] | None = None
    deprecated: bool | str | None = None
    paths: Sequence[JsonPath] | None = None
    annotations: Mapping[str, Any] | None = None
    from_data: Sequence[str] | None = None
    profile: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RelatedTable:
    """Another table and the condition that joins it; the described table's column comes first.

    Where all is told, the child's side has `nulls`, its rows without a value, and `orphans`, values that are not there.
    """

    table: str
    join: str
    cardinality: str
    origin: str
    inclusion: float | None = None
    nulls: int | None = None
    orphans: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class TableDescription:
    """One table; `last_sync` is when it was last brought up to date."""

    schema: str
    table: str
    row_count: int
    columns: Sequence[ColumnDescription]
    is_stale: bool
    description: str | None = None
    primary_key: Sequence[str] | None = None
    related_tables: Sequence[RelatedTable] = ()
    sample_rows: Sequence[Mapping[str, Any]] = ()
    last_sync: str | None = None
    annotations: Mapping[str, Any] | None = None
    profile: Mapping[str, Any] | None = None
    metrics: Sequence[MetricNote] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return SPEC.md's shape, in its order."""
        order = (
            "schema", "table", "row_count", "description", "annotations", "primary_key", "columns", "related_tables",
            "metrics", "sample_rows", "profile", "last_sync", "is_stale",
        )  # fmt: skip
        data = _plain(self)
        return {key: data[key] for key in order if key in data}


def _plain(value: Any) -> Any:
    if isinstance(value, (TableDescription, ColumnDescription, RelatedTable, JsonPath, MetricNote)):
        found = {}
        for field in fields(value):
            item = getattr(value, field.name)
            if item is not None or field.default is not None:
                found[field.name] = _plain(item)
        return found
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
