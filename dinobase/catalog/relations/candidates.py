"""Which pairs of columns are worth counting, by their names; the rule is in docs/relationships.md. Pure.

Columns of which any two share values by chance (numbers from 1 on, codes that count) are paired here or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dinobase.catalog.relations import names
from dinobase.catalog.relations.sketch import may_hold
from dinobase.catalog.relations.values import ColumnFacts, Space, TableFacts

_OWN_WAYS = {"email", "site", "phone"}  # shapes that join in ways of their own
LEAST_PREFIX = 3  # letters by which codes that count are told from other codes


@dataclass(frozen=True, slots=True)
class Side:
    """A column within all that is known; `number` is what sketches call it."""

    number: int
    table: TableFacts
    column: ColumnFacts

    @property
    def named(self) -> tuple[str, str, str]:
        """Return connector, table, column."""
        return self.table.connector, self.table.table, self.column.name

    @property
    def is_key(self) -> bool:
        """The column is its table's key, or sounds like one."""
        if list(self.table.key) == [self.column.name]:
            return True
        return names.is_key(self.column.name, self.table.table)

    @property
    def is_primary(self) -> bool:
        """It is what names the table's own rows."""
        if self.table.key:
            return list(self.table.key) == [self.column.name]
        stem, _ = names.reference(self.column.name)
        return self.column.name.lower() in {"id", "_id", "uuid"} or stem == names.entity(self.table.table)

    @property
    def distinctive(self) -> bool:
        """Nobody else's column has such values by chance: UUIDs, hashes, sparse numbers, codes of a prefix."""
        column = self.column
        if column.shape == "number" or column.kind == "int":
            return column.shape == "number" and not column.dense and column.distinct >= 3
        if column.shape != "code":
            return False
        return not column.dense or sum(map(str.isalpha, column.prefix)) >= LEAST_PREFIX


@dataclass(frozen=True, slots=True)
class Guess:
    """Two columns that may join, and what their names say."""

    child: Side
    parent: Side
    space: Space
    name: float


def named(child: Side, parent: Side) -> float:
    """Return what the names of two columns say."""
    return names.evidence(child.named, parent.named, primary=list(parent.table.key) == [parent.column.name])


def sides(tables: Sequence[TableFacts]) -> list[Side]:
    """Return all columns, numbered."""
    found: list[Side] = []
    for table in tables:
        for column in table.columns:
            if not column.name.startswith("_"):
                found.append(Side(len(found), table, column))
    return found


def may_be_parent(side: Side) -> bool:
    """Say whether rows can be found by this column."""
    if not may_hold(side.column):
        return False
    return side.column.shape in _OWN_WAYS or side.is_key


def by_name(all_sides: Sequence[Side]) -> Iterator[Guess]:
    """Yield pairs whose names speak of each other and whose kinds can compare."""
    book = _Book(all_sides)
    for child in all_sides:
        if child.column.shape in _OWN_WAYS:
            continue
        for parent in book.parents_of(child):
            if parent.number != child.number and _comparable(child, parent):
                name = named(child, parent)
                if name:
                    yield Guess(child, parent, "key", name)


class _Book:
    """Columns by which rows can be found, by the words of their tables and by their own names."""

    def __init__(self, all_sides: Sequence[Side]) -> None:
        self._tables: dict[str, list[Side]] = {}
        self._same: dict[names.Words, list[Side]] = {}
        self._people: list[Side] = []
        for side in all_sides:
            if side.column.shape in _OWN_WAYS or not may_be_parent(side):
                continue
            for word in set(names.entity(side.table.table)):
                self._tables.setdefault(word, []).append(side)
            self._same.setdefault(names.words(side.column.name), []).append(side)
            if names.is_people(side.table.table):
                self._people.append(side)

    def parents_of(self, child: Side) -> Iterable[Side]:
        """Return whatever a column's name may speak of."""
        stem, ends = names.reference(child.column.name)
        own = self._tables.get(names.entity(child.table.table)[-1], [])
        looked = [self._tables.get(word, []) for word in stem]
        whole = names.words(child.column.name)
        looked += [self._same.get(whole, []), self._same.get(whole[-1:], []), _elsewhere(child, own)]
        if ends:
            looked.append([one for one in own if one.table is child.table])
        if names.is_role(stem) or names.is_done(child.column.name) if ends else names.is_actor(child.column.name):
            looked.append([one for one in self._people if one.table.connector == child.table.connector])
        return {one.number: one for group in looked for one in group}.values()


def _elsewhere(child: Side, parents: Sequence[Side]) -> list[Side]:
    """Return parents of another source for `stripe_id`, or `external_id`, of customers."""
    first = names.words(child.column.name)[0]
    found = [one for one in parents if one.table.connector != child.table.connector]
    return found if names.is_elsewhere(first) else [one for one in found if first in names.words(one.table.connector)]


def _comparable(child: Side, parent: Side) -> bool:
    one, other = child.column, parent.column
    if one.kind == other.kind == "int":
        return True
    return (one.shape == "number") == (other.shape == "number")
