"""Brings the profiles of lakes up to date: only tables that are another than they were are looked at again.

Rows that stay where they are are looked at only where a mask asks for it, as a query reads them then anyway: the first
of them, and anew after an hour or a sync. Of these only units and kinds of personal data are kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from dinobase.access.in_place import InPlace, withheld
from dinobase.access.pii import Declared
from dinobase.catalog.profile_scan import Seen, look, most_rows
from dinobase.catalog.profile_units import settled
from dinobase.catalog.profiles import ColumnProfile, ProfileBook, TableProfile, stamp_of
from dinobase.catalog.relations.versions import Contents, contents
from dinobase.core import clock
from dinobase.core.errors import LakeError, ReadOnlyError
from dinobase.core.settings import Paths
from dinobase.lake import reader
from dinobase.lake.location import Storage
from dinobase.lake.metadata import open_metadata
from dinobase.lake.sql import literal, qualified

_MEMORY = "256MB"
_ROWS_SEEN = ":rows"  # in the stamp of what was looked at where it is
_ELSEWHERE = timedelta(hours=1)
FindPersonal = Callable[[str], Declared]


class Examiner:
    """Profiles of one workspace; `personal` says what is known to be personal data, as nothing of it is kept."""

    def __init__(
        self,
        storage: Storage,
        paths: Paths,
        personal: FindPersonal = lambda _name: {},
        in_place: InPlace | None = None,
    ) -> None:
        self._storage = storage
        self._in_place = in_place
        self._paths = paths
        self._known = personal
        self._book = ProfileBook(paths.state, storage.catalog)
        self._told: dict[tuple[str, str], tuple[int, Mapping[str, str]]] = {}

    def kept(self, connector: str) -> dict[str, TableProfile]:
        """Return what is known of a connector's tables, of whatever state, without looking."""
        return decided(self._book.kept(connector))

    def personal(self, connector: str, table: str) -> Mapping[str, str]:
        """Return column or place -> kind, as the values tell it now; raises where they cannot be looked at."""
        if self._in_place is not None and connector in self._in_place.names:
            return self._elsewhere(self._in_place, connector, table)
        try:
            with open_metadata(self._storage.lake(connector)) as metadata:
                version = int(metadata.rows("SELECT max(snapshot_id) FROM ducklake_snapshot")[0][0])
        except LakeError as error:
            if error.error_code != "lake.absent":
                raise
            return {}
        before = self._told.get((connector, table))
        if before is None or before[0] != version:
            profile = self.current(connector, {table}).get(table)
            before = self._told[connector, table] = version, profile.personal if profile else {}
        return before[1]

    def current(
        self, connector: str, tables: Collection[str] | None = None, *, seconds: float = 0.0
    ) -> dict[str, TableProfile]:
        """Return the profiles of a connector's tables, of these or of all, after looking at what is another now.

        seconds: no further table is begun after so long; 0 for all of them.
        """
        held = contents(self._storage.lake(connector))
        if held is None:
            return {}
        kept = self._book.kept(connector)
        wanted = [name for name in held.tables if tables is None or name in tables]
        stamps = {name: kept[name].stamp.removesuffix(_ROWS_SEEN) for name in wanted if name in kept}
        missing = [name for name in wanted if stamps.get(name) != stamp_of(held.versions[name])]
        found = self._look(connector, held, missing, kept, seconds) if missing else []
        gone = [name for name in kept if name not in held.tables]
        with suppress(ReadOnlyError):  # what cannot be kept is looked at each time
            self._book.keep(connector, found, gone=gone)
        kept.update({name: _doubtful(kept[name]) for name in missing if name in kept})
        kept.update({one.table: one for one in found})
        return decided({name: one for name, one in kept.items() if name in held.tables})

    def _elsewhere(self, in_place: InPlace, connector: str, table: str) -> Mapping[str, str]:
        held = contents(self._storage.lake(connector))
        if held is None or table not in held.tables:
            return {}
        kept = self._book.kept(connector, table).get(table)
        stamp = stamp_of(held.versions[table]) + _ROWS_SEEN
        fresh = kept is not None and clock.now() - datetime.fromisoformat(kept.at) < _ELSEWHERE
        if kept is None or kept.stamp != stamp or not fresh:
            found = self._look_elsewhere(in_place, connector, held, table, stamp)
            if found is None:  # whoever reads it is told why it cannot be read
                return {}
            kept = replace(found, gone=_gone(kept, found))
            with suppress(ReadOnlyError):
                self._book.keep(connector, [kept])
        return kept.personal

    def _look_elsewhere(
        self, in_place: InPlace, connector: str, held: Contents, table: str, stamp: str
    ) -> TableProfile | None:
        temp = self._paths.cache / "tmp" / f"profile-{os.getpid()}"
        connection = reader.open_reader(reader.Limits(memory=_MEMORY, temp=str(temp)))
        columns = held.columns[table]
        try:
            reader.attach_lakes(connection, [(held.view.location, held.view.snapshot)])
            place = in_place.open(connection, connector, connector, "_dinobase_profile", {table.lower()})
            relation = place.relations.get(table.lower())
            if relation is None or table.lower() in place.faults:
                return None
            if place.paths:
                connection.execute(f"SET allowed_paths = [{', '.join(map(literal, place.paths))}]")
            reader.lock(connection, [held.view.location.data])
            source = f"(SELECT * FROM ({relation}) LIMIT {most_rows(len(columns))})"
            found = look(connection, source, Seen(table, stamp, held.view.snapshot, 0, columns))
        except reader.InterruptError:
            raise
        except reader.DuckDBError:
            raise withheld(f"{connector}.{table}") from None  # it is asked for whom something is masked
        finally:
            connection.close()
        return replace(_doubtful(found), rows=0, columns=[_kinds(column) for column in found.columns])

    def _look(
        self, connector: str, held: Contents, tables: Sequence[str], before: Mapping[str, TableProfile], seconds: float
    ) -> list[TableProfile]:
        temp = self._paths.cache / "tmp" / f"profile-{os.getpid()}"
        connection = reader.open_reader(reader.Limits(memory=_MEMORY, temp=str(temp)))
        personal = self._known(connector)
        found: list[TableProfile] = []
        until = clock.monotonic() + seconds
        try:
            reader.attach_lakes(connection, [(held.view.location, held.view.snapshot)])
            reader.lock(connection, [held.view.location.data])
            for name in tables:
                if seconds and found and clock.monotonic() > until:
                    break
                table = held.tables[name]
                known = personal.get(name, {})
                seen = Seen(
                    name, stamp_of(held.versions[name]), held.view.snapshot, table.rows, held.columns[name],
                    {column.name for column in held.columns[name] if known.get(column.name)},
                )  # fmt: skip
                profile = look(connection, qualified(connector, "main", name), seen)
                found.append(replace(profile, gone=_gone(before.get(name), profile)))
        except reader.InterruptError:
            raise
        except reader.DuckDBError as error:
            reason = str(error).split("\n", maxsplit=1)[0]
            raise LakeError(
                f"{connector} could not be looked at: {reason}", code="lake.read", hint="dinobase doctor"
            ) from None
        finally:
            connection.close()
        return found


def _doubtful(profile: TableProfile) -> TableProfile:
    """Return an older state's profile without what another row makes wrong."""
    columns = [replace(column, values=(), top=(), least=None, greatest=None) for column in profile.columns]
    return replace(profile, columns=columns, newest="", newest_column="", looked_at=0)


def _kinds(column: ColumnProfile) -> ColumnProfile:
    """Return what a few rows tell of a column and all others would not make wrong."""
    return replace(column, nulls=0, distinct=None, values=(), top=(), least=None, greatest=None)


def _gone(before: TableProfile | None, now: TableProfile) -> Mapping[str, str]:
    """Return the personal columns that a table had: older versions have them still."""
    if before is None:
        return {}
    there = {column.name for column in now.columns}
    had = {
        place: kind for column in before.columns if column.name not in there for place, kind in column.personal.items()
    }
    return {**{place: kind for place, kind in before.gone.items() if place not in there}, **had}


def decided(profiles: Mapping[str, TableProfile]) -> dict[str, TableProfile]:
    """Return a connector's profiles with what only all of them together tell."""
    tables = list(profiles.values())
    columns = settled([one.columns for one in tables])
    return {one.table: replace(one, columns=own) for one, own in zip(tables, columns, strict=True)}
