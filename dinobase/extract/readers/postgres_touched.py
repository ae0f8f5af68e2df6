"""From a slot's messages to the rows that are to be read again: by table the keys that changed, or all of it. Pure.

Of a change only its key is taken. The row itself is read from the table, in the snapshot of the whole run: so a large
value that was not sent, a type's text and the order of changes cannot make it another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from dinobase.extract.readers import pgoutput

Key: TypeAlias = tuple[bytes, ...]
Place: TypeAlias = tuple[str, str]
MOST = 100_000  # keys of one table; from there on it is read as a whole


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which transactions a snapshot sees."""

    least: int
    next: int
    running: frozenset[int] = frozenset()

    @classmethod
    def of(cls, text: str) -> Snapshot:
        """Read what pg_current_snapshot() writes: `10:20:14,15`."""
        least, following, running = text.split(":")
        return cls(int(least), int(following), frozenset(int(x) for x in running.split(",") if x))

    def sees(self, xid: int) -> bool:
        """Tell whether a transaction that has committed is seen; `xid` has its lower 32 bits."""
        whole = (self.next & ~0xFFFFFFFF) | xid
        if whole > self.next + 2**31:
            whole -= 2**32
        elif whole < self.next - 2**31:
            whole += 2**32
        return whole < self.least or (whole < self.next and whole not in self.running)


@dataclass(slots=True)
class Touched:
    """What changed of one table; `whole`: it has to be read as a whole."""

    keys: set[Key] = field(default_factory=set)
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose changes are looked for: its key, and the place in the log up to which the lake has them."""

    key: tuple[str, ...]
    since: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """By table what changed; `unseen`: where the first transaction committed that the snapshot does not see."""

    tables: Mapping[Place, Touched]
    unseen: int | None


def gather(messages: Iterable[bytes], watched: Mapping[Place, Watched], snapshot: Snapshot) -> Seen:
    """Go through the messages of a slot; raises FetchError."""
    relations: dict[int, pgoutput.Relation] = {}
    found: dict[Place, Touched] = {place: Touched() for place in watched}
    unseen: int | None = None
    lsn = 0
    for data in messages:
        message = pgoutput.decode(data)
        if isinstance(message, pgoutput.Begin):
            lsn = message.lsn
            if unseen is None and not snapshot.sees(message.xid):
                unseen = lsn
        elif isinstance(message, pgoutput.Relation):
            relations[message.id] = message
        elif isinstance(message, pgoutput.Row):
            relation = relations[message.relation]
            place = (relation.schema, relation.name)
            about = watched.get(place)
            if about is not None and lsn >= about.since:
                _touch(found[place], message, relation, about.key)
        elif isinstance(message, pgoutput.Truncate):
            for number in message.relations:
                place = (relations[number].schema, relations[number].name)
                if place in found and lsn >= watched[place].since:
                    found[place] = Touched(whole=True)
    return Seen(found, unseen)


def _touch(table: Touched, row: pgoutput.Row, relation: pgoutput.Relation, key: Sequence[str]) -> None:
    if table.whole:
        return
    for values in (row.old, row.new):
        if values is None:
            continue
        found = _key(values, row.old if values is row.new else None, relation, key)
        if found is None:
            table.keys.clear()
            table.whole = True
            return
        table.keys.add(found)
    if len(table.keys) > MOST:
        table.keys.clear()
        table.whole = True


def _key(
    values: pgoutput.Tuple, before: pgoutput.Tuple | None, relation: pgoutput.Relation, key: Sequence[str]
) -> Key | None:
    """Return a row's key, None where it was not sent as a whole."""
    places = {column.name: n for n, column in enumerate(relation.columns)}
    found = []
    for name in key:
        place = places.get(name)
        value = values[place] if place is not None and place < len(values) else None
        if value is pgoutput.UNCHANGED and before is not None and place is not None:
            value = before[place]
        if not isinstance(value, bytes):
            return None
        found.append(value)
    return tuple(found)
