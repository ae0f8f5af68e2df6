"""What all databases that DuckDB reads have in common: one snapshot, a read that widens and tries again, a cursor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Generic, TypeVar

from dinobase.core.errors import FetchError
from dinobase.extract.readers import cursors, live, staging
from dinobase.extract.readers.base import Ask, Brought, SourceTable
from dinobase.extract.readers.cursors import Settled
from dinobase.extract.readers.options import Selection
from dinobase.extract.readers.staging import Reading
from dinobase.lake.foreign import Foreign

S = TypeVar("S")


class Database(ABC, Generic[S]):
    """An open database; `S` is what a look at all values of a column tells."""

    def __init__(self, source: Foreign, address: str, selection: Selection) -> None:
        self.address = address
        self._source = source
        self._selection = selection
        self._settled = Settled()
        self._only = ""

    def tables(self) -> Sequence[SourceTable]:
        """Return tables and views that the user may read."""
        self._settled = self._writers()
        self._source.again()  # the snapshot begins after we know who writes
        if self._selection.live:
            return self._catalog()
        return [cursors.chosen(table, self._selection) for table in self._catalog()]

    def read(self, ask: Ask) -> Brought:
        """Read a table, again with wider types where values call for it; live, look at its columns."""
        if self._selection.live:
            return live.look(self._source, ask, self._below(ask.table), partial(self._take, ask))
        readings = self._readings(ask, {}) or self._readings(ask, self._look(ask))
        assert readings is not None
        try:
            found = self._copy(ask, readings)
        except FetchError as error:
            self._source.again()  # with a snapshot of its own: a statement that failed has ended the other
            if not staging.is_odd(error):
                raise
            readings = self._readings(ask, self._look(ask))
            assert readings is not None
            found = self._copy(ask, readings)
        files, rows = found
        types = {ask.names[r.column]: r.type for r in readings}
        mark = cursors.mark(self._source, ask, files, types, self._settled)
        return Brought(tuple(files), types, rows, staging.size(files), mark)

    def some(self, ask: Ask, keys: Sequence[Mapping[str, str]]) -> Brought:
        """Read the rows of these keys alone: source column -> its value as text."""
        conditions = []
        for key in keys:
            places = {c: replace(ask, start=v, table=replace(ask.table, cursor=c)) for c, v in key.items()}
            conditions.append(" AND ".join(f"{self._quoted(c)} = {self._bound(one)}" for c, one in places.items()))
        self._only = f" WHERE {' OR '.join(f'({c})' for c in conditions)}"
        try:
            return self.read(replace(ask, start=None, table=replace(ask.table, cursor="")))
        finally:
            self._only = ""

    def _copy(self, ask: Ask, readings: Sequence[Reading]) -> staging.Copied:
        where = self._only or cursors.where(ask, self._bound(ask), self._quoted)
        remote = staging.remote_sql(readings, ask.table.place, where)
        return staging.copy(self._source, staging.local_sql(readings, ask.names, self._relation(remote)), ask.folder)

    def _relation(self, remote: str) -> str:
        """Return the table expression of a SELECT in the source's language."""
        return self._source.query(remote)

    def _below(self, table: SourceTable) -> str:
        """Return a table's place below the database that is attached, as DuckDB writes it."""
        return table.place

    def _take(self, ask: Ask, column: str, given: str) -> tuple[str, str] | None:
        """Return what a query takes of a column that the scanner gives as a type, and which it then is."""
        del ask, column, given
        return None

    def _writers(self) -> Settled:
        """Tell since when transactions run that may commit later; asked before the snapshot begins."""
        return Settled()

    @abstractmethod
    def _catalog(self) -> Sequence[SourceTable]:
        """Return the tables that are chosen."""

    @abstractmethod
    def _readings(self, ask: Ask, seen: Mapping[str, S]) -> list[Reading] | None:
        """Return how each column is read, None where values have to be looked at first."""

    @abstractmethod
    def _look(self, ask: Ask) -> Mapping[str, S]:
        """Look at all values of the columns whose type depends on them."""

    @abstractmethod
    def _bound(self, ask: Ask) -> str:
        """Return the committed cursor as an expression of the source's SQL, "" where there is none."""

    @staticmethod
    @abstractmethod
    def _quoted(name: str) -> str:
        """Quote a name as the source does."""

    def interrupt(self) -> None:
        """Stop a read."""
        self._source.interrupt()

    def close(self) -> None:
        """Disconnect."""
        self._source.close()
