"""Brings the relationships of a workspace up to date: what changed is scanned, guessed at and counted, nothing else.

Runs when it is called, never within a query; reads lakes, writes sketches into the cache and numbers into the records.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dinobase.catalog.relations import counting, rule
from dinobase.catalog.relations.candidates import Guess, Side, by_name, named, sides
from dinobase.catalog.relations.declared import Declared, declared
from dinobase.catalog.relations.files import SketchFiles
from dinobase.catalog.relations.forms import choices
from dinobase.catalog.relations.lakes import Lakes
from dinobase.catalog.relations.sketch import kind_of
from dinobase.catalog.relations.sketches import Sketches
from dinobase.catalog.relations.store import Ledger
from dinobase.catalog.relations.values import Evidence, Form, Pair, Place, Relationship, Space, TableFacts
from dinobase.core import clock
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.lake.sql import qualified

if TYPE_CHECKING:
    from dinobase.spec.models import Connector

Sides = tuple[Place, Place]
Table = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Related:
    """What one run did; `left`: tables that are still to be scanned; `found` and `lost`: what is, or was, new."""

    scanned: int = 0
    counted: int = 0
    shown: int = 0
    left: int = 0
    found: Sequence[Relationship] = ()
    lost: Sequence[Relationship] = ()


def relate(
    storage: Storage,
    paths: Paths,
    connectors: Sequence[str],
    find: Callable[[str], Connector | None] = lambda _name: None,
    *,
    changed: Collection[str] | None = None,
    seconds: float = 0.0,
) -> Related:
    """Scan the tables that are not of the version they were, and count again whatever they are a side of.

    changed: connectors whose lakes may be another than before; of the others what was seen is taken as it is.
    seconds: no further table is scanned after so long, but one in any case, 0 for all; the next run goes on.
    """
    scope = [name for name in connectors if changed is None or name in changed]
    with Lakes(storage, paths) as lakes:
        return _Run(lakes, SketchFiles(paths), Ledger(paths.state, storage.catalog), find, seconds).run(
            scope, [name for name in connectors if name not in scope]
        )


class _Run:
    def __init__(
        self,
        lakes: Lakes,
        files: SketchFiles,
        ledger: Ledger,
        find: Callable[[str], Connector | None],
        seconds: float,
    ) -> None:
        self._lakes = lakes
        self._files = files
        self._ledger = ledger
        self._find = find
        self._until = clock.monotonic() + seconds if seconds else None
        self._tables: dict[Table, TableFacts] = {}
        self._changed: set[Table] = set()
        self._left = 0
        self._gone = False

    def run(self, scope: Sequence[str], others: Sequence[str]) -> Related:
        seen = {name: self._scan(name) for name in scope}
        if others and not self._changed and not self._gone:
            return Related(left=self._left)  # what is declared elsewhere is looked at when all is
        for connector in others:
            self._tables |= {(connector, name): facts for name, facts in self._files.read(connector).items()}
        before = {one.pair.sides: one for one in self._ledger.all()}
        said = {one.sides: one for one in self._declared(scope, before)}
        fresh = {key: one for key, one in before.items() if self._still(one) and self._meant(one, said)}
        if self._changed or len(fresh) < len(before) or not said.keys() <= before.keys():
            kept = {key: one for key, one in fresh.items() if one.origin != "inferred"}
            kept |= {one.pair.sides: one for one in self._count_declared(said[k] for k in said.keys() - fresh.keys())}
            now = kept | {one.pair.sides: one for one in self._inferred(before, fresh, kept)}
        else:
            now = fresh
        news = [one for key, one in now.items() if before.get(key) != one]
        self._ledger.replace([one for key, one in before.items() if key not in now], news)
        for name, tables in seen.items():  # last, so that a run that was killed begins anew
            self._files.write(name, tables)
        shown, were = ({one.pair.sides: one for one in rule.chosen(list(many.values()))} for many in (now, before))
        return Related(
            len(self._changed),
            len(news),
            len(shown),
            self._left,
            [one for key, one in shown.items() if key not in were],
            [one for key, one in were.items() if key not in shown],
        )

    def _scan(self, connector: str) -> list[TableFacts]:
        """Return what is known of a connector's tables, after looking at those that are not as they were."""
        held = self._lakes.held(connector)
        known = self._files.read(connector)
        found = []
        keys: Mapping[str, Sequence[str]] | None = None
        versions = held.versions if held else {}
        self._gone = self._gone or not versions.keys() >= known.keys()
        for name, version in versions.items():
            facts = known.get(name)
            if facts is None or facts.version != version:
                if self._until is not None and self._changed and clock.monotonic() > self._until:
                    self._left += 1
                else:
                    keys = self._lakes.keys(connector) if keys is None else keys
                    seen = self._lakes.scan(connector, name, self._files.of(connector, name))
                    key = tuple(keys.get(name, ()))
                    facts = TableFacts(connector, name, version, seen.rows, key, tuple(seen.columns))
                    self._changed.add((connector, name))
            if facts is not None:
                found.append(facts)
                self._tables[connector, name] = facts
        return found

    def _version(self, side: Place) -> str | None:
        facts = self._tables.get((side.connector, side.table))
        if facts is None or not self._lakes.has(side):
            return None
        return facts.version

    def _still(self, one: Relationship) -> bool:
        return one.versions == tuple(self._version(side) for side in one.pair.sides)

    def _meant(self, one: Relationship, said: Collection[Sides]) -> bool:
        """Say whether a declared pair is still declared, and another is not."""
        return (one.origin != "inferred") == (one.pair.sides in said)

    def _declared(self, scope: Sequence[str], before: Mapping[Sides, Relationship]) -> list[Declared]:
        found = [
            Declared(*one.pair.sides, one.origin)
            for one in before.values()
            if one.origin != "inferred" and one.pair.child.connector not in scope
        ]
        for connector in scope:
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

    def _forms(self, child: Place, parent: Place) -> list[tuple[Form, Form]]:
        """Return how a declared pair is compared: as it is declared, unless that could not be run."""
        if self._types(child) == self._types(parent):
            return [("exact", "exact")]
        facts = [self._tables[side.connector, side.table].column(side.columns[0]) for side in (child, parent)]
        if len(child.columns) > 1 or facts[0] is None or facts[1] is None:
            return [("text", "text")]
        return choices(facts[0], facts[1], "key")[:1]

    def _types(self, side: Place) -> list[Any]:
        types = self._lakes.types(side)
        return [kind_of(types[name]) or types[name] for name in side.columns]

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
        found = []
        for one in counted:
            made = Relationship(
                one.pair, "inferred", one.evidence, self._versions(one.pair), rule.holds(one), rule.rank(one),
                rule.group(one),
            )  # fmt: skip
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
                space = _space(ends[0], ends[1])
                found[ends[0].number, ends[1].number, space] = Guess(ends[0], ends[1], space, named(ends[0], ends[1]))
        if self._changed:
            sketches = Sketches(self._lakes.connection, columns, {key: self._files.of(*key) for key in self._tables})
            for side in columns:
                if not side.column.whole and sketches.holds(side):
                    self._lakes.use([side.table.connector])
                    sketches.probe_large(side, qualified(side.table.connector, "main", side.table.table))
            guesses = sketches.likely(g for g in by_name(columns) if self._touched(g))
            guesses += [replace(g, name=named(g.child, g.parent)) for g in sketches.sharing() if self._touched(g)]
            for guess in guesses:
                found.setdefault((guess.child.number, guess.parent.number, guess.space), guess)
        return sorted(found.values(), key=lambda g: (g.child.named, g.parent.named))

    def _touched(self, guess: Guess) -> bool:
        return not self._changed.isdisjoint((_table(guess.child), _table(guess.parent)))


def _table(side: Side) -> tuple[str, str]:
    return side.table.connector, side.table.table


def _place(side: Side) -> Place:
    return Place(side.table.connector, side.table.table, (side.column.name,))


def _space(child: Side, parent: Side) -> Space:
    """Return in which way two columns were compared: there is one for their shapes."""
    if parent.column.shape == "phone" == child.column.shape:
        return "phone"
    return "domain" if parent.column.shape == "site" else "key"
