"""What a table's rows were and are: two versions compared by primary key, through the engine and so under its rules.

A column that one version does not have is NULL there. Where a type has changed, numbers are compared as numbers and
all else as text. Counts are of all rows, whatever the limit on those that are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dinobase.core.clock import iso, now
from dinobase.core.errors import UnknownName, UsageError
from dinobase.kinds.duration import ALLOWED, seconds
from dinobase.lake.introspect import Snapshot, snapshot_rows, tables_at
from dinobase.lake.location import Storage
from dinobase.lake.metadata import open_metadata
from dinobase.lake.sql import ident, qualified
from dinobase.query.difference import ChangedRow, ColumnChanges, Counts, DiffVersion, OldNew, RetypedColumn, TableDiff
from dinobase.query.result import Source, is_number
from dinobase.query.versions import moment

if TYPE_CHECKING:
    from dinobase.query.engine import QueryEngine

LIMIT = 20
_HERE = '"_dinobase_here"'


def diff(
    engine: QueryEngine,
    storage: Storage,
    name: str,
    key: Sequence[str],
    *,
    since: str,
    until: str = "",
    limit: int = LIMIT,
) -> TableDiff:
    """Compare two versions of `connector.table`, each given as a version, a time or a span back from now."""
    connector, _, table = name.replace('"', "").partition(".")
    table = table.removeprefix("main.")
    full = qualified(connector, table)
    seen = engine.run(f"SELECT 1 FROM {full} LIMIT 0")  # an unknown or hidden table ends here, with the nearest name
    connector, _, table = seen.sources[0].table.partition(".")
    with open_metadata(storage.lake(connector)) as metadata:
        kept = snapshot_rows(metadata)
        old, new = _version(connector, kept, since), _version(connector, kept, until) if until else kept[0]
        if old.version > new.version:
            raise UsageError(
                f"--since is version {old.version} and comes after --until, version {new.version}",
                hint=f"--since {new.version} --until {old.version}",
            )
        before, after = (tables_at(metadata, version).get(table.lower()) for version in (old.version, new.version))
    if after is None:
        raise UnknownName(
            f"{connector}.{table} was not there in version {new.version}", code="unknown.table", hint="dinobase history"
        )
    if not after.table_id:
        raise UsageError(f"{connector}.{table} is the view of an array", hint="Compare the table that it belongs to.")
    notes = [] if before is not None else [f"{connector}.{table} was not there in version {old.version}"]
    old_side = _Side(engine, full, old.version, there=before is not None)
    new_side = _Side(engine, full, new.version, there=True)
    return _Comparison(engine, old_side, new_side, key).result(
        f"{connector}.{table}", _side(old), _side(new), limit, seen.sources, notes
    )


def _side(snapshot: Snapshot) -> DiffVersion:
    return DiffVersion(snapshot.version, iso(moment(snapshot.time)))


def _version(connector: str, kept: Sequence[Snapshot], asked: str) -> Snapshot:
    """Find a version by its number, a time, or a span back from now; what is older than all kept is the oldest."""
    if asked.isdigit():
        found = next((snapshot for snapshot in kept if snapshot.version == int(asked)), None)
        if found is None:
            raise UnknownName(
                f"{connector} has no version {asked}",
                code="unknown.version",
                hint=f"Kept are {kept[-1].version} to {kept[0].version}; dinobase history shows what each changed.",
            )
        return found
    at = _time(asked)
    return next((snapshot for snapshot in kept if moment(snapshot.time) <= at), kept[-1])


def _time(asked: str) -> datetime:
    span = seconds(asked)
    if span is not None:
        return now() - timedelta(seconds=span)
    try:
        found = datetime.fromisoformat(asked)
    except ValueError:
        raise UsageError(
            f"{asked} is no version, time or span", hint=f"A version (12), a time (2026-01-31T12:00:00Z) or {ALLOWED}."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class _Side:
    """One version of the table, as the engine's identity sees it."""

    def __init__(self, engine: QueryEngine, full: str, version: int, *, there: bool) -> None:
        self.source = f"{full} AT (VERSION => {version})"
        self.there = there
        self.types: dict[str, str] = {}
        if there:
            rows = engine.run(
                f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {self.source})", max_rows=0
            )
            self.types = {str(row[0]): str(row[1]) for row in rows.rows}


class _Comparison:
    def __init__(self, engine: QueryEngine, old: _Side, new: _Side, key: Sequence[str]) -> None:
        self.engine = engine
        self.old = old
        self.new = new
        self.names = list(new.types) + [name for name in old.types if name not in new.types]
        known = all(name in new.types and (name in old.types or not old.there) for name in key)
        self.key = list(key) if key and known and self._unique(key) else []
        self.values = [name for name in self.names if name not in self.key]

    def _unique(self, key: Sequence[str]) -> bool:
        """Say whether the key tells rows apart; a masked one may not."""
        columns = ", ".join(map(ident, key))
        sides = [side for side in (self.old, self.new) if side.there]
        return all(
            self.engine.run(
                f"SELECT (SELECT count(*) FROM {side.source}) = (SELECT count(*) FROM (SELECT DISTINCT {columns} "
                f"FROM {side.source}))"
            ).rows[0][0]
            for side in sides
        )

    def result(
        self,
        table: str,
        since: DiffVersion,
        until: DiffVersion,
        limit: int,
        sources: Sequence[Source],
        notes: Sequence[str],
    ) -> TableDiff:
        told = list(notes)
        if self.key:
            counts, per_column = self._counts()
            added, removed, changed = self._rows("old", limit), self._rows("new", limit), self._changed(limit)
        else:
            told.append("No key tells the rows apart: a changed row is one removed and one added")
            added, removed, changed = self._except("new", limit), self._except("old", limit), []
            counts, per_column = Counts(self._except_count("new"), self._except_count("old"), 0), {}
        shown = (len(added), len(removed), len(changed))
        return TableDiff(
            table=table,
            key=self.key,
            since=since,
            until=until,
            counts=counts,
            changed_columns=per_column,
            columns=self._columns(),
            added=added,
            removed=removed,
            changed=changed,
            truncated=shown != (counts.added, counts.removed, counts.changed),
            sources=sources,
            notes=told,
        )

    def _columns(self) -> ColumnChanges:
        if not self.old.there:
            return ColumnChanges()
        old, new = self.old.types, self.new.types
        return ColumnChanges(
            [name for name in new if name not in old],
            [name for name in old if name not in new],
            [RetypedColumn(name, old[name], new[name]) for name in new if name in old and old[name] != new[name]],
        )

    def _joined(self) -> str:
        on = " AND ".join(f"{self._as('o', name)} IS NOT DISTINCT FROM {self._as('n', name)}" for name in self.key)
        old = f"SELECT *, true AS {_HERE} FROM {self.old.source}" if self.old.there else self._nothing()
        return f"({old}) AS o FULL JOIN (SELECT *, true AS {_HERE} FROM {self.new.source}) AS n ON {on}"

    def _nothing(self) -> str:
        return f"SELECT *, true AS {_HERE} FROM {self.new.source} WHERE false"

    def _as(self, side: str, name: str) -> str:
        """Return a column of one side in the type in which both are compared."""
        types = self.old.types if side == "o" and self.old.there else self.new.types
        if name not in types:
            return "NULL"
        column = f"{side}.{ident(name)}"
        old, new = self.old.types.get(name), self.new.types.get(name)
        if old and new and old != new and not (is_number(old) and is_number(new)):
            return f"CAST({column} AS VARCHAR)"
        return column

    def _differs(self, name: str) -> str:
        return f"({self._as('o', name)} IS DISTINCT FROM {self._as('n', name)})"

    def _any(self) -> str:
        return " OR ".join(self._differs(name) for name in self.values) or "false"

    def _counts(self) -> tuple[Counts, dict[str, int]]:
        both = f"o.{_HERE} AND n.{_HERE}"
        parts = [
            f"count(*) FILTER (o.{_HERE} IS NULL)",
            f"count(*) FILTER (n.{_HERE} IS NULL)",
            f"count(*) FILTER ({both} AND ({self._any()}))",
            *(f"count(*) FILTER ({both} AND {self._differs(name)})" for name in self.values),
        ]
        row = self.engine.run(f"SELECT {', '.join(parts)} FROM {self._joined()}").rows[0]
        per_column = {name: int(count) for name, count in zip(self.values, row[3:], strict=True) if count}
        return Counts(int(row[0]), int(row[1]), int(row[2])), per_column

    def _rows(self, missing: str, limit: int) -> list[dict[str, Any]]:
        """Return the rows that one side has and the other has not."""
        here, gone = ("n", "o") if missing == "old" else ("o", "n")
        side = self.new if missing == "old" else self.old
        if not side.there or not limit:
            return []
        names = list(side.types)
        picked = ", ".join(f"{here}.{ident(name)}" for name in names)
        return self._run(names, f"SELECT {picked} FROM {self._joined()} WHERE {gone}.{_HERE} IS NULL", limit)

    def _changed(self, limit: int) -> list[ChangedRow]:
        if not self.old.there or not limit:
            return []
        picked = [f"n.{ident(name)}" for name in self.key]
        for name in self.values:
            old = f"o.{ident(name)}" if name in self.old.types else "NULL"
            new = f"n.{ident(name)}" if name in self.new.types else "NULL"
            picked += [self._differs(name), old, new]
        sql = f"SELECT {', '.join(picked)} FROM {self._joined()} WHERE o.{_HERE} AND n.{_HERE} AND ({self._any()})"
        found = []
        for row in self.engine.run(f"{sql} {self._order('n')} LIMIT {limit}", max_rows=limit).rows:
            key = dict(zip(self.key, row, strict=False))
            cells = row[len(self.key) :]
            triples = [cells[place : place + 3] for place in range(0, len(cells), 3)]
            columns = {n: OldNew(t[1], t[2]) for n, t in zip(self.values, triples, strict=True) if t[0]}
            found.append(ChangedRow(key, columns))
        return found

    def _run(self, names: Sequence[str], sql: str, limit: int) -> list[dict[str, Any]]:
        order = self._order("n" if " n." in sql.partition(" FROM ")[0] else "o")
        rows = self.engine.run(f"{sql} {order} LIMIT {limit}", max_rows=limit).rows
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _order(self, side: str) -> str:
        return f"ORDER BY {', '.join(f'{side}.{ident(name)}' for name in self.key)}"

    def _only(self, here: str) -> tuple[list[str], str]:
        side, other = (self.new, self.old) if here == "new" else (self.old, self.new)
        names = list(side.types)
        if not side.there:
            return names, ""
        mine = ", ".join(self._plain(side, other, name) for name in names)
        theirs = ", ".join(self._plain(other, side, name) for name in names)
        if not other.there:
            return names, f"SELECT {mine} FROM {side.source}"
        return names, f"SELECT {mine} FROM {side.source} EXCEPT ALL SELECT {theirs} FROM {other.source}"

    @staticmethod
    def _plain(side: _Side, other: _Side, name: str) -> str:
        if name not in side.types:
            return f"NULL AS {ident(name)}"
        if name in other.types and other.types[name] != side.types[name]:
            return f"CAST({ident(name)} AS VARCHAR) AS {ident(name)}"
        return ident(name)

    def _except(self, here: str, limit: int) -> list[dict[str, Any]]:
        names, sql = self._only(here)
        if not sql or not limit:
            return []
        rows = self.engine.run(f"SELECT * FROM ({sql}) ORDER BY ALL LIMIT {limit}", max_rows=limit).rows
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _except_count(self, here: str) -> int:
        _, sql = self._only(here)
        return int(self.engine.run(f"SELECT count(*) FROM ({sql})").rows[0][0]) if sql else 0
