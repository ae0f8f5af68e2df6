"""What the project promised, computed from one run's results; a target that was not measured says so."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases import Case
from trial import Results, Trial

MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Target:
    """`shown` is the measured value as a person reads it."""

    title: str
    asked: str
    measured: float | None
    shown: str
    met: bool


def targets(cases: Sequence[Case], results: Mapping[str, Results]) -> list[Target]:
    found = [
        at_least("100k by cursor, against dlt", results, "cursor100k", "dlt", 10),
        at_least("100k by cursor, against the reference", results, "cursor100k", "reference", 8),
        at_least("10 x 10k, against the reference", results, "multi10x10k", "reference", 8),
        at_least("1 % of 1M changed, against the reference", results, "incremental1m", "reference", 4),
        at_least("1 % of 100k changed, against the reference", results, "incremental100k", "reference", 4),
        floor(results),
    ]
    found += [
        at_least("1M rows of PostgreSQL, against the reference", results, "postgres1m", "reference", 15),
        against_bare_copy(results),
    ]
    found += [bound(case, results) for case in cases if case.bound]
    found += [memory(results), memory_growth(results), cold_start(results)]
    return found


def missing(title: str, asked: str) -> Target:
    return Target(title, asked, None, "", met=False)


def right(results: Mapping[str, Results], case: str, contender: str) -> list[Trial]:
    return [trial for trial in results.get(case, {}).get(contender, []) if not trial.problem]


def seconds(results: Mapping[str, Results], case: str, contender: str) -> float | None:
    trials = right(results, case, contender)
    return statistics.median(trial.seconds for trial in trials) if trials else None


def at_least(title: str, results: Mapping[str, Results], case: str, other: str, wanted: float) -> Target:
    asked = f"at least {wanted:g}x as fast"
    ours, theirs = seconds(results, case, "ours"), seconds(results, case, other)
    if ours is None or theirs is None:
        return missing(title, asked)
    return Target(
        title, asked, theirs / ours, f"{theirs / ours:.1f}x ({ours:.2f} s, {theirs:.2f} s)", theirs / ours >= wanted
    )


def floor(results: Mapping[str, Results]) -> Target:
    title, asked = "100k by cursor, against bare fetch + load one after the other", "at most as long"
    ours, bare = seconds(results, "cursor100k", "ours"), seconds(results, "cursor100k", "bare")
    if ours is None or bare is None:
        return missing(title, asked)
    return Target(title, asked, ours / bare, f"{ours / bare:.2f} times ({ours:.2f} s, {bare:.2f} s)", ours <= bare)


def against_bare_copy(results: Mapping[str, Results]) -> Target:
    title, asked = "1M rows of PostgreSQL, against bare COPY and DuckDB load", "at most 1.3x"
    ours, bare = seconds(results, "postgres1m", "ours"), seconds(results, "postgres1m", "bare")
    if ours is None or bare is None:
        return missing(title, asked)
    return Target(title, asked, ours / bare, f"{ours / bare:.2f}x ({ours:.2f} s, {bare:.2f} s)", ours / bare <= 1.3)


def bound(case: Case, results: Mapping[str, Results]) -> Target:
    title, asked = f"{case.name}, whole process against the bound", "at most 1.3x"
    trials = right(results, case.name, "ours")
    if not trials or case.bound is None:
        return missing(title, asked)
    ours = statistics.median(trial.seconds for trial in trials)
    span = statistics.median(trial.span for trial in trials)
    over = ours / case.bound
    shown = f"{over:.2f}x ({ours:.2f} s, {case.bound:.2f} s); its requests alone {span / case.bound:.2f}x"
    return Target(title, asked, over, shown, over <= 1.3)


def memory(results: Mapping[str, Results]) -> Target:
    title, asked = "peak memory of the three cases above", "under 250 MB"
    peaks = [
        trial.peak_bytes / MEGABYTE
        for case in ("cursor100k", "multi10x10k", "incremental1m")
        for trial in right(results, case, "ours")
    ]
    if not peaks:
        return missing(title, asked)
    return Target(title, asked, max(peaks), f"{max(peaks):.0f} MB", max(peaks) < 250)


def memory_growth(results: Mapping[str, Results]) -> Target:
    title, asked = "peak memory, 1M rows against 100k", "at most 1.3x"
    small = [trial.peak_bytes for trial in right(results, "cursor100k", "ours")]
    large = [trial.peak_bytes for trial in right(results, "incremental1m_first", "ours")]
    if not (small and large):
        return missing(title, asked)
    growth = max(large) / max(small)
    shown = f"{growth:.2f}x ({max(small) / MEGABYTE:.0f} MB, {max(large) / MEGABYTE:.0f} MB)"
    return Target(title, asked, growth, shown, growth <= 1.3)


def cold_start(results: Mapping[str, Results]) -> Target:
    title, asked = '`dinobase query "select 1"`, whole process', "under 150 ms"
    taken = seconds(results, "select1", 'ours: query "select 1"')
    if taken is None:
        return missing(title, asked)
    return Target(title, asked, taken, f"{taken * 1000:.0f} ms", taken < 0.15)
