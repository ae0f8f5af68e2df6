"""A DuckDB file, read by the DuckDB that is here; nothing of it changes type but what a lake cannot hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dinobase.extract.readers import file_database, live
from dinobase.extract.readers.base import Ask, ForeignKey, Known, Place, SourceColumn, SourceTable
from dinobase.extract.readers.database import Database
from dinobase.extract.readers.duckdb_types import kept, labels
from dinobase.extract.readers.duckdb_writing import DuckdbTransaction
from dinobase.extract.readers.options import Selection, names_of
from dinobase.extract.readers.sql_writing import Transaction
from dinobase.extract.readers.staging import Reading
from dinobase.lake.connection import Writer
from dinobase.lake.foreign import SOURCE, Foreign
from dinobase.lake.foreign_writing import WrittenFile
from dinobase.lake.sql import ident, literal, qualified
from dinobase.spec.models import Credential

_OF = f"database_name = {literal(SOURCE)}"


class Duckdb(Database[None]):
    """An open file."""

    def __init__(self, path: str, selection: Selection, writer: Writer | None) -> None:
        super().__init__(Foreign("duckdb", path, writer), f"duckdb:///{path}", selection)

    def _catalog(self) -> Sequence[SourceTable]:
        abouts = self._source.rows(
            f"SELECT schema_name, table_name, comment, estimated_size FROM duckdb_tables() WHERE {_OF} UNION ALL "
            f"SELECT schema_name, view_name, comment, -1 FROM duckdb_views() WHERE {_OF} AND NOT internal"
        )
        if self._selection.live:  # a view's SQL would run in the instance of the query
            abouts = [row for row in abouts if row[3] >= 0]
        schemas = self._selection.schemas
        places = [
            (s, t)
            for s, t, _, _ in sorted(abouts, key=lambda r: r[:2])
            if self._selection.wants(s, t) and (not schemas or s in schemas)
        ]
        names = names_of(places, schemas[0] if schemas else "main")
        tables = {
            (s, t): SourceTable(names[s, t], qualified(SOURCE, s, t), (), description=about or "", rows=int(rows))
            for s, t, about, rows in abouts
            if (s, t) in names
        }
        for s, t, name, type_, nullable, about in self._source.rows(
            "SELECT schema_name, table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns() "
            f"WHERE {_OF} ORDER BY schema_name, table_name, column_index"
        ):
            if (s, t) in tables:
                column = SourceColumn(name, kept(type_), type_, nullable, about or "", labels(type_))
                tables[s, t] = replace(tables[s, t], columns=(*tables[s, t].columns, column))
        return list(self._constrained(tables, names).values())

    def _constrained(
        self, tables: dict[tuple[str, str], SourceTable], names: Mapping[tuple[str, str], str]
    ) -> dict[tuple[str, str], SourceTable]:
        for s, t, kind, columns, to, to_columns in self._source.rows(
            "SELECT schema_name, table_name, constraint_type, constraint_column_names, referenced_table, "
            f"referenced_column_names FROM duckdb_constraints() WHERE {_OF} "
            "AND constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')"
        ):
            table = tables.get((s, t))
            if table is not None and kind == "PRIMARY KEY":
                tables[s, t] = replace(table, key=tuple(columns))
            elif table is not None and (s, to) in names:
                link = ForeignKey(tuple(columns), names[s, to], tuple(to_columns))
                tables[s, t] = replace(table, foreign_keys=(*table.foreign_keys, link))
        return tables

    def _below(self, table: SourceTable) -> str:
        return table.place.removeprefix(f"{ident(SOURCE)}.")

    def _relation(self, remote: str) -> str:
        return f"({remote})"

    def _readings(self, ask: Ask, seen: Mapping[str, None]) -> list[Reading]:
        del seen
        return [Reading(c.name, ident(c.name), c.type) for c in ask.table.columns]

    def _look(self, ask: Ask) -> Mapping[str, None]:
        del ask
        return {}

    def _bound(self, ask: Ask) -> str:
        column = ask.table.column(ask.table.cursor) if ask.table.cursor else None
        return f"{literal(ask.start)}::{column.native}" if column is not None and ask.start is not None else ""

    _quoted = staticmethod(ident)


class _Within(Duckdb):
    """The reader over a transaction that goes on when the reading ends."""

    def __init__(self, file: WrittenFile, path: str) -> None:
        Database.__init__(self, file, f"duckdb:///{path}", Selection())

    def close(self) -> None:
        """Leave the file to who writes."""


class DuckdbKind:
    """`dinobase add duckdb --path FILE`."""

    credentials: Sequence[Credential] = file_database.CREDENTIALS

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Find the file."""
        return file_database.settled("duckdb", values)

    def open(self, values: Mapping[str, str], writer: Writer | None) -> Duckdb:
        """Open the file."""
        return Duckdb(file_database.existing(values), Selection.of(values), writer)

    def target(self, values: Mapping[str, str]) -> str:
        """Return where writes go: nowhere where each query reads the file."""
        return "" if self.in_place(values) else f"duckdb:///{values['path']}"

    def writing(self, values: Mapping[str, str]) -> Transaction:
        """Begin a transaction that writes."""
        path = file_database.existing(values)
        return DuckdbTransaction(path, lambda file: _Within(file, path))

    def in_place(self, values: Mapping[str, str]) -> bool:
        """Tell whether each query reads the file."""
        return Selection.of(values).live

    def place(self, values: Mapping[str, str], known: Mapping[str, Known], connection: Any, alias: str) -> Place:
        """Attach for one query."""
        return live.place("duckdb", file_database.existing(values), known, connection, alias)


KIND = DuckdbKind()
