"""Generated companies of five sources, with what is true of them: written from what companies have.

Each table is a line in `company_tables/SOURCE.txt`: `name ROWS @who: column:kind ...`. `a/b` is called `b` in the
company's other form, which no detector was made with; `=` gives a kind its argument, `?40` makes 40 % null, and
`>crm.contacts.email` says that the values are found there. What cannot be told true from false is `allowed`.
The trades are tables of a shop, a clinic, a fleet, a bank and a school, written after all detectors were.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.meaning import company_values as values
from tests.meaning.company_people import Account, Person, Population, population

SOURCES = ("billing", "crm", "support", "product", "hr")
_COLUMN = re.compile(r"([\w/]+):([a-z0-9]+)(?:=([^?>!~]*))?(~text)?(?:!(\d+))?(?:\?(\d+))?(?:>([\w.]+))?")
_PII = {
    "first": "name", "last": "name", "full": "name", "email": "email", "phone": "phone", "street": "address",
    "birth": "birth_date", "ssn": "national_id", "iban": "iban", "card": "card", "ip": "ip", "secret": "secret",
}  # fmt: skip
_PERHAPS = {"login", "contact", "zip", "city", "bic"}  # personal to some: neither right nor wrong
_SHARED = {"country", "currency", "locale", "place"}  # codes that mean the same wherever they stand


class Recipe(NamedTuple):
    """What a company is made of; `other`: which of two names a column has, `words`: whose people and firms."""

    sources: Sequence[str]
    seed: int
    other: int
    words: str = ""
    folder: str = ""


KNOWN, HELD_OUT = Recipe(SOURCES, 5, 0), Recipe(SOURCES, 77, 1, "other_")
_TRADES = ("shop", "clinic", "fleet", "bank", "campus")
TRADES, RENAMED = (Recipe(_TRADES, 901 + other, other, "trades_", "trades") for other in (0, 1))


class At(NamedTuple):
    """A column of the company."""

    source: str
    table: str
    column: str


class Link(NamedTuple):
    """Values of `column` are found in `to`, where each stands once; `how`: equal, email, phone, domain or text."""

    column: At
    to: At
    how: str = "equal"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its rows, column by column; `key` is what its source declares."""

    source: str
    name: str
    columns: Mapping[str, tuple[str, Sequence[Any]]]
    key: Sequence[str]


@dataclass(slots=True)
class Truth:
    """What is true of the company; what is in `allowed` and `perhaps` counts neither way."""

    links: set[Link] = field(default_factory=set)
    allowed: set[tuple[At, At]] = field(default_factory=set)
    pii: dict[At, str] = field(default_factory=dict)
    perhaps: set[At] = field(default_factory=set)
    cents: set[At] = field(default_factory=set)
    epochs: dict[At, str] = field(default_factory=dict)
    enums: dict[At, Sequence[str]] = field(default_factory=dict)

    def judge(self, one: At, other: At) -> bool | None:
        """Say whether two columns are related, in whatever direction; None where it counts neither way."""
        if any({link.column, link.to} == {one, other} for link in self.links):
            return True
        return None if (one, other) in self.allowed or (other, one) in self.allowed else False


@dataclass(frozen=True, slots=True)
class Company:
    """Tables and the truth about them."""

    tables: Sequence[Table]
    truth: Truth

    @property
    def sources(self) -> Sequence[str]:
        """Names of its sources."""
        return tuple(dict.fromkeys(table.source for table in self.tables))


@dataclass(slots=True)
class _Made:
    """A table that is being made: whom its rows are about, and its columns under the names of the first company."""

    source: str
    name: str
    rows: int
    whom: Sequence[Person | Account]
    called: dict[str, str] = field(default_factory=dict)
    columns: dict[str, tuple[str, list[Any]]] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)

    def at(self, column: str) -> At:
        return At(self.source, self.name, self.called[column])


def company(recipe: Recipe = KNOWN) -> Company:
    """Return the company of a recipe; the same one every time."""
    return _Maker(recipe).make()


class _Maker:
    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.rng = random.Random(recipe.seed)
        self.other = recipe.other
        self.everybody: Population = population(self.rng, recipe.words)
        self.truth = Truth()
        self.made: dict[str, _Made] = {}
        self.meaning: dict[At, str] = {}  # what kind of thing a column names: columns of one meaning join

    def make(self) -> Company:
        lines = {f"{s}.{name}": (s, name, rest) for s in self.recipe.sources for name, rest in self._lines(s)}
        for source, name, head in lines.values():
            self._key(source, name, *head)
        for place, (_, _, (_, columns)) in lines.items():
            for column in columns:
                self._column(self.made[place], *column)
        self._links_that_follow()
        return Company([_finished(made) for made in self.made.values()], self.truth)

    def _key(self, source: str, name: str, head: str, columns: Sequence[Sequence[str]]) -> None:
        count, _, who = head.partition(" @")
        pool = [one for part in who.split("+") if part for one in getattr(self.everybody, part)]
        rows = min(int(count), len(pool)) if pool else int(count)
        made = _Made(source, name, rows, self.rng.sample(pool, rows) if pool else ())
        self.made[f"{source}.{name}"] = made
        names, kind, arg = columns[0][:3]
        first = names.split("/")[0]
        made.called[first] = names.split("/")[-1] if self.other else first
        if kind == "pk":
            made.columns[first] = values.key(self.rng, arg, rows)
            made.rows = len(made.columns[first][1])
            made.key = [] if source == "hr" else [made.called[first]]
            self.meaning[made.at(first)] = arg if arg in _SHARED else f"{source}.{name}"

    def _column(self, made: _Made, names: str, kind: str, arg: str, text: str, lost: str, null: str, to: str) -> None:
        if kind == "pk":
            return
        first = names.split("/", maxsplit=1)[0]
        made.called[first] = names.rsplit("/", maxsplit=1)[-1] if self.other else first
        at = made.at(first)
        if first in made.columns:
            return  # another table was first to refer to it
        type_, found = self._values(made, at, kind, arg, int(lost or 0), text)
        if null:
            found = [None if self.rng.random() * 100 < int(null) else value for value in found]
        if text:
            type_, found = "VARCHAR", [None if value is None else str(value) for value in found]
        made.columns[first] = (type_, found)
        self._facts(at, kind, arg)
        if to:
            self.truth.links.add(Link(at, self._at(to), kind if kind in {"email", "phone", "domain"} else "equal"))

    def _values(self, made: _Made, at: At, kind: str, arg: str, lost: int, text: str) -> tuple[str, list[Any]]:
        rng, rows = self.rng, made.rows
        if kind in {"ref", "refany", "refkey", "pkref"}:
            return self._reference(made, at, kind, arg, lost, text)
        if kind in {"firm", "domain"}:
            return "VARCHAR", self._of_firms(made, at, kind, arg)
        if kind in values.PERSONAL:
            pool = getattr(self.everybody, arg if arg in {"leads", "staff"} else "people")
            aligned = made.whom and isinstance(made.whom[0], Person) and arg not in {"leads", "staff"}
            whom = made.whom if aligned else [rng.choice(pool) for _ in range(rows)]
            if kind in {"email", "phone"}:
                self.meaning[at] = kind
            found = [values.of_person(rng, kind, arg, self.other, p) for p in whom if isinstance(p, Person)]
            return "BIGINT" if arg == "mobileint" else "DATE" if kind == "birth" else "VARCHAR", found
        if kind == "enum":
            codes = arg.split(",")
            return "VARCHAR", [*codes, *(rng.choice(codes) for _ in range(rows))][:rows]
        if kind == "unique":
            return "VARCHAR", [f"{arg}{number:05d}" for number in range(1, rows + 1)]
        if kind == "pkdigits":
            return values.key(rng, "digits", rows)
        if kind in {"place", "language", "countryname"}:
            type_, every = values.listed(kind, min(rows, 30 if kind == "place" else 9 if kind == "countryname" else 12))
            self.meaning[at] = kind
            return type_, every if len(every) == rows else [rng.choice(every) for _ in range(rows)]
        if kind == "card":
            return "VARCHAR", [values.card(rng, self.other) for _ in range(rows)]
        if kind in _SHARED:
            self.meaning[at] = kind
        type_, make = values.MAKERS[kind]
        if arg == "float":
            type_ = "DOUBLE"
        found = [make(rng, arg) for _ in range(rows)]
        if kind == "order16":
            found = list(dict.fromkeys([*found, *(make(rng, arg) for _ in range(9))]))[:rows]
        return type_, found

    def _of_firms(self, made: _Made, at: At, kind: str, arg: str) -> list[str]:
        self.meaning[at] = kind
        every = self.everybody.accounts
        whom = [one for one in made.whom if isinstance(one, Account)] or [
            self.rng.choice(every) for _ in range(made.rows)
        ]
        found = [one.name if kind == "firm" else one.domain for one in whom]
        ways = ("{}", "{}", "www.{}", "https://{}", "https://www.{}/")
        return [self.rng.choice(ways).format(one) for one in found] if arg == "dirty" else found

    def _reference(self, made: _Made, at: At, kind: str, arg: str, lost: int, text: str) -> tuple[str, list[Any]]:
        parts = arg.split(".")
        place = f"{made.source}.{arg}" if len(parts) == 1 else ".".join(parts[:2])
        there = self.made[place]
        column = parts[2] if len(parts) > 2 else next(iter(there.called))
        if column not in there.columns:  # a column that is no key, of a table that comes later
            there.columns[column] = self._values(there, at, "order16", "", 0, "")
            there.called[column] = "order_no" if self.other else column
        type_, keys = there.columns[column]
        target = there.at(column)
        once = kind in {"refkey", "pkref"} or (kind == "refany" and bool(made.whom))
        found: list[Any]
        if kind == "refany" and made.whom and there.whom and isinstance(made.whom[0], type(there.whom[0])):
            of = {id(one): key for one, key in zip(there.whom, keys, strict=True)}
            found = [of.get(id(one)) for one in made.whom]
        elif once:
            found = [*self.rng.sample(list(keys), min(made.rows, len(keys))), *[None] * made.rows][: made.rows]
        else:
            found = [self.rng.choice(keys) for _ in range(made.rows)]
        if lost:
            strange = values.key(self.rng, "num" if type_ == "VARCHAR" else "big", made.rows)[1]
            found = [s if self.rng.random() * 100 < lost else one for s, one in zip(strange, found, strict=True)]
        self.truth.links.add(Link(at, target, "text" if text else "equal"))
        self.meaning[at] = self.meaning.setdefault(target, str(target))
        return type_, found

    def _facts(self, at: At, kind: str, arg: str) -> None:
        if kind in _PII:
            self.truth.pii[at] = _PII[kind]
        if kind in _PERHAPS:
            self.truth.perhaps.add(at)
        if kind == "cents":
            self.truth.cents.add(at)
        if kind == "epoch":
            self.truth.epochs[at] = "epoch_ms" if arg == "ms" else "epoch_s"
        if kind == "enum":
            self.truth.enums[at] = arg.split(",")

    def _links_that_follow(self) -> None:
        """Allow what is true though nobody planned it: columns of one meaning, one of them with each value once."""
        alike: dict[str, list[At]] = defaultdict(list)
        for at, meaning in self.meaning.items():
            alike[meaning].append(at)
        for ats in alike.values():
            for to in ats:
                if self._once(to):
                    self.truth.allowed |= {(at, to) for at in ats if at != to}
        domains = [at for at in alike["domain"] if self._once(at)]
        self.truth.allowed |= {(email, domain) for email in alike["email"] for domain in domains}

    def _once(self, at: At) -> bool:
        made = self.made[f"{at.source}.{at.table}"]
        column = next(name for name, called in made.called.items() if called == at.column)
        told = [re.sub(r"\s|https?://|www\.|/", "", str(v)).lower() for v in made.columns[column][1] if v is not None]
        return len(set(told)) == len(told)

    def _at(self, place: str) -> At:
        source, table, column = place.split(".")
        _, names = next(rest for name, rest in self._lines(source) if name == table)
        called = next(one[0].split("/") for one in names if one[0].split("/")[0] == column)
        return At(source, table, called[-1] if self.other else called[0])

    def _lines(self, source: str) -> Iterator[tuple[str, tuple[str, list[Sequence[str]]]]]:
        text = (Path(__file__).parent / "company_tables" / self.recipe.folder / f"{source}.txt").read_text(
            encoding="utf-8"
        )
        for line in text.splitlines():
            head, _, rest = line.partition(": ")
            name, _, count = head.partition(" ")
            found: list[Sequence[str]] = []
            for part in rest.split(" "):
                match = _COLUMN.fullmatch(part)
                assert match, f"{source}.{name}: {part}"
                found.append([group or "" for group in match.groups()])
            yield name, (count, found)


def _finished(made: _Made) -> Table:
    columns = {made.called[name]: made.columns[name] for name in made.called}
    for name, (_, found) in columns.items():
        assert len(found) == made.rows, f"{made.source}.{made.name}.{name}"
    return Table(made.source, made.name, columns, made.key)
