"""What of the counted relationships an identity is shown: nothing that rows or columns told that it does not see.

A join that the data alone showed is shown where all rows and columns of both sides are there in clear; what was counted
of a declared one likewise. Else the declared one stands as it is declared, and the other does not exist. Of several
parents of one column the likeliest is chosen among those that are there for whoever looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dinobase.catalog.relations import rule
from dinobase.catalog.relations.forms import condition
from dinobase.catalog.relations.values import Pair, Place, Relationship, turned
from dinobase.catalog.tables import RelatedTable

Clear = Callable[[Place], bool]
Orphans = Callable[[Relationship], Sequence[Any]]


def related(
    counted: Sequence[Relationship],
    schema: str,
    table: str,
    declared: Sequence[RelatedTable],
    clear: Clear,
    orphans: Orphans | None = None,
) -> list[RelatedTable]:
    """Return a table's joins: the declared ones with what was counted of them, then those that the data shows.

    orphans: looks up what a parent does not have; with it the child's side tells that, and its rows without a value.
    """
    seen: dict[str, RelatedTable] = {}
    news: list[tuple[tuple[object, ...], RelatedTable]] = []
    for one in rule.chosen([one for one in counted if all(clear(side) for side in one.pair.sides)]):
        for from_parent, (here, there) in enumerate((one.pair.sides, one.pair.sides[::-1])):
            if (here.connector, here.table) != (schema, table):
                continue
            cardinality = one.evidence.cardinality
            found = RelatedTable(
                f"{there.connector}.{there.table}",
                condition(one.pair, from_parent=bool(from_parent)),
                turned(cardinality) if from_parent else cardinality,
                one.origin,
                one.evidence.inclusion if one.evidence.child_distinct and one.evidence.parent_rows else None,
            )
            if orphans is not None and not from_parent:
                missing = orphans(one) if one.evidence.inclusion < 1 and one.evidence.parent_rows else ()
                found = replace(found, nulls=one.evidence.nulls or None, orphans=missing or None)
            seen[condition(Pair(*one.pair.sides), from_parent=bool(from_parent))] = found
            if one.origin == "inferred":
                news.append((_order(one, schema, from_parent), found))
    told = [_with(one, seen.get(one.join)) for one in declared]
    joins = {one.join for one in told}
    return [*told, *(one for _, one in sorted(news, key=lambda new: new[0]) if one.join not in joins)]


def _with(declared: RelatedTable, counted: RelatedTable | None) -> RelatedTable:
    if counted is None or counted.inclusion is None:
        return declared
    return replace(counted, origin=declared.origin)


def _order(one: Relationship, schema: str, from_parent: int) -> tuple[object, ...]:
    """Sort parents before children, the own source before others, plain conditions before written ones."""
    other = one.pair.sides[1 - from_parent]
    plain = one.pair.forms == ("exact", "exact")
    return from_parent, other.connector != schema, not plain, -one.evidence.inclusion, other
