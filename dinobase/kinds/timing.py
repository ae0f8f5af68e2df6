"""When something is due again: after a span of time, or at the moments of a cron expression; no clock is asked here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypeAlias

from dinobase.kinds import duration

NEVER = "never"
ALLOWED = (
    "a span from 1s on, such as 30s, 5m, 1h, 1d, a cron expression of five fields, such as 0 6 * * 1-5, or `never`"
)
_SHORTEST = 1.0
_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Every:
    """So often, counted from one beginning to the next."""

    seconds: float

    def after(self, moment: datetime) -> datetime:
        """Return when it is due, having begun then."""
        return moment + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Cron:
    """At the moments of an expression, in a time zone; those that summer time skips or repeats come once."""

    expression: str
    zone: tzinfo = UTC

    def after(self, moment: datetime) -> datetime:
        """Return the first moment after this one."""
        return _next(self.expression, self.zone, moment.replace(microsecond=0))


Timing: TypeAlias = Every | Cron


def parse(text: str, zone: tzinfo = UTC) -> Timing | None:
    """Return what the text means; None where it means nothing, and for `never`."""
    seconds = duration.seconds(text)
    if seconds is not None:
        return Every(seconds) if seconds >= _SHORTEST else None
    if len(text.split()) != _FIELDS:
        return None
    found = Cron(text, zone)
    return found if _happens(found) else None


def allowed(text: str) -> bool:
    """Tell whether the text can stand as a `sync_interval`."""
    return text == NEVER or parse(text) is not None


def _happens(cron: Cron) -> bool:
    from cronsim import CronSimError  # only where there is an expression

    try:
        cron.after(datetime(2024, 1, 1, tzinfo=UTC))  # any moment: an expression that never comes has none after it
    except (CronSimError, StopIteration):
        return False
    return True


@lru_cache(maxsize=1024)
def _next(expression: str, zone: tzinfo, moment: datetime) -> datetime:
    from cronsim import CronSim

    return next(CronSim(expression, moment.astimezone(zone))).astimezone(UTC)
