"""Brings the relationships of a workspace up to date: what changed is scanned, guessed at and counted, nothing else.

Runs when it is called, never within a query; reads lakes, writes sketches into the cache and numbers into the records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dinobase.catalog.relations import counting, names, rule
from dinobase.catalog.relations.candidates import Guess, Side, by_name, sides
from dinobase.catalog.relations.declared import Declared, declared
from dinobase.catalog.relations.files import SketchFiles
from dinobase.catalog.relations.forms import choices
from dinobase.catalog.relations.lakes import Lakes
from dinobase.catalog.relations.sketch import kind_of
from dinobase.catalog.relations.sketches import Sketches
from dinobase.catalog.relations.store import Ledger
from dinobase.catalog.relations.values import Evidence, Form, Pair, Place, Relationship, Space, TableFacts
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.lake.sql import qualified

if TYPE_CHECKING:
    from dinobase.spec.models import Connector

Sides = tuple[Place, Place]


@dataclass(frozen=True, slots=True)
class Related:
    """What one run did; `found` and `lost` are joins that were not, or are no longer, shown."""

    scanned: int = 0
    counted: int = 0
    shown: int = 0
    found: Sequence[Relationship] = ()
    lost: Sequence[Relationship] = ()


def relate(
    storage: Storage,
    paths: Paths,
    connectors: Iterable[str],
    find: Callable[[str], Connector | None] = lambda _name: None,
) -> Related:
    """Scan the tables that are not of the version they were, and count again whatever they are a side of."""
    ledger = Ledger(paths.state, storage.catalog)
    with Lakes(storage, paths, connectors) as lakes:
        return _Run(lakes, SketchFiles(paths), ledger, find).run()


class _Run:
    def __init__(
        self, lakes: Lakes, files: SketchFiles, ledger: Ledger, find: Callable[[str], Connector | None]
    ) -> None:
        self._lakes = lakes
        self._files = files
        self._ledger = ledger
        self._find = find
        self._tables: dict[tuple[str, str], TableFacts] = {}
        self._changed: set[tuple[str, str]] = set()

    def run(self) -> Related:
        for connector in self._lakes.contents:
            self._scan(connector)
        before = {one.pair.sides: one for one in self._ledger.all()}
        said = {one.sides: one for one in self._declared()}
        fresh = {
            key: one for key, one in before.items() if self._still(one) and (one.origin == "inferred" or key in said)
        }
        if not self._changed and len(fresh) == len(before) and said.keys() <= before.keys():
            return Related(shown=sum(one.shown for one in before.values()))
        news = self._count_declared(one for key, one in said.items() if key not in fresh)
        kept = {key: one for key, one in fresh.items() if one.origin != "inferred"} | {
            one.pair.sides: one for one in news
        }
        inferred = self._inferred(before, fresh, kept)
        now = kept | {one.pair.sides: one for one in inferred}
        self._ledger.replace(
            [one for key, one in before.items() if key not in now],
            [one for key, one in now.items() if before.get(key) != one],
        )
        shown = {key: one for key, one in now.items() if one.shown}
        return Related(
            len(self._changed),
            sum(before.get(key) != one for key, one in now.items()),
            len(shown),
            [one for key, one in shown.items() if key not in before or not before[key].shown],
            [one for key, one in before.items() if one.shown and key not in shown],
        )

    def _scan(self, connector: str) -> None:
        held = self._lakes.contents[connector]
        known = self._files.read(connector)
        found = []
        keys: Mapping[str, Sequence[str]] | None = None
        for name, version in held.versions.items():
            facts = known.get(name)
            if facts is None or facts.version != version:
                self._changed.add((connector, name))
                self._lakes.use([connector])
                keys = self._lakes.keys(connector) if keys is None else keys
                file = self._files.of(connector, name)
                seen = self._lakes.scan(connector, name, file)
                facts = TableFacts(connector, name, version, seen.rows, tuple(keys.get(name, ())), tuple(seen.columns))
            found.append(facts)
            self._tables[connector, name] = facts
        if known != {one.table: one for one in found}:
            self._files.write(connector, found)

    def _version(self, side: Place) -> str | None:
        facts = self._tables.get((side.connector, side.table))
        held = self._lakes.contents.get(side.connector)
        if facts is None or held is None:
            return None
        there = {column.name for column in held.columns[side.table]}
        return facts.version if there.issuperset(side.columns) else None

    def _still(self, one: Relationship) -> bool:
        return one.versions == tuple(self._version(side) for side in one.pair.sides)

    def _declared(self) -> list[Declared]:
        found: list[Declared] = []
        for connector in self._lakes.contents:
            definition = self._find(connector)
            if definition is not None:
                found += declared(definition, connector)
        return [one for one in found if all(self._version(side) is not None for side in one.sides)]

    def _count_declared(self, many: Iterable[Declared]) -> list[Relationship]:
        found = []
        for one in many:
            pair, seen = self._count(Pair(*one.sides), self._forms(*one.sides))
            found.append(Relationship(pair, one.origin, seen, self._versions(pair)))
        return found

    def _count(self, pair: Pair, ways: Sequence[tuple[Form, Form]]) -> tuple[Pair, Evidence]:
        child, parent = (self._tables[side.connector, side.table].rows for side in pair.sides)
        # the parent's copy may make room by dropping others, so the child's comes after it and is the newest
        there = counting.Source(self._lakes.source(pair.parent), parent)
        here = counting.Source(self._lakes.source(pair.child), child)
        return counting.best(self._lakes.connection, pair, (here, there), ways)

    def _forms(self, child: Place, parent: Place) -> list[tuple[Any, Any]]:
        if len(child.columns) > 1:
            return [("exact", "exact")]
        facts = [self._tables[side.connector, side.table].column(side.columns[0]) for side in (child, parent)]
        if facts[0] is None or facts[1] is None:
            return [("exact", "exact")] if self._types(child) == self._types(parent) else [("text", "text")]
        return choices(facts[0], facts[1], "key")

    def _types(self, side: Place) -> list[Any]:
        columns = {column.name: column.type for column in self._lakes.contents[side.connector].columns[side.table]}
        return [kind_of(columns[name]) or columns[name] for name in side.columns]

    def _versions(self, pair: Pair) -> tuple[str, str]:
        child, parent = (self._tables[side.connector, side.table].version for side in pair.sides)
        return child, parent

    def _inferred(
        self,
        before: Mapping[Sides, Relationship],
        fresh: Mapping[Sides, Relationship],
        said: Mapping[Sides, Relationship],
    ) -> list[Relationship]:
        columns = sides([table for table in self._tables.values() if table.rows])
        numbers = {(*_table(side), side.column.name): side for side in columns}
        counted = []
        for guess in self._guesses(columns, numbers, before):
            pair = Pair(_place(guess.child), _place(guess.parent))
            if pair.sides in said:
                continue
            old = fresh.get(pair.sides)
            if old is not None:
                counted.append(rule.Counted(guess, old.pair, old.evidence))
                continue
            ways = choices(guess.child.column, guess.parent.column, guess.space)
            counted.append(rule.Counted(guess, *self._count(pair, ways)))
        shown = {one.pair.sides for one in rule.chosen(counted, {s[0] for s, one in said.items() if _holds(one)})}
        found = []
        for one in counted:
            made = Relationship(one.pair, "inferred", one.evidence, self._versions(one.pair), one.pair.sides in shown)
            old = fresh.get(one.pair.sides)
            found.append(replace(made, at=old.at) if old is not None else made)
        return found

    def _guesses(
        self,
        columns: Sequence[Side],
        numbers: Mapping[tuple[str, str, str], Side],
        before: Mapping[Sides, Relationship],
    ) -> list[Guess]:
        """Return what changed and may join, and what was counted before; in the order of their lakes."""
        found: dict[tuple[int, int, Space], Guess] = {}
        for one in before.values():
            ends = [numbers.get((side.connector, side.table, side.columns[0])) for side in one.pair.sides]
            if one.origin == "inferred" and ends[0] is not None and ends[1] is not None:
                space: Space = {
                    "phone": "phone",
                    "phone_number": "phone",
                    "site": "domain",
                    "mail_domain": "domain",
                }.get(  # type: ignore[assignment]
                    one.pair.forms[0], "key"
                )
                found[ends[0].number, ends[1].number, space] = Guess(ends[0], ends[1], space, _named(ends[0], ends[1]))
        if self._changed:
            sketches = Sketches(self._lakes.connection, columns, {key: self._files.of(*key) for key in self._tables})
            for side in columns:
                if not side.column.whole and sketches.holds(side):
                    self._lakes.use([side.table.connector])
                    sketches.probe_large(side, qualified(side.table.connector, "main", side.table.table))
            guesses = sketches.likely(g for g in by_name(columns) if self._touched(g))
            guesses += [replace(g, name=_named(g.child, g.parent)) for g in sketches.sharing() if self._touched(g)]
            for guess in guesses:
                found.setdefault((guess.child.number, guess.parent.number, guess.space), guess)
        return sorted(found.values(), key=lambda g: (g.child.named, g.parent.named))

    def _touched(self, guess: Guess) -> bool:
        return not self._changed.isdisjoint((_table(guess.child), _table(guess.parent)))


def _table(side: Side) -> tuple[str, str]:
    return side.table.connector, side.table.table


def _place(side: Side) -> Place:
    return Place(side.table.connector, side.table.table, (side.column.name,))


def _named(child: Side, parent: Side) -> float:
    return names.evidence(child.named, parent.named)


def _holds(one: Relationship) -> bool:
    return one.evidence.inclusion >= 0.8
