"""A plan at a database: one transaction, in which each row is held, compared with what was shown, and then written.

The rows are read as a sync reads them, so that a value differs only where the source's does. Where one row is another
by now nothing is written. The intent is on disk before, the outcome after; what lies between is asked of the source.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from dinobase.core.clock import iso, now
from dinobase.core.errors import DinobaseError, FetchError
from dinobase.core.secrets import redact
from dinobase.extract.readers.base import Ask, Brought, SourceTable
from dinobase.extract.readers.database import Database
from dinobase.extract.readers.sql_writing import Transaction, WritableKind
from dinobase.lake.foreign import instance
from dinobase.lake.sql import literal
from dinobase.load.naming import snake
from dinobase.mutate.change import RowChange, Table
from dinobase.mutate.journal import Writing
from dinobase.mutate.shadow import fetched
from dinobase.mutate.values import Json, Row, alike, decoded, dumps, same, storable

Found: TypeAlias = dict[str, Row]
Settled: TypeAlias = Literal["done", "not_done", "unknown"]
_OPEN = ("not_tried", "failed", "conflict", "sending", "unknown")


@dataclass(frozen=True, slots=True)
class Source:
    """A database by its kind and the values that open it."""

    kind: WritableKind
    values: Mapping[str, str]

    def reading(self) -> Database[Any]:
        """Open it to read, without what follows its log."""
        opened: Database[Any] = self.kind.open({**self.values, "mode": "copy", "incremental": ""}, None)
        return opened


FindSource: TypeAlias = Callable[[str], Source]


@dataclass(slots=True)
class Work:
    """One mutation at its source; `states` are its rows' statuses by number."""

    source: Source
    table: Table
    changes: Sequence[RowChange]
    states: Mapping[int, str]
    writing: Writing
    mutation: str
    folder: Path
    resend: bool = False
    done: list[RowChange] = field(default_factory=list)
    stopped: bool = False

    def apply(self) -> None:
        """Write what is open, all or nothing."""
        open_ = [n for n in range(1, len(self.changes) + 1) if self.states[n] in _OPEN]
        if not open_:
            return
        try:
            if any(self.states[n] in {"sending", "unknown"} for n in open_) and not self._settled(open_):
                return
            self._write(open_)
        except DinobaseError as error:
            self.stopped = True
            hint = f" ({error.hint})" if error.hint and error.error_code == "source.changed" else ""
            self._end(open_, "failed", f"{error.message}{hint}")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _settled(self, rows: Sequence[int]) -> bool:
        """Find out what became of an earlier transaction; True where it is to be written now."""
        told = self._told(rows, self.source.reading())
        if told == "done":
            self._done(rows, {})
            return False
        if told == "not_done" or self.resend:
            return True
        self._end(rows, "unknown", "it cannot be told whether it was written")
        self.stopped = True
        return False

    def _write(self, rows: Sequence[int]) -> None:
        self.writing.steps(
            self.mutation,
            "sending",
            rows,
            {"call": 1, "method": "SQL"},
            status="sending",
            sent_at=iso(now()),
            error=None,
        )
        with self.source.kind.writing(self.source.values) as transaction:
            at_source = self._hold(transaction, rows)
            if at_source is None:
                return
            given = {n: self._one(transaction, at_source, self._change(n)) for n in rows}
            try:
                transaction.commit()
            except FetchError as error:
                self._doubtful(rows, error, transaction)
                return
        self._done(rows, given)

    def _doubtful(self, rows: Sequence[int], error: FetchError, transaction: Transaction) -> None:
        """Tell a rule that is checked at the end from a connection that was lost on the way."""
        self.stopped = True
        if self._told(rows, transaction.reading(self.source.reading)) == "not_done":
            self._end(rows, "failed", error.message)
        else:
            self._end(rows, "unknown", f"{error.message}: it cannot be told whether it was written; resume finds out")

    def _told(self, rows: Sequence[int], reading: Database[Any]) -> Settled:
        known = [self._change(n).key for n in rows if self._change(n).identity]
        with closing(reading) as opened:
            found = read(opened, self.table, known, self.folder)
        return settle(self.table, [self._change(n) for n in rows], found)

    def _hold(self, transaction: Transaction, rows: Sequence[int]) -> SourceTable | None:
        """Hold the rows and compare them; None where one is not as it was shown."""
        with closing(transaction.reading(self.source.reading)) as opened:
            at_source = _table(opened, self.table)
        known = [n for n in rows if self._change(n).operation != "create"]
        for n in known:
            transaction.lock(at_source, _named(self.table, at_source, self._change(n).key))
        with closing(
            transaction.reading(self.source.reading)
        ) as opened:  # after the rows are held: nobody changes them any more
            found = read(opened, self.table, [self._change(n).key for n in known], self.folder) if known else {}
        conflicts = {n: said for n in known if (said := differs(self._change(n), found))}
        if not conflicts:
            return at_source
        for n, said in conflicts.items():
            self._end([n], "conflict", said)
        self._end([n for n in rows if n not in conflicts], "not_tried", "nothing was written: another row has changed")
        self.stopped = True
        return None

    def _one(self, transaction: Transaction, at_source: SourceTable, change: RowChange) -> Mapping[str, Json]:
        key = _named(self.table, at_source, change.key)
        if change.operation == "delete":
            transaction.delete(at_source, key)
            return {}
        row = _named(self.table, at_source, {c: (change.new or {}).get(c) for c in change.columns})
        if change.operation == "update":
            transaction.update(at_source, key, row)
            return {}
        given = transaction.insert(at_source, row)
        return {c: given[p] for c in self.table.key if (p := _place(self.table, at_source, c)) in given}

    def _change(self, number: int) -> RowChange:
        return self.changes[number - 1]

    def _done(self, rows: Sequence[int], given: Mapping[int, Mapping[str, Json]]) -> None:
        for n in rows:
            change = self._change(n)
            key = {**{k: (change.new or {}).get(k) for k in self.table.key}, **given.get(n, {})}
            if change.operation == "create" and not change.identity and None not in key.values():
                change = RowChange("create", key, None, {**(change.new or {}), **key}, change.columns)
            self.done.append(change)
            self.writing.steps(
                self.mutation, "done", [n], {"status_of_steps": "done"},
                status="done", error=None, record_key=dumps(dict(change.key)), finished_at=iso(now()),
            )  # fmt: skip

    def _end(self, rows: Sequence[int], status: str, error: str) -> None:
        if rows:
            said = storable(redact(error))
            facts = {"status_of_steps": status}
            self.writing.steps(
                self.mutation, status, rows, facts, {"error": said}, status=status, error=said, finished_at=iso(now())
            )


def settle(table: Table, changes: Sequence[RowChange], found: Found) -> Settled:
    """Tell from the rows at the source whether a transaction was committed."""
    told = {_became(table, change, found) for change in changes} - {""}
    [only] = told if len(told) == 1 else ["unknown"]
    return "done" if only == "done" else "not_done" if only == "not_done" else "unknown"


def _became(table: Table, change: RowChange, found: Found) -> str:
    if not change.identity:
        return ""  # only the others can tell
    row = found.get(change.identity)
    if change.operation == "delete":
        return "done" if row is None else "not_done"
    if row is None:
        return "not_done" if change.operation == "create" else "unknown"
    new = change.new or {}
    if all(_equal(row.get(c), new.get(c)) for c in change.columns if c in table.types):
        return "done"
    return "unknown" if differs(change, found) else "not_done"


def differs(change: RowChange, found: Found) -> str:
    """Say in what a row is not the one that was shown, "" where it is."""
    row = found.get(change.identity)
    if row is None:
        return "the source has no such row any more"
    old = change.old or {}
    other = {c: v for c, v in row.items() if c in old and not _equal(v, old[c])}
    return f"changed at the source: {redact(dumps(other))}" if other else ""


def _equal(a: Json, b: Json) -> bool:
    """Tell whether two values are one, whatever type a column has by now; nothing is not an empty text."""
    return same(a, b) or (a is not None and b is not None and alike(a, b))


def read(opened: Database[Any], table: Table, keys: Sequence[Mapping[str, Json]], folder: Path) -> Found:
    """Return rows as a sync would bring them, by their identity."""
    if not keys:
        return {}
    at_source = _table(opened, table)
    brought = _some(opened, table, at_source, keys, folder / f"read-{os.urandom(4).hex()}")
    if not brought.files:
        return {}
    types = {c: brought.types[c] for c in table.types if c in brought.types}
    files = ", ".join(literal(str(f)) for f in brought.files)
    connection = instance()
    try:
        picked = ", ".join(fetched(c, t) for c, t in _spelled(types).items())
        rows = connection.execute(f"SELECT {picked} FROM read_parquet([{files}], union_by_name = true)").fetchall()
    finally:
        connection.close()
    found = [{c: decoded(v, t) for (c, t), v in zip(_spelled(types).items(), row, strict=True)} for row in rows]
    return {dumps([row.get(k) for k in table.key]): row for row in found}


def _some(
    opened: Database[Any], table: Table, at_source: SourceTable, keys: Sequence[Mapping[str, Json]], folder: Path
) -> Brought:
    names = {c.name: _name(table, c.name) for c in at_source.columns}
    types = {c: t.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ") for c, t in table.types.items()}
    wanted = [{p: _as_text(v) for p, v in _named(table, at_source, key).items()} for key in keys]
    return opened.some(Ask(at_source, names, types, None, folder), wanted)


def _table(opened: Database[Any], table: Table) -> SourceTable:
    """Find the table at its source, its columns with the types that the lake has for them."""
    found = next((t for t in opened.tables() if t.name == table.name), None)
    if found is None:
        raise FetchError(
            f"{table.full_name} is not at its source any more",
            code="source.changed",
            hint=f"dinobase sync {table.connector}",
        )
    columns = tuple(
        replace(c, type=table.types[_name(table, c.name)]) if _name(table, c.name) in table.types else c
        for c in found.columns
    )
    return replace(found, columns=columns)


def _name(table: Table, place: str) -> str:
    return next((c for c, path in table.paths.items() if path == (place,)), snake(place))


def _place(table: Table, at_source: SourceTable, column: str) -> str:
    path = table.paths.get(column)
    return path[0] if path else next((c.name for c in at_source.columns if snake(c.name) == column), column)


def _named(table: Table, at_source: SourceTable, row: Mapping[str, Json]) -> dict[str, Json]:
    return {_place(table, at_source, c): v for c, v in row.items()}


def _as_text(value: Json) -> str:
    return value if isinstance(value, str) else dumps(value)


def _spelled(types: Mapping[str, str]) -> dict[str, str]:
    return {c: t.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE") for c, t in types.items()}
