"""What definitions say of joins, as pairs to be counted: relationships, foreign keys, children and their parents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dinobase.catalog.relations.values import Origin, Place
from dinobase.catalog.relationships import column_of, parent_column, tag_column

if TYPE_CHECKING:
    from dinobase.spec.models import Connector


@dataclass(frozen=True, slots=True)
class Declared:
    """A child's columns and those that they are said to be found in."""

    child: Place
    parent: Place
    origin: Origin

    @property
    def sides(self) -> tuple[Place, Place]:
        """What identifies it."""
        return self.child, self.parent


def declared(definition: Connector, name: str) -> Iterator[Declared]:
    """Yield what the definition of a connector says; `name` is what it is called in SQL."""
    for resource in definition.resources:
        for relation in resource.relationships:
            source, dot, table = relation.to.partition(".")
            parent = (source, table) if dot else (name, relation.to)
            here, there = (tuple(column_of(c) for c in many) for many in (relation.columns, relation.to_columns))
            if len(here) == len(there):
                yield Declared(Place(name, resource.name, here), Place(*parent, there), "declared")
        above = resource.parent
        if above is not None and definition.resource(above.resource) is not None:
            tag = tag_column(above.resource, above.field)
            child = Place(name, resource.name, (tag,))
            yield Declared(child, Place(name, above.resource, (parent_column(above.field),)), "parent")
