"""Which parents a child's requests are made for, so that a crash between a parent's load and its child's loses nothing.

A parent's memory counts the loads that changed it (`loads`), a child's the count that it has caught up with
(`parent_loads`). A child that has caught up visits the parents that this run listed; one that has not visits all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from dinobase.core.errors import SyncError
from dinobase.core.values import JsonScalar, ParentRow
from dinobase.lake.connection import ALIAS, Writer
from dinobase.lake.ddl import columns_of
from dinobase.lake.sql import ident, literal
from dinobase.load.schema import TableSchema
from dinobase.spec.models import Connector, Resource
from dinobase.sync import plan

LOADS = "loads"
CAUGHT_UP = "parent_loads"


@dataclass(frozen=True, slots=True)
class Listed:
    """What a parent's run leaves for its children: field -> rows of (field value, ancestors' tags)."""

    loads_before: str
    loads: str
    complete: bool
    rows: Mapping[str, Sequence[tuple[object, ...]]]
    changed: Mapping[str, Sequence[tuple[object, ...]]]

    def with_later(self, later: Listed) -> Listed:
        """Return what two passes in one run leave."""
        return Listed(
            self.loads_before,
            later.loads,
            self.complete,
            {name: list({*rows, *later.rows[name]}) for name, rows in self.rows.items()},
            {name: list({*rows, *later.changed[name]}) for name, rows in self.changed.items()},
        )


def collect(
    writer: Writer,
    connector: Connector,
    parent: Resource,
    schema: TableSchema,
    files: Sequence[Path],
    child: Resource,
    *,
    changed_key: Sequence[str] = (),
) -> list[tuple[object, ...]]:
    """Return the parent values of staged rows; with changed_key only of rows that the table lacks or has otherwise."""
    if not files:
        return []
    fields = _fields(connector, parent, child, schema)
    source = f"read_parquet([{', '.join(literal(str(f)) for f in files)}], union_by_name = true)"
    where = f" WHERE s.{fields[0]} IS NOT NULL"
    have = columns_of(writer, parent.name) if changed_key else {}
    if have:
        shared = [c for c in schema if c.name in have]
        match = " AND ".join(f"t.{ident(k)} = s.{ident(k)}" for k in changed_key)
        same = " AND ".join(
            f"{_text('t', c.name)} IS NOT DISTINCT FROM {_text('s', c.name, c.sql_type)}" for c in shared
        )
        new = [f"s.{ident(c.name)} IS NULL" for c in schema if c.name not in have]
        equal = " AND ".join([match, same, *new])
        where += f" AND NOT EXISTS (SELECT 1 FROM {ALIAS}.{ident(parent.name)} t WHERE {equal})"
    return writer.rows(f"SELECT DISTINCT {', '.join(f's.{f}' for f in fields)} FROM {source} s{where}")


def _text(side: str, name: str, kind: str = "") -> str:
    value = f"{side}.{ident(name)}"
    return f"CAST({f'CAST({value} AS {kind})' if kind else value} AS VARCHAR)"


def all_of(
    writer: Writer, connector: Connector, parent: Resource, child: Resource, schema: TableSchema
) -> list[tuple[object, ...]]:
    """Return the parent values of all rows in the lake."""
    if not columns_of(writer, parent.name):
        raise SyncError(
            f"{child.name} needs {parent.name}, which has not been synced",
            hint=f"dinobase sync --resources {parent.name},{child.name}",
            resource=child.name,
        )
    fields = _fields(connector, parent, child, schema)
    living = " AND _dinobase_deleted_at IS NULL" if "_dinobase_deleted_at" in columns_of(writer, parent.name) else ""
    return writer.rows(
        f"SELECT DISTINCT {', '.join(fields)} FROM {ALIAS}.{ident(parent.name)} WHERE {fields[0]} IS NOT NULL{living}"
    )


def _fields(connector: Connector, parent: Resource, child: Resource, schema: TableSchema) -> list[str]:
    assert child.parent is not None
    column = schema.find(child.parent.field)
    if column is None:
        raise SyncError(
            f"{child.name}: {parent.name} has no field `{child.parent.field}`, which `parent.field` names",
            hint=f"it has: {', '.join(c.name for c in schema.columns[:20])}",
            resource=child.name,
        )
    return [ident(column.name), *(ident(t) for t in plan.tags(connector, parent))]


def parent_rows(connector: Connector, child: Resource, values: Sequence[tuple[object, ...]]) -> list[ParentRow]:
    """Make the request series: the child's own parameter and its ancestors', and the columns that keep them."""
    line = plan.lineage(connector, child)
    nearest, farther = line[0], list(reversed(line[1:]))
    rows = []
    for first, *rest in sorted(values, key=lambda v: tuple(map(str, v))):
        scalars = [_scalar(v) for v in rest]
        params = dict(zip((p.param for p in farther), scalars, strict=True)) | {nearest.param: _scalar(first)}
        tags = dict(zip(map(plan.tag, farther), scalars, strict=True)) | {plan.tag(nearest): _scalar(first)}
        rows.append(ParentRow(params=params, tags=tags))
    return rows


def with_fresh(writer: Writer, connector: Connector, child: Resource, rows: Sequence[ParentRow]) -> list[ParentRow]:
    """Mark the parents of which the child's table has no row: what a new one has may be older than the cursor."""
    names = plan.tags(connector, child)
    have = columns_of(writer, child.name)
    if any(name not in have for name in names):
        return [replace(row, fresh=True) for row in rows]
    found = writer.rows(f"SELECT DISTINCT {', '.join(map(ident, names))} FROM {ALIAS}.{ident(child.name)}")
    known = {tuple(str(_scalar(value)) for value in values) for values in found}
    return [replace(row, fresh=tuple(str(row.tags[name]) for name in names) not in known) for row in rows]


def _scalar(value: object) -> JsonScalar:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
