"""Which connector is due, and which of those may begin: decided from a clock's reading and from what is known of runs.

Nothing is asked and nothing is waited for here. Whoever is due longest begins first, so that nobody starves; what was
slept through is caught up by one run; and beginnings are kept apart, so that many that are due at once are staggered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from dinobase.kinds.timing import Cron, Every, Timing

AT_ONCE = 4  # runs; each is a process with a DuckDB instance of its own
FIRST_RETRY_S = 30.0
_LONG = timedelta(minutes=1)
_APART_S = 2.0
_LONGEST_DOUBLING = 20
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one connector: its last run, whoever began it, and whether one of ours goes on.

    failures: of runs one after another, up to the last. busy_until: another process syncs it; looked at again then.
    """

    timing: Timing
    began: datetime | None = None
    ended: datetime | None = None
    failures: int = 0
    running: datetime | None = None
    busy_until: datetime | None = None

    def starting(self, now: datetime) -> Standing:
        """Return how it stands once a run of ours began."""
        return replace(self, running=now, busy_until=None)

    def finished(self, now: datetime, *, good: bool) -> Standing:
        """Return how it stands once a run of ours ended."""
        failures = 0 if good else self.failures + 1
        return replace(self, began=self.running, ended=now, failures=failures, running=None)

    def busy(self, now: datetime, seconds: float) -> Standing:
        """Return how it stands where another process syncs it: looked at again after that, or its interval."""
        if isinstance(self.timing, Every):
            seconds = min(seconds, self.timing.seconds)
        return replace(self, running=None, busy_until=now + timedelta(seconds=seconds))

    def seen(self, began: datetime, ended: datetime | None, failures: int) -> Standing:
        """Return how it stands after a run that somebody else began."""
        return replace(self, began=began, ended=ended or began, failures=failures)


def backoff(failures: int) -> float:
    """Return the seconds to wait after so many failures, before the interval caps them."""
    return FIRST_RETRY_S * float(2 ** min(failures - 1, _LONGEST_DOUBLING))


def due_at(one: Standing, now: datetime) -> datetime:
    """Return when the next run is due; what never ran, or ran in what is the future by now's clock, has long been."""
    if one.began is None or one.began > now:
        return _EVER
    if not one.failures:
        return one.timing.after(one.began)
    ended = one.ended or one.began
    return min(ended + timedelta(seconds=backoff(one.failures)), one.timing.after(ended))


def chosen(
    standings: Mapping[str, Standing], now: datetime, *, last_start: datetime | None = None, at_once: int = AT_ONCE
) -> str | None:
    """Return the connector that may begin now, None where none may; asked again after each beginning."""
    if not _room(standings, now, at_once) or now < _apart(now, last_start, standings, now):
        return None
    due = [(_ready_at(one, now), name) for name, one in standings.items() if one.running is None]
    ready = min((pair for pair in due if pair[0] <= now), default=None)
    return ready[1] if ready else None


def wake_at(
    standings: Mapping[str, Standing], now: datetime, *, last_start: datetime | None = None, at_once: int = AT_ONCE
) -> datetime | None:
    """Return when something may begin, if no run ends before; None where nothing will."""
    waiting = [_ready_at(one, now) for one in standings.values() if one.running is None]
    if not waiting:
        return None
    first = _apart(min(waiting), last_start, standings, now)
    if _room(standings, now, at_once):
        return first
    become_long = [one.running + _LONG for one in standings.values() if one.running and one.running + _LONG > now]
    return max(first, min(become_long)) if become_long else None


def _ready_at(one: Standing, now: datetime) -> datetime:
    due = due_at(one, now)
    return max(due, one.busy_until) if one.busy_until else due


def _room(standings: Mapping[str, Standing], now: datetime, at_once: int) -> bool:
    """Tell whether another may begin: a run that takes long gives its place up, as often as there are places."""
    running = [one.running for one in standings.values() if one.running]
    long = sum(began + _LONG <= now for began in running)
    return len(running) - min(long, at_once) < at_once


def _apart(moment: datetime, last_start: datetime | None, standings: Mapping[str, Standing], now: datetime) -> datetime:
    """Return the moment, or a later one apart from the last: by half the time that there is for each, at most 2 s."""
    if last_start is None or last_start > now or moment >= last_start + timedelta(seconds=_APART_S):
        return moment
    rate = sum(1 / _period(one.timing, now) for one in standings.values())
    return max(moment, last_start + timedelta(seconds=min(_APART_S, 0.5 / rate) if rate else 0.0))


def _period(timing: Timing, now: datetime) -> float:
    if isinstance(timing, Cron):
        first = timing.after(now.replace(minute=0, second=0, microsecond=0))  # roughly: it is asked often
        return (timing.after(first) - first).total_seconds()
    return timing.seconds
