"""PostgreSQL: all tables of a run are read in one REPEATABLE READ snapshot, by binary COPY through DuckDB.

Every column is asked for as an expression that the server evaluates, so that what the binary way would lose in silence
(NaN in a numeric, a year past DuckDB's, an array of two dimensions) is seen while it passes, and its column takes a
wider type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dinobase.core import secrets
from dinobase.extract.readers import postgres_catalog
from dinobase.extract.readers.base import Ask, SourceTable
from dinobase.extract.readers.cursors import Settled
from dinobase.extract.readers.database import Database
from dinobase.extract.readers.options import Selection, address
from dinobase.extract.readers.postgres_types import NativeType, Seen, live_reading, look, reading
from dinobase.extract.readers.staging import Reading
from dinobase.lake.connection import Writer
from dinobase.lake.foreign import Foreign
from dinobase.lake.sql import ident, literal

# Whose transactions are hidden from us may be as old as this; an older one is told by nobody.
_HIDDEN_AGE = 600
_ACTIVITY = f"""
SELECT (now() - age)::timestamptz AS since, extract(epoch FROM age)::float8 AS age FROM (SELECT greatest(
  interval '1 second', now() - coalesce(min(xact_start), now()),
  CASE WHEN count(*) FILTER (WHERE state IS NULL AND usename <> current_user) > 0
    THEN interval '{_HIDDEN_AGE} seconds' ELSE interval '0' END) AS age
FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()) x
"""


class Postgres(Database[Seen]):
    """An open database."""

    def __init__(self, url: str, selection: Selection, writer: Writer | None) -> None:
        secrets.register_url(url)
        super().__init__(Foreign("postgres", url, writer), address(url), selection)
        self._types: Mapping[tuple[str, str], NativeType] = {}

    def _writers(self) -> Settled:
        row = self._source.rows(f"SELECT CAST(since AS VARCHAR), age FROM {self._source.query(_ACTIVITY)}")[0]
        return Settled(*row)

    def _catalog(self) -> Sequence[SourceTable]:
        found = postgres_catalog.read(self._source, self._selection)
        self._types = found.types
        return found.tables

    def _take(self, ask: Ask, column: str, given: str) -> tuple[str, str] | None:
        return live_reading(column, self._types[ask.table.name, column], given)

    def _bound(self, ask: Ask) -> str:
        column = ask.table.column(ask.table.cursor) if ask.table.cursor else None
        return f"{literal(ask.start)}::{column.native}" if column is not None and ask.start is not None else ""

    _quoted = staticmethod(ident)

    def _readings(self, ask: Ask, seen: Mapping[str, Seen]) -> list[Reading] | None:
        found = []
        for column in ask.table.columns:
            known = ask.types.get(ask.names[column.name], "")
            one = reading(column.name, self._types[ask.table.name, column.name], known, seen.get(column.name))
            if one is None:
                return None
            found.append(one)
        return found

    def _look(self, ask: Ask) -> dict[str, Seen]:
        types = {c.name: self._types[ask.table.name, c.name] for c in ask.table.columns}
        names = [n for n, t in types.items() if t.array or t.name in {"numeric", "timestamp", "timestamptz"}]
        if not names:
            return {}
        aggregates = []
        for n, name in enumerate(names):
            aggregates += [f"{a} AS v{n}_{m}" for m, a in enumerate(look(name, types[name]))]
        remote = f"SELECT {', '.join(aggregates)} FROM {ask.table.place}"
        row = self._source.rows(f"SELECT * FROM {self._source.query(remote)}")[0]
        return {name: Seen(*row[6 * n : 6 * n + 6]) for n, name in enumerate(names)}
