"""Which columns of a lake hold personal data, from what the connector's file says of columns and places in records.

What was said of them here counts before it; a kind of "" is a column of which is known that it holds none. What the
values themselves tell comes last.

A declared place covers all below it, is found under the name that its column has, and comes along into children that
keep a parent's value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from dinobase.load.naming import column_name, snake

if TYPE_CHECKING:
    from dinobase.spec.models import Connector, Resource

Declared: TypeAlias = Mapping[str, Mapping[str, str]]  # table -> column or source path -> kind


@dataclass(frozen=True, slots=True)
class Pii:
    """The kind that a whole column is of, and what lies inside it: steps -> kind; `[]` is every element."""

    whole: str | None = None
    inside: tuple[tuple[tuple[str, ...], str], ...] = ()


def declared(connector: Connector) -> dict[str, dict[str, str]]:
    """Return what a connector's file says, per table."""
    found: dict[str, dict[str, str]] = {
        r.name: {key: c.pii for key, c in r.columns.items() if c.pii} for r in connector.resources
    }
    for resource in connector.resources:
        inherited = _inherited(connector, resource, found)
        own = found[resource.name]
        found[resource.name] = {**inherited, **own, **{key: kind for key, kind in inherited.items() if kind}}
    return found


def over(known: Declared, said: Declared) -> dict[str, dict[str, str]]:
    """Return what a file declares under what was said: table -> column -> kind, "" for none; children inherit it."""
    found = {table: dict(keys) for table, keys in known.items()}
    for table, columns in said.items():
        for column, kind in columns.items():
            inherited = _kept_as(table, column)
            for keys in found.values():
                if inherited in keys:
                    keys[inherited] = kind
    for table, columns in said.items():
        lower = {column.lower() for column in columns}
        keys = {key: kind for key, kind in found.get(table, {}).items() if key.lower() not in lower}
        found[table] = {**keys, **columns}
    return found


def under(known: Declared, table: str, found: Mapping[str, str]) -> Declared:
    """Return what is known with what the values of one table tell of columns that nothing was said of."""
    keys = known.get(table, {})
    said = {key.lower() for key in keys}
    clear = tuple(f"{key.lower()}{sign}" for key, kind in keys.items() if not kind for sign in ".[")
    new = {at: kind for at, kind in found.items() if at.lower() not in said and not at.lower().startswith(clear)}
    return {**known, table: {**new, **keys}}


def _inherited(connector: Connector, resource: Resource, known: Declared) -> dict[str, str]:
    """Return the columns in which a child keeps its ancestors' values."""
    found = {}
    seen: set[str] = set()
    current: Resource | None = resource
    while current is not None and current.parent is not None and current.name not in seen:
        seen.add(current.name)
        parent = current.parent
        kind = of_column(known.get(parent.resource, {}), parent.field, parent.field.split(".")).whole
        found[_kept_as(parent.resource, parent.field)] = kind or ""
        current = connector.resource(parent.resource)
    return found


def _kept_as(parent: str, field: str) -> str:
    """Return the column in which a child keeps a parent's value."""
    return snake(f"_{parent}_{field.replace('.', '_')}")


def of_column(keys: Mapping[str, str], column: str, path: Sequence[str]) -> Pii:
    """Return what a column holds; `path` is where in the record it comes from."""
    source = [step.lower() for step in path]
    inside = []
    for key, kind in keys.items():
        if key.lower() == column.lower():  # said of this very column, before all that is said of places around it
            return Pii(kind or None)
    for key, kind in keys.items():
        steps = split(key)
        plain = [step.lower() for step in steps if step != "[]"]
        if not kind:
            continue
        if column_name(steps_without_lists(steps)).lower() == column.lower():
            return Pii(kind)
        if plain == source[: len(plain)]:
            return Pii(kind)
        if plain[: len(source)] == source:
            inside.append((_after(steps, len(source)), kind))
        elif steps[:1] and steps[0].lower() == column.lower():  # called as the table has it, not as the record does
            inside.append((_after(steps, 1), kind))
    return Pii(None, tuple(inside))


def split(key: str) -> list[str]:
    """Split `items.data[].price` into `items`, `data`, `[]`, `price`."""
    steps: list[str] = []
    for part in key.split("."):
        bare = part
        lists = 0
        while bare.endswith("[]"):
            bare = bare[:-2]
            lists += 1
        if bare:
            steps.append(bare)
        steps.extend(["[]"] * lists)
    return steps


def steps_without_lists(steps: Sequence[str]) -> list[str]:
    """Return the names alone."""
    return [step for step in steps if step != "[]"] or ["x"]


def _after(steps: Sequence[str], names: int) -> tuple[str, ...]:
    left = list(steps)
    while names and left:
        if left.pop(0) != "[]":
            names -= 1
    return tuple(left)
