"""Brings the profiles of lakes up to date: only tables that are another than they were are looked at again."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from dinobase.access.pii import Declared
from dinobase.catalog.profile_scan import Seen, look
from dinobase.catalog.profile_units import settled
from dinobase.catalog.profiles import ProfileBook, TableProfile, stamp_of
from dinobase.catalog.relations.versions import Contents, contents
from dinobase.core import clock
from dinobase.core.errors import LakeError, ReadOnlyError
from dinobase.core.settings import Paths
from dinobase.lake import reader
from dinobase.lake.location import Storage
from dinobase.lake.sql import qualified

_MEMORY = "256MB"
FindPersonal = Callable[[str], Declared]


class Examiner:
    """Profiles of one workspace; `personal` says what is known to be personal data, as nothing of it is kept."""

    def __init__(self, storage: Storage, paths: Paths, personal: FindPersonal = lambda _name: {}) -> None:
        self._storage = storage
        self._paths = paths
        self._personal = personal
        self._book = ProfileBook(paths.state, storage.catalog)

    def kept(self, connector: str) -> dict[str, TableProfile]:
        """Return what is known of a connector's tables, of whatever state, without looking."""
        return decided(self._book.kept(connector))

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
        missing = [name for name in wanted if name not in kept or kept[name].stamp != stamp_of(held.versions[name])]
        found = self._look(connector, held, missing, seconds) if missing else []
        gone = [name for name in kept if name not in held.tables]
        with suppress(ReadOnlyError):  # what cannot be kept is looked at each time
            self._book.keep(connector, found, gone=gone)
        kept.update({one.table: one for one in found})
        return decided({name: one for name, one in kept.items() if name in held.tables})

    def _look(self, connector: str, held: Contents, tables: Sequence[str], seconds: float) -> list[TableProfile]:
        temp = self._paths.cache / "tmp" / f"profile-{os.getpid()}"
        connection = reader.open_reader(reader.Limits(memory=_MEMORY, temp=str(temp)))
        personal = self._personal(connector)
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
                found.append(look(connection, qualified(connector, "main", name), seen))
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


def decided(profiles: Mapping[str, TableProfile]) -> dict[str, TableProfile]:
    """Return a connector's profiles with what only all of them together tell."""
    tables = list(profiles.values())
    columns = settled([one.columns for one in tables])
    return {one.table: replace(one, columns=own) for one, own in zip(tables, columns, strict=True)}
