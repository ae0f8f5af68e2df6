"""A SQLite file: read in one transaction, its values by their own storage class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dinobase.extract.readers import file_database, live, sqlite_types
from dinobase.extract.readers.base import Ask, ForeignKey, Known, Place, SourceColumn, SourceTable
from dinobase.extract.readers.database import Database
from dinobase.extract.readers.options import Selection, names_of
from dinobase.extract.readers.sql_writing import SqliteTransaction, Transaction
from dinobase.extract.readers.sqlite_types import Held
from dinobase.extract.readers.staging import Reading
from dinobase.lake.connection import Writer
from dinobase.lake.foreign import Foreign
from dinobase.lake.sql import ident, literal
from dinobase.spec.models import Credential

_MOST = 200  # columns in one look: each takes several result columns, and SQLite has a limit of 2,000


class Sqlite(Database[Held]):
    """An open file."""

    def __init__(self, path: str, selection: Selection, writer: Writer | None) -> None:
        super().__init__(Foreign("sqlite", path, writer), f"sqlite:///{path}", selection)
        self._looked: dict[str, dict[str, Held]] = {}
        self._as_text: set[str] = set()

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        return self._source.rows(f"SELECT * FROM {self._source.query(sql)}")

    def _catalog(self) -> Sequence[SourceTable]:
        rows = self._ask(
            "SELECT name, type, coalesce(sql, '') AS sql FROM sqlite_master WHERE type IN ('table', 'view') "
            "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
        )
        chosen = [row for row in rows if self._selection.wants("main", row[0])]
        names = names_of([("main", row[0]) for row in chosen], "main")
        return [self._table(name, kind, sql, names) for name, kind, sql in chosen]

    def _table(self, name: str, kind: str, sql: str, names: Mapping[tuple[str, str], str]) -> SourceTable:
        info = self._ask(
            f'SELECT name, type, "notnull" AS filled, pk FROM pragma_table_xinfo({literal(name)}) '
            "WHERE hidden <> 1 ORDER BY cid"
        )
        columns = tuple(SourceColumn(c, _promised(t), t, filled != "1") for c, t, filled, _ in info)
        key = tuple(c for c, _, _, pk in sorted(info, key=lambda r: int(r[3])) if pk != "0")
        return SourceTable(
            name=names["main", name],
            place=ident(name),
            columns=columns,
            key=key if kind == "table" and self._fit(name, key, info, sql) else (),
            foreign_keys=self._links(name, names) if kind == "table" else (),
        )

    def _fit(self, name: str, key: Sequence[str], info: Sequence[tuple[Any, ...]], sql: str) -> bool:
        """Tell whether a primary key has no NULL in it: SQLite lets them in where the columns do not say NOT NULL."""
        if not key:
            return False
        loose = [c for c, t, filled, pk in info if pk != "0" and filled != "1" and t.upper() != "INTEGER"]
        if not loose or "WITHOUT ROWID" in sql.upper():
            return True
        empty = " OR ".join(f"{ident(c)} IS NULL" for c in loose)
        return str(self._ask(f"SELECT count(*) AS n FROM {ident(name)} WHERE {empty}")[0][0]) == "0"

    def _links(self, name: str, names: Mapping[tuple[str, str], str]) -> tuple[ForeignKey, ...]:
        found: dict[str, list[tuple[str, str, str]]] = {}
        for number, to, column, to_column in self._ask(
            f'SELECT id, "table" AS other, "from" AS f, "to" AS t FROM pragma_foreign_key_list({literal(name)}) '
            "ORDER BY id, seq"
        ):
            if ("main", to) in names and to_column is not None:
                found.setdefault(number, []).append((to, column, to_column))
        return tuple(
            ForeignKey(tuple(c for _, c, _ in link), names["main", link[0][0]], tuple(t for _, _, t in link))
            for link in found.values()
        )

    def _readings(self, ask: Ask, seen: Mapping[str, Held]) -> list[Reading] | None:
        if not seen and ask.table.columns:
            return None
        readings = [sqlite_types.reading(c.name, c.native, seen[c.name]) for c in ask.table.columns]
        if ask.table.name in self._as_text:  # a text that its declared type promised more of than it holds
            return [sqlite_types.plain(r.column) if seen[r.column].texts else r for r in readings]
        return readings

    def _look(self, ask: Ask) -> Mapping[str, Held]:
        known = self._looked.get(ask.table.name)
        if known is not None:
            self._as_text.add(ask.table.name)
            return known
        found: dict[str, Held] = {}
        columns = [c.name for c in ask.table.columns]
        for start in range(0, len(columns), _MOST):
            part = columns[start : start + _MOST]
            aggregates = [a for c in part for a in sqlite_types.look(c)]
            fields = ", ".join(f"{a} AS v{n}" for n, a in enumerate(aggregates))
            row = self._ask(f"SELECT {fields} FROM {ask.table.place}")[0]
            size = sqlite_types.fields()
            found |= {c: sqlite_types.held(row[n * size : n * size + size]) for n, c in enumerate(part)}
        self._looked[ask.table.name] = found
        return found

    def _bound(self, ask: Ask) -> str:
        column = ask.table.column(ask.table.cursor) if ask.table.cursor else None
        if column is None or ask.start is None:
            return ""
        numbers = ask.types.get(ask.names[column.name], "") in {"BIGINT", "DOUBLE"}
        return ask.start if numbers else literal(ask.start)

    _quoted = staticmethod(ident)


def _promised(declared: str) -> str:
    """Return the type that a declared one promises, until values are seen."""
    if declared.upper().startswith(("DATETIME", "TIMESTAMP")):
        return "TIMESTAMP"
    return sqlite_types.reading("x", declared, Held()).type


class SqliteKind:
    """`dinobase add sqlite --path FILE`."""

    credentials: Sequence[Credential] = file_database.CREDENTIALS

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Find the file."""
        return file_database.settled("sqlite", values)

    def open(self, values: Mapping[str, str], writer: Writer | None) -> Sqlite:
        """Open the file."""
        return Sqlite(file_database.existing(values), Selection.of(values), writer)

    def target(self, values: Mapping[str, str]) -> str:
        """Return where writes go: nowhere where each query asks the database."""
        return "" if self.in_place(values) else f"sqlite:///{values['path']}"

    def writing(self, values: Mapping[str, str]) -> Transaction:
        """Begin a transaction that writes."""
        return SqliteTransaction(file_database.existing(values))

    def in_place(self, values: Mapping[str, str]) -> bool:
        """Tell whether each query reads the file."""
        return Selection.of(values).live

    def place(self, values: Mapping[str, str], known: Mapping[str, Known], connection: Any, alias: str) -> Place:
        """Attach for one query."""
        return live.place("sqlite", file_database.existing(values), known, connection, alias)


KIND = SqliteKind()
