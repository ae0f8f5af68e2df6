"""DuckDB instances between queries: one is used again only by a query whose lakes it holds, at their present version.

Opening an instance and reading a lake's catalog cost 35 ms, a query on a warm one 5. A locked instance is never given
anything more: what does not fit gets an instance of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from dinobase.lake import reader
from dinobase.lake.introspect import LakeView

if TYPE_CHECKING:
    from dinobase.access.guard import Guard, Opened

Held: TypeAlias = frozenset[tuple[str, int, str]]  # name, version and its time: a lake made anew counts from 1 again


def held(views: Iterable[LakeView]) -> Held:
    """Return what tells one state of some lakes from any other."""
    return frozenset((view.location.name, view.snapshot, view.time) for view in views)


class Instance:
    """One DuckDB instance; empty, then holding lakes, then locked for good."""

    def __init__(self, limits: reader.Limits) -> None:
        self.connection = reader.open_reader(limits)
        self.lakes: Held = frozenset()
        self.threads = limits.threads
        self.locked = False
        self.private = False  # it holds tables that were made for one query
        self.opened: Opened | None = None

    def close(self) -> None:
        """End what still runs, and release the files."""
        self.connection.interrupt()  # what has begun would run to its end within close()
        self.connection.close()


class Seat:
    """Where one query runs: any instance to be parsed on, then one that holds its lakes."""

    def __init__(self, shelf: Shelf, instance: Instance) -> None:
        self._shelf = shelf
        self._instance = instance
        self._interrupted = False

    @property
    def connection(self) -> Any:
        """Return the connection to be used now."""
        return self._instance.connection

    def interrupt(self) -> None:
        """Stop what runs, from another thread."""
        self._interrupted = True
        self.connection.interrupt()

    @property
    def opened(self) -> Opened | None:
        """Return what the instance holds for an identity with access rules."""
        return self._instance.opened

    def hold(
        self,
        views: Sequence[LakeView],
        *,
        threads: int,
        private: bool,
        guard: Guard | None = None,
        wanted: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """Move to an instance that has these lakes; `private`: no other query may have it. `wanted`: see `attach`."""
        lakes = held(views)
        self._shelf.drop_older(lakes)
        if self._instance.locked and not self._fits(self._instance, lakes, threads, private=private):
            self._shelf.give_back(self._instance)
            self._instance = self._shelf.find(lakes, threads, private=private) or self._shelf.open()
            if self._interrupted:
                self.connection.interrupt()
                raise reader.InterruptError("interrupted")
        if not self._instance.locked:
            if guard is None:
                reader.attach_lakes(self.connection, [(view.location, view.snapshot) for view in views])
            else:
                self._instance.opened = guard.attach(self.connection, views, wanted=wanted)
            if threads != self._instance.threads:
                self.connection.execute(f"SET threads = {threads}")
            self._instance.lakes, self._instance.threads, self._instance.private = lakes, threads, private

    def lock(self, folders: Iterable[str]) -> None:
        """Close the instance for good, where that was not done before."""
        if not self._instance.locked:
            reader.lock(self.connection, folders)
            self._instance.locked = True

    def leave(self, *, sound: bool) -> None:
        """Give the instance back; one that failed is not used again."""
        if sound:
            self._shelf.give_back(self._instance)
        else:
            self._instance.close()

    @staticmethod
    def _fits(instance: Instance, lakes: Held, threads: int, *, private: bool) -> bool:
        return not private and not instance.private and instance.threads == threads and lakes <= instance.lakes


class Shelf:
    """Keeps the `keep` instances used last, for one identity and one thread; with 0 every query has a new one."""

    def __init__(self, limits: reader.Limits, keep: int = 0) -> None:
        self._limits = limits
        self._keep = keep
        self._kept: list[Instance] = []

    def take(self) -> Seat:
        """Return a seat for one query."""
        return Seat(self, self._kept.pop() if self._kept else self.open())

    def open(self) -> Instance:
        """Open an empty instance."""
        return Instance(self._limits)

    def find(self, lakes: Held, threads: int, *, private: bool) -> Instance | None:
        """Take a kept instance that fits."""
        for place, instance in enumerate(self._kept):
            if Seat._fits(instance, lakes, threads, private=private):  # noqa: SLF001 - the same rule, the same file
                return self._kept.pop(place)
        return None

    def give_back(self, instance: Instance) -> None:
        """Keep an instance for the next query, and close the one that was not used for longest."""
        if not self._keep or not instance.locked or instance.private:
            instance.close()
            return
        with contextlib.suppress(reader.DuckDBError):
            instance.connection.execute("SELECT 1").fetchall()  # ends a result that nobody read to its end
        self._kept.append(instance)
        while len(self._kept) > self._keep:
            self._kept.pop(0).close()

    def drop_older(self, lakes: Held) -> None:
        """Close instances that hold one of these lakes at another version."""
        names = {name for name, _, _ in lakes}
        old = [i for i in self._kept if any(lake[0] in names and lake not in lakes for lake in i.lakes)]
        for instance in old:
            self._kept.remove(instance)
            instance.close()

    def close(self) -> None:
        """Close all that are kept."""
        while self._kept:
            self._kept.pop().close()
