"""What an engine is: how it is reached, what it says of itself, how its columns are taken. No driver is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from dinobase.extract.readers.dbapi.taking import Taken
from dinobase.extract.readers.options import Selection

if TYPE_CHECKING:
    import pyarrow as pa

At: TypeAlias = tuple[str, str]  # schema, table
Rows: TypeAlias = Sequence[Sequence[Any]]
"""What a driver brings at a time: rows, or a table of Arrow's."""


class Session(Protocol):
    """A connection through an engine's own driver; it raises the driver's errors."""

    def rows(self, sql: str) -> Rows:
        """Run a query and return all its rows."""

    def batches(self, sql: str) -> Iterator[Rows | pa.Table | pa.RecordBatch]:
        """Run a query and give its rows some thousands at a time, as rows or as Arrow's."""

    def again(self) -> None:
        """Begin a transaction that reads, of one state where the engine can give that; another ends."""

    def cancel(self) -> None:
        """Stop what runs in another thread."""

    def close(self) -> None:
        """Disconnect."""


@dataclass(frozen=True, slots=True)
class ColumnFound:
    """A column as the engine's catalogue has it; `native` is its type in the engine's words."""

    at: At
    name: str
    native: str
    nullable: bool = True
    description: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableFound:
    """What the catalogue says of a table as a whole; `after` follows its name in FROM."""

    description: str = ""
    rows: int = -1
    after: str = ""


@dataclass(frozen=True, slots=True)
class LinkFound:
    """A foreign key."""

    at: At
    columns: tuple[str, ...]
    to: At
    to_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A catalogue: columns in order, keys as the engine has them, foreign keys; `first` is the schema in use."""

    columns: Sequence[ColumnFound]
    tables: Mapping[At, TableFound] = field(default_factory=dict)
    keys: Mapping[At, tuple[str, ...]] = field(default_factory=dict)
    links: Sequence[LinkFound] = ()
    first: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """An engine.

    form: how its connection string looks. connect: from a connection string; raises ImportError where the driver is not
    installed. catalog: what there is, of the schemas that are chosen. take: how a column is taken, by its native type.
    bounds: a committed cursor in the engine's SQL, by the type that is tried first; "" is of all others. clock: a query
    whose first value is the engine's own time in UTC, as text. escapes: a backslash in a string is one. enforced: the
    engine sees to it that keys are unique.
    """

    name: str
    driver: str
    form: str
    connect: Callable[[str, Selection], Session]
    catalog: Callable[[Session, Selection], Found]
    take: Callable[[str], Taken]
    bounds: Mapping[str, str]
    clock: str
    quote: str = '"'
    escapes: bool = False
    enforced: bool = True

    def quoted(self, name: str) -> str:
        """Quote a name."""
        if self.quote == "\\`":  # a backslash is an escape within
            return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
        return self.quote + name.replace(self.quote, self.quote * 2) + self.quote

    def bound(self, value: str, type_: str, native: str) -> str:
        """Return a committed cursor as an expression of the engine's SQL; `type_` is its column's first one."""
        kind = type_.partition("(")[0]
        escaped = value.replace("\\", "\\\\").replace("'", "\\'") if self.escapes else value.replace("'", "''")
        return self.bounds.get(kind, self.bounds[""]).format(escaped, bare=escaped.removesuffix("+00"), native=native)


def by_sql(columns: str, keys: str, links: str, where: Callable[[Selection], str], first: str) -> Callable[..., Found]:
    """Return the reading of a catalogue by queries with a condition on `{schemas}`; "" where there is none to ask."""

    def read(session: Session, selection: Selection) -> Found:
        chosen = where(selection)
        found, tables = described(session.rows(columns.format(schemas=chosen)))
        key_rows = session.rows(keys.format(schemas=chosen)) if keys else ()
        link_rows = session.rows(links.format(schemas=chosen)) if links else ()
        current = str(session.rows(first)[0][0]) if first else ""
        return Found(found, tables, keys_of(key_rows), links_of(link_rows), current)

    return read


def text(value: str) -> str:
    """Quote a string of standard SQL."""
    return "'" + value.replace("'", "''") + "'"


def schemas_where(column: str, selection: Selection, system: Sequence[str]) -> str:
    """Return the condition on a catalogue's column of schemas: those that are chosen, else all but the engine's own."""
    if selection.schemas:
        return f"{column} IN ({', '.join(map(text, selection.schemas))})"
    return f"{column} NOT IN ({', '.join(map(text, system))})"


def keys_of(rows: Rows) -> dict[At, tuple[str, ...]]:
    """Return the first key of each table from rows of (schema, table, key, column), in the order wanted."""
    found: dict[At, tuple[str, tuple[str, ...]]] = {}
    for s, t, key, column in rows:
        name, columns = found.get((s, t), (str(key), ()))
        if name == str(key):
            found[s, t] = (name, (*columns, str(column)))
    return {at: columns for at, (_, columns) in found.items()}


def links_of(rows: Rows) -> list[LinkFound]:
    """Return foreign keys from rows of (schema, table, name, column, schema, table, column), in order."""
    found: dict[tuple[At, str], LinkFound] = {}
    for s, t, name, column, rs, rt, rc in rows:
        link = found.get(((s, t), name)) or LinkFound((s, t), (), (rs, rt), ())
        found[(s, t), name] = LinkFound(link.at, (*link.columns, column), link.to, (*link.to_columns, rc))
    return list(found.values())


def described(rows: Rows) -> tuple[list[ColumnFound], dict[At, TableFound]]:
    """Return columns and tables from rows of (schema, table, column, type, nullable, comment, table's, rows)."""
    columns = []
    tables: dict[At, TableFound] = {}
    for s, t, name, native, nullable, about, about_table, count in rows:
        columns.append(ColumnFound((s, t), name, str(native), _truth(nullable), str(about or "")))
        tables[s, t] = TableFound(str(about_table or ""), -1 if count is None else max(int(count), -1))
    return columns, tables


def _truth(value: object) -> bool:
    return str(value).upper() in {"YES", "TRUE", "1", "Y"}
