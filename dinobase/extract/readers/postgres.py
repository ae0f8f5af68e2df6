"""PostgreSQL: all tables of a run are read in one REPEATABLE READ snapshot, by binary COPY through DuckDB.

Every column is asked for as an expression that the server evaluates, so that what the binary way would lose in silence
(NaN in a numeric, a year past DuckDB's, an array of two dimensions) is seen while it passes, and its column takes a
wider type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from dinobase.core import secrets
from dinobase.core.errors import FetchError
from dinobase.extract.readers import cursors, postgres_catalog, staging
from dinobase.extract.readers.base import Ask, Brought, SourceTable
from dinobase.extract.readers.options import CONNECTION, SELECTION, Selection, address
from dinobase.extract.readers.postgres_types import Seen, look, reading
from dinobase.extract.readers.staging import Reading
from dinobase.lake.connection import Writer
from dinobase.lake.foreign import Foreign
from dinobase.spec.models import Credential

# Whose transactions are hidden from us may be as old as _HIDDEN_AGE; an older one is told by nobody.
_HIDDEN_AGE = 600
_ACTIVITY = f"""
SELECT (now() - greatest(
  interval '1 second', now() - coalesce(min(xact_start), now()),
  CASE WHEN count(*) FILTER (WHERE state IS NULL AND usename <> current_user) > 0
    THEN interval '{_HIDDEN_AGE} seconds' ELSE interval '0' END))::timestamptz AS since
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Postgres:
    """An open database."""

    def __init__(self, url: str, selection: Selection, writer: Writer | None) -> None:
        secrets.register_url(url)
        self.address = address(url)
        self._selection = selection
        self._source = Foreign("postgres", url, writer)
        self._catalog = postgres_catalog.Catalog((), {})
        self._settled = ""

    def tables(self) -> Sequence[SourceTable]:
        """Return tables and views that the user may read."""
        self._settled = self._oldest()
        self._source.again()  # the snapshot begins after we know who writes
        self._catalog = postgres_catalog.read(self._source, self._selection)
        return [cursors.chosen(table, self._selection) for table in self._catalog.tables]

    def _oldest(self) -> str:
        """Return since when transactions run that may commit later: what they write can be older than what is there."""
        return str(self._source.one(f"SELECT CAST(since AS VARCHAR) FROM {self._source.query(_ACTIVITY)}") or "")

    def read(self, ask: Ask) -> Brought:
        """Read a table, again with wider types where values call for it."""
        seen: dict[str, Seen] = {}
        readings = self._readings(ask, seen)
        if readings is None:
            seen = self._look(ask)
            readings = self._readings(ask, seen)
        assert readings is not None
        try:
            files, rows = self._copy(ask, readings)
        except FetchError as error:
            if not staging.is_odd(error):
                raise
            self._source.again()
            readings = self._readings(ask, self._look(ask))
            assert readings is not None
            files, rows = self._copy(ask, readings)
        types = {ask.names[r.column]: r.type for r in readings}
        return Brought(
            tuple(files), types, rows, staging.size(files), cursors.mark(self._source, ask, files, types, self._settled)
        )

    def _copy(self, ask: Ask, readings: Sequence[Reading]) -> tuple[list[Path], int]:
        where = cursors.where(ask, self._catalog_type(ask))
        remote = staging.remote_sql(readings, ask.table.place, where)
        return staging.copy(
            self._source, staging.local_sql(readings, ask.names, self._source.query(remote)), ask.folder
        )

    def _catalog_type(self, ask: Ask) -> str:
        column = ask.table.column(ask.table.cursor) if ask.table.cursor else None
        return column.native if column is not None else ""

    def _readings(self, ask: Ask, seen: Mapping[str, Seen]) -> list[Reading] | None:
        found = []
        for column in ask.table.columns:
            native = self._catalog.types[ask.table.name, column.name]
            known = ask.types.get(ask.names[column.name], "")
            one = reading(column.name, native, known, seen.get(column.name))
            if one is None:
                return None
            found.append(one)
        return found

    def _look(self, ask: Ask) -> dict[str, Seen]:
        """Look at all values of the columns whose type depends on them."""
        types = {c.name: self._catalog.types[ask.table.name, c.name] for c in ask.table.columns}
        names = [n for n, t in types.items() if t.array or t.name in {"numeric", "timestamp", "timestamptz"}]
        if not names:
            return {}
        aggregates = []
        for n, name in enumerate(names):
            aggregates += [f"{a} AS v{n}_{m}" for m, a in enumerate(look(name, types[name]))]
        remote = f"SELECT {', '.join(aggregates)} FROM {ask.table.place}"
        row = self._source.rows(f"SELECT * FROM {self._source.query(remote)}")[0]
        return {name: Seen(*row[6 * n : 6 * n + 6]) for n, name in enumerate(names)}

    def interrupt(self) -> None:
        """Stop a read."""
        self._source.interrupt()

    def close(self) -> None:
        """Disconnect."""
        self._source.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()


class PostgresKind:
    """`dinobase add postgres --connection-string postgresql://...`."""

    credentials: Sequence[Credential] = (CONNECTION, *SELECTION)

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Check the options."""
        Selection.of(values)
        return dict(values)

    def open(self, values: Mapping[str, str], writer: Writer | None) -> Postgres:
        """Connect."""
        return Postgres(values["connection_string"], Selection.of(values), writer)


KIND = PostgresKind()
