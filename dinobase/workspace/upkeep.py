"""Housekeeping of many lakes: by `maintain`, and after a sync where one needs it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from dinobase.core import errors
from dinobase.core.settings import Paths
from dinobase.core.values import Event, Observer
from dinobase.kinds import duration
from dinobase.lake.housekeeping import Maintenance, maintain, needs_maintenance
from dinobase.lake.location import LakeLocation
from dinobase.spec.config import Config


@dataclass(frozen=True, slots=True)
class Maintained:
    """What was done in each lake."""

    connectors: Sequence[Maintenance]


def all_of(locations: Iterable[LakeLocation], config: Config, paths: Paths) -> Maintained:
    """Do all that is to be done."""
    return Maintained([maintain(place, paths.state, retention=retention_of(config)) for place in locations])


def where_needed(locations: Iterable[LakeLocation], config: Config, paths: Paths, observe: Observer) -> None:
    """Do it where a sync left much to do; that it failed is a note, as the rows are in."""
    retention = retention_of(config)
    for location in locations:
        try:
            if needs_maintenance(location, retention=retention):
                maintain(location, paths.state, retention=retention)
        except errors.DinobaseError as error:
            observe(Event("note", location.name, "", reason=f"housekeeping: {error.message}"))


def retention_of(config: Config) -> timedelta:
    """Return how long old versions are kept."""
    return timedelta(seconds=duration.seconds(config.retention) or 0)
