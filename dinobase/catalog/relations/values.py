"""What is known of columns and of two columns that join: plain values, never a value of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["exact", "folded", "text", "number", "mail_domain", "site", "phone", "phone_number"]
Space: TypeAlias = Literal["key", "domain", "phone"]
Shape: TypeAlias = Literal["number", "email", "site", "phone", "code", "words", ""]
Kind: TypeAlias = Literal["int", "text", "uuid"]
Origin: TypeAlias = Literal["declared", "parent", "inferred"]
Cardinality: TypeAlias = Literal["one_to_one", "one_to_many", "many_to_one", "many_to_many"]
_TURNED: dict[Cardinality, Cardinality] = {"one_to_many": "many_to_one", "many_to_one": "one_to_many"}


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """One column as a scan saw it.

    filled: rows with a value; most: rows of its commonest value; low, high: of whole numbers; prefix: what all values
    begin with; whole: the sketch holds every distinct value; place: its number in the table's sketch.
    """

    place: int
    name: str
    kind: Kind
    filled: int
    distinct: int
    most: int
    shape: Shape = ""
    low: int | None = None
    high: int | None = None
    prefix: str = ""
    whole: bool = True

    @property
    def unique(self) -> bool:
        """Every row has another value, as far as the scan can tell."""
        return self.most == 1

    @property
    def dense(self) -> bool:
        """Its values are numbers close together, or codes that count: any two such columns share values by chance."""
        if self.low is None or self.high is None:
            return False
        return self.distinct * 20 >= self.high - self.low or self.high < 100_000


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table at one version of its rows; `key`: its primary key as the load knows it."""

    connector: str
    table: str
    version: str
    rows: int
    key: Sequence[str]
    columns: Sequence[ColumnFacts]

    def column(self, name: str) -> ColumnFacts | None:
        """Return a column that was looked at."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """One side of a join."""

    connector: str
    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Columns of a child and of its parent, and how each is written so that they compare."""

    child: Place
    parent: Place
    forms: tuple[Form, Form] = ("exact", "exact")

    @property
    def sides(self) -> tuple[Place, Place]:
        """What identifies it, whatever the forms."""
        return self.child, self.parent


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was counted: of the child's distinct values, `found` are in the parent; most: rows of one value."""

    child_rows: int
    child_filled: int
    child_distinct: int
    child_most: int
    found: int
    parent_rows: int
    parent_distinct: int
    parent_most: int

    @property
    def inclusion(self) -> float:
        """Share of the child's distinct values that the parent has; cut, so that 1 means all of them."""
        if not self.child_distinct:
            return 0.0
        return 1.0 if self.found == self.child_distinct else int(1000 * self.found / self.child_distinct) / 1000

    @property
    def nulls(self) -> int:
        """Rows of the child that name no parent: null, or empty."""
        return self.child_rows - self.child_filled

    @property
    def cardinality(self) -> Cardinality:
        """How many rows of each side share a value, child first."""
        if self.parent_most > 1:
            return "many_to_many" if self.child_most > 1 else "one_to_many"
        return "many_to_one" if self.child_most > 1 else "one_to_one"


def turned(cardinality: Cardinality) -> Cardinality:
    """Return it as the other side sees it."""
    return _TURNED.get(cardinality, cardinality)


@dataclass(frozen=True, slots=True)
class Relationship:
    """A pair as it was last counted, at one version of each side; not `holds`: found wanting.

    Of those that hold and have one child and one `group` the first by `rank` is shown. It is chosen for whoever looks,
    so that what he may not see does not choose for him.
    """

    pair: Pair
    origin: Origin
    evidence: Evidence
    versions: tuple[str, str]
    holds: bool = True
    rank: float = 0.0
    group: str = ""
    at: str = ""
