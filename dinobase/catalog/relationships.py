"""How a table joins others: what connector files declare, children and their parents, arrays and their tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from dinobase.catalog.tables import RelatedTable
from dinobase.lake.sql import ident
from dinobase.load.naming import snake

if TYPE_CHECKING:
    from dinobase.spec.models import Connector, Resource

_LITERAL = re.compile(r"'(?:[^']|'')*'")
_COLUMN = re.compile(r'\b([a-zA-Z_]\w*)\.([a-zA-Z_]\w*|"(?:[^"]|"")+")\.(\w+|"(?:[^"]|"")+")')
KnownTable = Callable[[str, str], bool]


def related(connector: Connector | None, schema: str, table: str, known: KnownTable) -> list[RelatedTable]:
    """Return the joins of one table with tables that are there; `schema` is the connector's name in SQL."""
    found: list[RelatedTable] = []
    if connector is not None:
        own = connector.resource(table)
        for resource in connector.resources:
            found += _declared(resource, schema, table)
            found += _family(resource, own, connector, schema, table)
    kept: dict[tuple[str, str], RelatedTable] = {}
    for one in found:
        other_schema, _, other = one.table.partition(".")
        if known(other_schema, other):
            kept.setdefault((one.table, one.join), one)
    return list(kept.values())


def _declared(resource: Resource, schema: str, table: str) -> list[RelatedTable]:
    found = []
    for relationship in resource.relationships:
        other = relationship.to if "." in relationship.to else f"{schema}.{relationship.to}"
        named = ([column_of(name) for name in names] for names in (relationship.columns, relationship.to_columns))
        pairs = list(zip(*named, strict=False))
        here = f"{schema}.{resource.name}"
        if resource.name == table:
            found.append(RelatedTable(other, _join(here, other, pairs), "many_to_one", "declared"))
        if other == f"{schema}.{table}":
            turned = [(right, left) for left, right in pairs]
            found.append(RelatedTable(here, _join(other, here, turned), "one_to_many", "declared"))
    return found


def _family(
    resource: Resource, own: Resource | None, connector: Connector, schema: str, table: str
) -> list[RelatedTable]:
    """Return parent -> child and child -> parent."""
    parent = resource.parent
    if parent is None or own is None or table not in {resource.name, parent.resource}:
        return []
    if connector.resource(parent.resource) is None:
        return []
    child, above = f"{schema}.{resource.name}", f"{schema}.{parent.resource}"
    column, tag = column_of(parent.field), tag_column(parent.resource, parent.field)
    if table == resource.name:
        return [RelatedTable(above, _join(child, above, [(tag, column)]), "many_to_one", "parent")]
    return [RelatedTable(child, _join(above, child, [(column, tag)]), "one_to_many", "parent")]


def parent_column(field: str) -> str:
    """Return the parent's column that a child's requests are made of."""
    return "__".join(snake(part) for part in field.split("."))


def column_of(named: str) -> str:
    """Return the column that a connector file means by its name or by the API's path."""
    return named if "__" in named else parent_column(named)


def tag_column(parent: str, field: str) -> str:
    """Return the child's column that carries it."""
    return snake(f"_{parent}_{field.replace('.', '_')}")


def array_view(schema: str, view: str, table: str, key: Sequence[str], *, from_view: bool) -> RelatedTable:
    """Return the join between a table and the view of one of its arrays."""
    pairs = [(f"_{table}_{name}", name) for name in key]
    here, there = f"{schema}.{view}", f"{schema}.{table}"
    if from_view:
        return RelatedTable(there, _join(here, there, pairs), "many_to_one", "array")
    turned = [(right, left) for left, right in pairs]
    return RelatedTable(here, _join(there, here, turned), "one_to_many", "array")


def views_of(views: Sequence[str], tables: Mapping[str, object]) -> dict[str, str]:
    """Return view -> its table: the longest table name that it begins with."""
    found = {}
    for view in views:
        owners = [table for table in tables if view.startswith(f"{table}__")]
        if owners:
            found[view] = max(owners, key=len)
    return found


def _join(left: str, right: str, pairs: Sequence[tuple[str, str]]) -> str:
    here, there = quoted(left), quoted(right)
    return " AND ".join(f"{here}.{name(a)} = {there}.{name(b)}" for a, b in pairs)


def columns_of(join: str) -> list[tuple[str, str, str]]:
    """Return the columns that a join names, as (connector, table, column), however they are written in it."""
    return [(one[0], _bare(one[1]), _bare(one[2])) for one in _COLUMN.findall(_LITERAL.sub("''", join))]


def _bare(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def name(column: str) -> str:
    """Return the name of a column or a table, in quotes only where SQL needs them."""
    plain = column.replace("_", "a").isalnum() and column.isascii() and not column[:1].isdigit()
    return column if plain else ident(column)


def quoted(table: str) -> str:
    """Return `connector.table` as SQL takes it."""
    connector, _, rest = table.partition(".")
    return f"{connector}.{name(rest)}"
