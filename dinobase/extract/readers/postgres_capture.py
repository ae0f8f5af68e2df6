"""PostgreSQL by change capture: the log says which rows changed, one snapshot says what they are.

All tables of a run are the source as it is in that snapshot. The place in the log is committed with each table's rows,
and the slot moves on only to what all tables have: a run that dies is read again, and reading twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dinobase.core.errors import FetchError
from dinobase.extract.readers import staging
from dinobase.extract.readers.base import Ask, Brought, SourceTable
from dinobase.extract.readers.options import Selection
from dinobase.extract.readers.postgres_database import Postgres
from dinobase.extract.readers.postgres_slot import Slot, Standing
from dinobase.extract.readers.postgres_touched import Key, Place, Snapshot, Touched, Watched, gather
from dinobase.extract.readers.staging import Reading
from dinobase.lake.connection import Writer
from dinobase.lake.sql import ident, literal, qualified

CAPTURE = "capture"  # the lake's memory of a table: {"slot", "token", "lsn", "columns"}
_AT_ONCE = 2_000  # keys in one statement
_CLOSE = 1 << 20  # bytes of the log for which a table without changes is not committed anew


@dataclass(frozen=True, slots=True)
class _Captured:
    """One table in this run: how it stands, and why it is read as a whole ("" where its changes are enough)."""

    at: Place
    standing: Standing
    columns: str
    whole: str | None


class CapturedPostgres(Postgres):
    """An open database with its slot."""

    def __init__(self, url: str, selection: Selection, writer: Writer | None) -> None:
        self._slot = Slot(url, selection.slot)
        try:
            super().__init__(url, selection, writer)
        except BaseException:
            self._slot.close()
            raise
        self._standing: Mapping[Place, Standing] = {}
        self._places: dict[str, Place] = {}
        self._captured: dict[str, _Captured] = {}
        self._notes: dict[str, str] = {}
        self._kept: tuple[str, ...] = ()
        self._seen: Mapping[Place, Touched] = {}
        self._lsn = self._position = 0
        self._memory: Mapping[str, Mapping[str, Any]] = {}
        self._keys: Sequence[Key] | None = None
        self._key_files: list[Any] = []

    def tables(self) -> Sequence[SourceTable]:
        """Return what there is; a table whose changes can be captured has the key that the log tells them by."""
        self._slot.check()
        self._standing = self._slot.standing()
        self._places = {qualified(*at): at for at in self._standing}
        found = []
        for table in super().tables():
            standing = self._standing.get(self._place_of(table))
            key = _key(table, standing)
            found.append(replace(table, key=key, cursor="") if key else table)
        return found

    def begin(
        self, kept: Sequence[SourceTable], asked: Sequence[SourceTable], memory: Mapping[str, Mapping[str, str]]
    ) -> None:
        """See to slot and publication, take the snapshot, and find out what has changed; raises FetchError."""
        able = {t.name: t for t in (*kept, *asked) if _key(t, self._standing.get(self._place_of(t)))}
        self._kept = tuple(t.name for t in kept)
        self._memory = {name: json.loads(m[CAPTURE]) for name, m in memory.items() if CAPTURE in m}
        self._publish(list(able.values()))
        known = [m for m in self._memory.values() if m["slot"] == self._slot.name]
        position = self._slot.position()
        gone = f"the replication slot {self._slot.name} was gone" if known else ""
        self._position = position if position is not None else self._slot.create()
        flushed = self._slot.flushed()
        self._source.again()
        snapshot = Snapshot.of(
            str(self._source.one(f"SELECT * FROM {self._source.query('SELECT pg_current_snapshot()::text AS s')}"))
        )
        for name, table in able.items():
            standing = self._standing[self._place_of(table)]
            if standing.token:
                columns = json.dumps([[c.name, c.native] for c in table.columns])
                one = _Captured(self._place_of(table), standing, columns, None)
                self._captured[name] = replace(one, whole=self._why(name, one, gone if position is None else ""))
        watched = {
            one.at: Watched(able[name].key, int(self._memory[name]["lsn"]))
            for name, one in self._captured.items()
            if one.whole is None
        }
        seen = gather(self._slot.peek(), watched, snapshot)
        self._seen = seen.tables
        self._lsn = max(self._position, flushed if seen.unseen is None else min(flushed, seen.unseen))

    def _publish(self, tables: Sequence[SourceTable]) -> None:
        missing = [t for t in tables if not self._standing[self._place_of(t)].token]
        if not missing:
            return
        try:
            self._slot.publish([self._place_of(t) for t in missing])
        except FetchError as error:
            if len(missing) == len(tables):
                raise
            for table in missing:
                self._notes[table.name] = (
                    f"it is not in the publication {self._slot.name}: read as a whole. {error.hint}"
                )
        self._standing = self._slot.standing()

    def _why(self, name: str, one: _Captured, gone: str) -> str | None:
        """Say why a table is read as a whole, "" where it is for the first time, None where its changes are enough."""
        known = self._memory.get(name)
        if known is None:
            return ""
        slot = self._slot.name
        reasons = (
            (bool(gone), gone),
            (known["slot"] != slot, "it was captured by another replication slot"),
            (known["token"] != one.standing.token, "it was taken out of the publication meanwhile"),
            (int(known["lsn"]) < self._position, f"the replication slot {slot} has moved past what the lake has"),
            (known["columns"] != one.columns, "its columns have changed"),
        )
        why = next((reason for holds, reason in reasons if holds), None)
        return None if why is None else f"{why}: everything is read anew"

    def read(self, ask: Ask) -> Brought:
        """Read what changed of a table, or all of it."""
        one = self._captured.get(ask.table.name)
        if one is None:
            found = super().read(ask)
            why = self._notes.get(ask.table.name)
            return replace(found, notes=(*found.notes, why)) if why else found
        touched = self._seen.get(one.at, Touched())
        token = {"slot": self._slot.name, "token": one.standing.token, "lsn": self._lsn, "columns": one.columns}
        if ask.whole or one.whole is not None or touched.whole:
            found = super().read(ask)
            notes = (*found.notes, one.whole) if one.whole else found.notes
            return replace(found, whole=True, notes=notes, memory={CAPTURE: json.dumps(token)})
        if not touched.keys:
            known = self._memory[ask.table.name]
            kept = known if self._lsn - int(known["lsn"]) < _CLOSE else token
            return Brought((), {}, 0, touched=(), memory={CAPTURE: json.dumps(kept)})
        self._keys, self._key_files = sorted(touched.keys), []
        try:
            found = super().read(ask)
            return replace(found, touched=tuple(self._key_files), memory={CAPTURE: json.dumps(token)})
        finally:
            self._keys = None

    def _copy(self, ask: Ask, readings: Sequence[Reading]) -> staging.Copied:
        if self._keys is None:
            return super()._copy(ask, readings)
        columns = [c for name in ask.table.key for c in ask.table.columns if c.name == name]
        mine = [r for name in ask.table.key for r in readings if r.column == name]
        files, total = [], 0
        self._key_files = []
        for n in range(0, len(self._keys), _AT_ONCE):
            rows = [
                {c.name: v.decode() for c, v in zip(columns, key, strict=True)} for key in self._keys[n : n + _AT_ONCE]
            ]
            shape = ", ".join(f"{ident(c.name)} {c.native}" for c in columns)
            given = f"json_to_recordset({literal(json.dumps(rows))}) AS k({shape})"
            names = ", ".join(ident(c.name) for c in columns)
            remote = staging.remote_sql(readings, ask.table.place, f" WHERE ({names}) IN (SELECT {names} FROM {given})")
            found, count = self._staged(ask, readings, remote, f"rows-{n:09}")
            keys, _ = self._staged(ask, mine, staging.remote_sql(mine, given, ""), f"keys-{n:09}")
            files += found
            total += count
            self._key_files += keys
        return files, total

    def _staged(self, ask: Ask, readings: Sequence[Reading], remote: str, name: str) -> staging.Copied:
        local = staging.local_sql(readings, ask.names, self._relation(remote))
        return staging.copy(self._source, local, ask.folder / name)

    def settle(self, memory: Mapping[str, Mapping[str, str]]) -> None:
        """Let the server forget what all tables have by now; `memory` is the lake's. Raises FetchError."""
        places = []
        for name in self._kept:
            one, kept = self._captured.get(name), memory.get(name, {}).get(CAPTURE)
            if one is None or kept is None:
                continue
            known = json.loads(kept)
            if known["slot"] == self._slot.name and known["token"] == one.standing.token:
                places.append(int(known["lsn"]))
        if places and min(places) > self._position:
            self._slot.advance(min(places))

    def _place_of(self, table: SourceTable) -> Place:
        return self._places.get(table.place, ("", ""))

    def interrupt(self) -> None:
        """Stop a read."""
        self._slot.interrupt()
        super().interrupt()

    def close(self) -> None:
        """Disconnect."""
        self._slot.close()
        super().close()


def _key(table: SourceTable, standing: Standing | None) -> tuple[str, ...]:
    """Return the key by which changes of a table are told, () where they cannot be captured."""
    if standing is None or not standing.able:
        return ()
    key = standing.key if standing.key and not standing.whole_rows else table.key
    return key if key and all(table.column(name) is not None for name in key) else ()
