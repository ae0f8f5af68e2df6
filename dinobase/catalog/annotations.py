"""What is said of connectors, tables and columns, with who said it: the higher origin wins, and nothing is overwritten.

Words are only ever added to the records; taking one back is a word too. What the connector's file says is never copied
here: it is read where it stands, above heuristics and below people, agents and models. What an account's own schema at
the source says (`source`) is told anew by each sync, and comes before the file, which knows no account.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from dinobase.core.clock import iso, now
from dinobase.lake.records import Records, open_records, read_records

Origin: TypeAlias = Literal["person", "agent", "model", "source", "connector", "heuristic"]
Value: TypeAlias = str | bool | Sequence[str] | Mapping[str, str]
Place: TypeAlias = tuple[str, str]  # table and column in lower case; "" for the connector, "" for a table

ORIGINS: tuple[Origin, ...] = ("person", "agent", "model", "source", "connector", "heuristic")
CONFIDENCE: Mapping[Origin, float] = {
    "person": 1.0, "agent": 0.8, "model": 0.6, "source": 0.95, "connector": 0.9, "heuristic": 0.5,
}  # fmt: skip
NOT_PERSONAL = "none"  # the `pii` by which a person takes a mask away
_SINCE = 6  # the migration that makes the table
_FIELDS = "place, connector, table_name, column_name, key, origin, value, confidence, author, at"


@dataclass(frozen=True, slots=True)
class Target:
    """A connector, a table, or a column; a column may be a place inside JSON (`address.line1`)."""

    connector: str
    table: str = ""
    column: str = ""

    def __str__(self) -> str:
        """Return `stripe.customers.email`."""
        return ".".join(part for part in (self.connector, self.table, self.column) if part)

    @property
    def place(self) -> Place:
        """Where its words are found."""
        return self.table.lower(), self.column.lower()


@dataclass(frozen=True, slots=True)
class Said:
    """One word; `value` is null where it was taken back."""

    target: Target
    key: str
    value: Value | None
    origin: Origin
    confidence: float
    author: str = ""
    at: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one connector that were not taken back: place -> key -> strongest first."""

    said: Mapping[Place, Mapping[str, Sequence[Said]]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.said)

    def keys(self, table: str = "", column: str = "") -> Mapping[str, Sequence[Said]]:
        """Return key -> its words, strongest first."""
        return self.said.get((table.lower(), column.lower()), {})

    def value(self, key: str, known: Any, table: str = "", column: str = "") -> Any:
        """Return what counts: the strongest word, where `known` is what the connector's file says."""
        found = self.keys(table, column).get(key)
        if not found or (known not in (None, "", False) and not beats_file(found[0].origin)):
            return known
        return found[0].value

    def every(self) -> Iterable[Said]:
        """Return the strongest word of each place and key."""
        return (said[0] for keys in self.said.values() for said in keys.values())


def beats_file(origin: Origin) -> bool:
    """Tell whether a word is stronger than the connector's file."""
    return ORIGINS.index(origin) < ORIGINS.index("connector")


def words_of(history: Iterable[Said]) -> Words:
    """Return the words that count after a history, oldest first."""
    latest: dict[tuple[Place, str, Origin], Said] = {}
    for said in history:
        latest[said.target.place, said.key, said.origin] = said
    found: dict[Place, dict[str, list[Said]]] = {}
    for (place, key, _), said in latest.items():
        if said.value is not None:
            found.setdefault(place, {}).setdefault(key, []).append(said)
    for keys in found.values():
        for several in keys.values():
            several.sort(key=lambda one: ORIGINS.index(one.origin))
    return Words(found)


class Book:
    """The annotations of a workspace."""

    def __init__(self, state: Path, catalog: str = "") -> None:
        self._state = state
        self._catalog = catalog

    def words(self, connector: str) -> Words:
        """Return a connector's words."""
        return words_of(self.history(connector))

    def history(self, connector: str) -> list[Said]:
        """Return everything that was ever said of a connector, oldest first."""
        with read_records(self._state, self._catalog, since=_SINCE) as records:
            return [] if records is None else _history(records, connector)

    def stamps(self) -> dict[str, str]:
        """Return connector -> a text that is another one as soon as anything is said."""
        with read_records(self._state, self._catalog, since=_SINCE) as records:
            if records is None:
                return {}
            rows = records.rows("SELECT connector, max(place) FROM annotations GROUP BY connector")
        return {str(connector): str(place) for connector, place in rows}

    def say(self, words: Sequence[Said]) -> list[bool]:
        """Add words to the records; tells of each whether it was news. A null value takes back."""
        if not words:
            return []
        moment = iso(now())
        with open_records(self._state, self._catalog) as records, records.changes():
            if records.postgres:
                records.run("LOCK TABLE annotations IN EXCLUSIVE MODE")
            place = int(records.rows("SELECT COALESCE(max(place), 0) FROM annotations")[0][0])
            latest: dict[tuple[str, Place, str, Origin], Said] = {}
            for connector in dict.fromkeys(word.target.connector for word in words):
                latest |= {_slot(said): said for said in _history(records, connector)}
            news = []
            for word in words:
                before = latest.get(_slot(word))
                news.append(_is_news(before, word))
                if news[-1]:
                    place += 1
                    _insert(records, word, place, moment)
                    latest[_slot(word)] = word
        return news


def _slot(said: Said) -> tuple[str, Place, str, Origin]:
    return said.target.connector, said.target.place, said.key, said.origin


def _is_news(before: Said | None, word: Said) -> bool:
    if before is None or before.value is None:
        return word.value is not None
    return before.value != word.value or before.confidence != word.confidence


def _insert(records: Records, word: Said, place: int, moment: str) -> None:
    target = word.target
    value = None if word.value is None else json.dumps(word.value, ensure_ascii=False)
    records.run(
        f"INSERT INTO annotations ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            place, target.connector, target.table, target.column, word.key, word.origin, value, word.confidence,
            word.author, moment,
        ],
    )  # fmt: skip


def _history(records: Records, connector: str) -> list[Said]:
    rows = records.rows(f"SELECT {_FIELDS} FROM annotations WHERE connector = ? ORDER BY place", [connector])
    return [
        Said(
            Target(name, table, column),
            key,
            None if value is None else json.loads(value),
            origin,
            float(confidence),
            author,
            at,
            int(place),
        )
        for place, name, table, column, key, origin, value, confidence, author, at in rows
    ]


def personal(words: Words) -> dict[str, dict[str, str]]:
    """Return table -> column -> the kind of personal data that was said of it, "" where a person says it is none."""
    found: dict[str, dict[str, str]] = {}
    for said in words.every():
        if said.key == "pii" and said.target.column:
            kind = "" if said.value == NOT_PERSONAL else str(said.value)
            found.setdefault(said.target.table, {})[said.target.column] = kind
    return found


def descriptions(words: Words, table: str, declared: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what a table's columns mean, weakest first: key or column -> text; the table itself is ``."""
    weak: list[tuple[str, str]] = []
    strong: list[tuple[str, str]] = []
    for said in words.every():
        if said.key == "description" and said.target.table.lower() == table.lower() and said.target.table:
            (strong if beats_file(said.origin) else weak).append((said.target.column, str(said.value)))
    return [*weak, *declared.items(), *strong]
