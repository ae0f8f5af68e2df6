"""A day of fifty connectors by a clock that is a number: every interval met, nothing twice at once, nobody starves.

Runs fail at random and for hours on end, take seconds or hours, other processes sync too, and the machine sleeps.
"""

from __future__ import annotations

import heapq
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from dinobase.kinds.timing import Cron, Every, Timing
from dinobase.sync.scheduler import AT_ONCE, Standing, chosen, wake_at

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LONG = timedelta(minutes=1)
MANY = bool(os.environ.get("DINOBASE_TORTURE"))
SPANS = (30, 60, 300, 900, 3600, 6 * 3600, 86400)
WEIGHTS = (1, 2, 4, 4, 4, 2, 2)
CRONS = ("*/5 * * * *", "0 * * * *", "0 6 * * *", "30 2 * * 0")


@dataclass
class Source:
    """One connector: how long its runs take at most, how often they fail, and what became of them."""

    timing: Timing
    longest: timedelta
    fails: float
    outage: tuple[datetime, datetime]
    runs: list[tuple[datetime, datetime, bool]] = field(default_factory=list)


@dataclass
class World:
    """The clock, the runs that go on, and all that happened."""

    sources: dict[str, Source]
    chance: random.Random
    naps: list[tuple[datetime, timedelta]]
    foreign: bool
    now: datetime = BEGIN
    last_start: datetime | None = None
    standings: dict[str, Standing] = field(default_factory=dict)
    ends: list[tuple[datetime, str]] = field(default_factory=list)
    slept: list[tuple[datetime, datetime]] = field(default_factory=list)
    most: int = 0

    def run(self) -> None:
        """Live through the day."""
        self.standings = {name: Standing(source.timing) for name, source in self.sources.items()}
        while self.now < BEGIN + DAY:
            while (name := chosen(self.standings, self.now, last_start=self.last_start)) is not None:
                self._begin(name)
            wake = wake_at(self.standings, self.now, last_start=self.last_start)
            assert wake is None or wake > self.now
            moments = [moment for moment in (wake, self.ends[0][0] if self.ends else None) if moment]
            self._go_to(min(moments, default=BEGIN + DAY))
            while self.ends and self.ends[0][0] <= self.now:
                self._end(heapq.heappop(self.ends)[1])

    def _begin(self, name: str) -> None:
        one, source = self.standings[name], self.sources[name]
        assert one.running is None
        if self.foreign and self.chance.random() < 0.02:  # another process has the lock
            self.standings[name] = one.busy(self.now, 30)
            return
        self.last_start = self.now
        self.standings[name] = one.starting(self.now)
        running = [each.running for each in self.standings.values() if each.running]
        assert sum(began + LONG > self.now for began in running) <= AT_ONCE
        self.most = max(self.most, len(running))
        heapq.heappush(self.ends, (self.now + source.longest * self.chance.uniform(0.1, 1), name))

    def _end(self, name: str) -> None:
        one, source = self.standings[name], self.sources[name]
        assert one.running is not None
        out = source.outage[0] <= self.now < source.outage[1]
        good = not out and self.chance.random() >= source.fails
        source.runs.append((one.running, self.now, good))
        self.standings[name] = one.finished(self.now, good=good)

    def _go_to(self, moment: datetime) -> None:
        """Let time pass; where the machine sleeps in between, runs that go on are frozen for as long."""
        while self.naps and self.naps[0][0] <= moment:
            at, length = self.naps.pop(0)
            at = max(at, self.now)
            self.ends = [(end + length, name) for end, name in self.ends]
            self.slept.append((at, at + length))
            moment = max(moment, at + length)
        self.now = moment

    def awake(self, moment: datetime) -> datetime:
        """Return the moment, or the end of the sleep that it is in."""
        return next((end for begin, end in self.slept if begin <= moment < end), moment)


def world(seed: int, *, naps: bool, foreign: bool) -> World:
    chance = random.Random(seed)
    sources = {}
    for number in range(50):
        timing: Timing = Every(chance.choices(SPANS, WEIGHTS)[0]) if number % 10 else Cron(chance.choice(CRONS))
        seconds = timing.seconds if isinstance(timing, Every) else 300
        longest = timedelta(seconds=min(seconds / 10, 60) if number > 2 else chance.uniform(600, 7200))
        if number <= 2:  # first syncs of big accounts, which take hours
            timing = Every(6 * 3600)
        outage = BEGIN + DAY * chance.random()
        sources[f"c{number:02}"] = Source(
            timing,
            longest,
            chance.choice((0, 0, 0.05, 0.5, 1)),
            (outage, outage + timedelta(hours=chance.uniform(0, 4))),
        )
    found = []
    if naps:
        moments = sorted(BEGIN + DAY * chance.random() for _ in range(3))
        found = [(moment, timedelta(minutes=chance.uniform(5, 180))) for moment in moments]
    return World(sources, chance, found, foreign)


def due_after(source: Source, runs: Sequence[tuple[datetime, datetime, bool]]) -> datetime:
    """Say when a run is due after these, in other words than the scheduler's."""
    began, ended, good = runs[-1]
    if good:
        return source.timing.after(began)
    failures = next((n for n, run in enumerate(reversed(runs)) if run[2]), len(runs))
    doubled = timedelta(seconds=30 * 2 ** min(failures - 1, 12))
    return min(ended + doubled, source.timing.after(ended))


def lateness(world: World) -> list[tuple[str, timedelta, datetime]]:
    """Return how long after it was due each run began, the one that would come next too; None began early."""
    late = []
    for name, source in world.sources.items():
        starts = [began for began, _, _ in source.runs]
        going = world.standings[name].running
        starts += [going] if going else []
        assert starts, f"{name} never ran"
        for number in range(1, len(source.runs) + 1):
            due = due_after(source, source.runs[:number])
            ready = world.awake(max(due, source.runs[number - 1][1]))
            began = starts[number] if number < len(starts) else max(world.now, ready)
            assert number >= len(starts) or began >= due, f"{name} began early"
            late.append((name, began - ready, ready))
    return late


def longest_wait(world: World) -> timedelta:
    """Who is due waits for each of the others once at most, and for those that run when it becomes due."""
    lengths = [min(source.longest, LONG) for source in world.sources.values()]
    apart = timedelta(seconds=2) * len(lengths)
    return sum(lengths, timedelta()) / AT_ONCE + max(lengths) + apart


@pytest.mark.parametrize("seed", range(20 if MANY else 1))
def test_over_a_day_every_interval_is_met_and_failures_wait(seed: int) -> None:
    day = world(seed, naps=False, foreign=False)
    day.run()
    late = lateness(day)
    assert [each for each in late if each[1] > longest_wait(day)] == []
    settled = BEGIN + timedelta(minutes=15)  # until then all fifty have their first run
    assert [each for each in late if each[2] > settled and each[1] > timedelta(minutes=1)] == []
    assert sum(wait < timedelta(seconds=5) for _, wait, _ in late) > len(late) * 0.95
    assert AT_ONCE <= day.most <= 2 * AT_ONCE
    for source in day.sources.values():
        for (_, ended, _), (began, _, _) in pairwise(source.runs):
            assert ended <= began


@pytest.mark.parametrize("seed", range(20 if MANY else 1))
def test_sleep_and_others_that_sync_starve_nobody_and_are_caught_up_by_one_run(seed: int) -> None:
    day = world(seed, naps=True, foreign=True)
    day.run()
    late = lateness(day)
    slept = max(end - begin for begin, end in day.slept)
    bound = longest_wait(day) + timedelta(minutes=5)  # the lock may be another's, several times in a row
    assert [each for each in late if each[1] > bound + slept] == []
    assert sum(wait < timedelta(minutes=1) for _, wait, _ in late) > len(late) * 0.95
    for _, end in day.slept:
        for name, source in day.sources.items():
            if isinstance(source.timing, Every):
                soon = end + timedelta(seconds=source.timing.seconds)
                caught_up = [began for began, _, good in source.runs if good and end <= began < soon]
                assert len(caught_up) <= 1, name
