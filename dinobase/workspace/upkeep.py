"""Housekeeping of many lakes and of the journal of writes: by `maintain`, and after a sync where one needs it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from dinobase.core import errors
from dinobase.core.clock import now
from dinobase.core.settings import Paths
from dinobase.core.values import Event, Observer
from dinobase.kinds import duration
from dinobase.lake.housekeeping import Maintenance, maintain, needs_maintenance
from dinobase.lake.location import LakeLocation
from dinobase.spec.config import Config

_LOCKS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done in each lake; `mutations_dropped`: writes of which the journal now keeps the facts alone.

    `tables_profiled`: tables of which it is known what their rows hold now.
    """

    connectors: Sequence[Maintenance]
    mutations_dropped: int = 0
    tables_profiled: int = 0

    @property
    def exit_code(self) -> int:
        """0 only where every lake could be worked on."""
        return 1 if any(done.error for done in self.connectors) else 0


def all_of(locations: Iterable[LakeLocation], config: Config, paths: Paths) -> Maintained:
    """Do all that is to be done; a lake that cannot be worked on stops no other, and alone it raises."""
    places = list(locations)
    done = []
    for place in places:
        try:
            done.append(maintain(place, paths.state, retention=retention_of(config)))
        except errors.DinobaseError as error:
            if len(places) == 1:
                raise
            done.append(Maintenance(place.name, error=error.as_dict()["error"]))
    from dinobase.workspace import profiling  # only here and where somebody asks

    known = profiling.look_at([place.name for place in places], config, paths)
    return Maintained(done, keep_journal(config, paths), known)


def where_needed(locations: Iterable[LakeLocation], config: Config, paths: Paths, observe: Observer) -> None:
    """Do it where a sync left much to do; that it failed is a note, as the rows are in."""
    retention = retention_of(config)
    for location in locations:
        try:
            if needs_maintenance(location, retention=retention):
                maintain(location, paths.state, retention=retention)
        except errors.DinobaseError as error:
            observe(Event("note", location.name, "", reason=f"housekeeping: {error.message}"))
    if not config.journal_retention:
        return
    try:
        keep_journal(config, paths)
    except errors.DinobaseError as error:
        observe(Event("note", "journal", "", reason=f"housekeeping: {error.message}"))


def keep_journal(config: Config, paths: Paths) -> int:
    """Drop what the journal of writes keeps no longer; returns of how many mutations."""
    from dinobase.mutate import keeping  # only where something is kept up

    keeping.drop_locks(paths.state, now() - _LOCKS)
    seconds = duration.seconds(config.journal_retention)
    return keeping.drop_old(paths.state, config.storage.catalog, timedelta(seconds=seconds)) if seconds else 0


def retention_of(config: Config) -> timedelta:
    """Return how long old versions are kept."""
    return timedelta(seconds=duration.seconds(config.retention) or 0)
