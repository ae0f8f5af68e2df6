"""Named definitions in SQL, each with the tests that must hold when it is used. Nothing of the past is overwritten.

A change is one transaction that looks at all other definitions first: no name is taken twice, no metric reads one that
is not there, and none reads itself over others, whoever else writes at the same time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias

from dinobase.core.clock import iso, now
from dinobase.core.errors import QueryError, UnknownName, UsageError, did_you_mean
from dinobase.lake.records import Records, open_records, read_records

Grain: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
Known: TypeAlias = Mapping[str, "Metric"]  # name in lower case -> metric
_SINCE = 8  # the migration that makes the table


@dataclass(frozen=True, slots=True)
class Metric:
    """One definition; `reads` are the tables that its SQL and its tests name, `uses` other metrics.

    `of` and `computes` are those of them that the SQL itself names; `columns` is what it gave when it was added.
    """

    name: str
    sql: str
    description: str = ""
    unit: str = ""
    grain: str = ""
    tests: tuple[str, ...] = ()
    reads: tuple[tuple[str, str], ...] = ()
    uses: tuple[str, ...] = ()
    of: tuple[tuple[str, str], ...] = ()
    computes: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """By which it is found."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Defined:
    """One entry of a metric's history; `metric` is null where it was removed."""

    name: str
    metric: Metric | None
    origin: str
    author: str
    at: str


class MetricBook:
    """The metrics of a workspace."""

    def __init__(self, state: Path, catalog: str = "") -> None:
        self._state = state
        self._catalog = catalog

    def current(self) -> dict[str, Metric]:
        """Return all that are defined now."""
        with read_records(self._state, self._catalog, since=_SINCE) as records:
            return {} if records is None else _current(records)

    def history(self, name: str) -> list[Defined]:
        """Return every definition that a name ever had, oldest first."""
        with read_records(self._state, self._catalog, since=_SINCE) as records:
            return [] if records is None else [one for one in _entries(records) if one.name.lower() == name.lower()]

    def add(self, metric: Metric, *, replace: bool, origin: str, author: str) -> bool:
        """Define a metric; tells whether that was news. Raises where another of that name is there."""
        with self._changing() as (records, known):
            before = known.get(metric.key)
            if before is not None and not replace:
                raise taken(metric.name)
            if before == metric:
                return False
            check_uses(metric, known)
            _insert(records, metric.name, _text(metric), origin, author)
            return True

    def remove(self, name: str, *, origin: str, author: str) -> Metric:
        """Take a metric away; raises where others read it."""
        with self._changing() as (records, known):
            metric = known.get(name.lower())
            if metric is None:
                raise unknown(name, known)
            users = sorted(o.name for o in known.values() if o.key != metric.key and metric.key in _lower(o.uses))
            if users:
                raise UsageError(
                    f"metric {metric.name} is read by {', '.join(users)}",
                    code="metric.used",
                    hint=f"Remove or replace first: dinobase metric show {users[0]}",
                    metrics=users,
                )
            _insert(records, metric.name, None, origin, author)
            return metric

    @contextmanager
    def _changing(self) -> Iterator[tuple[Records, dict[str, Metric]]]:
        with open_records(self._state, self._catalog) as records, records.changes():
            if records.postgres:
                records.run("LOCK TABLE metrics IN EXCLUSIVE MODE")
            yield records, _current(records)


def unknown(name: str, known: Known) -> UnknownName:
    """Return the error for a name that is no metric; `known` are those that whoever asks may see."""
    near = did_you_mean(name.lower(), known)
    names = ", ".join(sorted(one.name for one in known.values())[:8])
    hint = f"Did you mean {known[near].name}?" if near else f"Metrics: {names}." if names else "There is none yet."
    return UnknownName(f"There is no metric {name}", code="unknown.metric", hint=hint, metric=name)


def taken(name: str) -> UsageError:
    """Return the error for a name that another metric has."""
    return UsageError(
        f"There is a metric {name} already",
        code="metric.taken",
        hint=f"--replace gives it a new definition; dinobase metric show {name} prints the present one.",
    )


def check_uses(metric: Metric, known: Known) -> None:
    """Raise where a metric names one that is not there, or reads itself over others."""
    for name in metric.uses:
        if name.lower() != metric.key and name.lower() not in known:
            raise unknown(name, known)
    path = _circle(metric.key, {**known, metric.key: metric})
    if path:
        raise QueryError(
            f"metric {metric.name} would read itself: {' -> '.join(path)}",
            code="metric.cycle",
            hint="Write one of them without metric().",
        )


def _circle(key: str, known: Known) -> list[str]:
    """Return the way from a metric to itself over what its SQL names, nothing where there is none."""
    stack: list[tuple[str, list[str]]] = [(key, [key])]
    seen: set[str] = set()
    while stack:
        name, path = stack.pop()
        for used in known[name].computes if name in known else ():
            if used.lower() == key:
                return [*path, key]
            if used.lower() not in seen:
                seen.add(used.lower())
                stack.append((used.lower(), [*path, used.lower()]))
    return []


def below(metric: Metric, known: Known, uses: Callable[[Metric], Sequence[str]]) -> list[Metric]:
    """Return a metric and all that it comes to over `uses`; those that are not there are left out."""
    found = {metric.key: metric}
    stack = [metric]
    while stack:
        for name in uses(stack.pop()):
            one = known.get(name.lower())
            if one is not None and one.key not in found:
                found[one.key] = one
                stack.append(one)
    return list(found.values())


def sources(metric: Metric, known: Known) -> list[tuple[str, str]]:
    """Return the tables that a metric is computed from, over the metrics that it reads."""
    parts = below(metric, known, lambda one: one.computes)
    return sorted({place for part in parts for place in part.of})


def dependents(metric: Metric, known: Known) -> list[Metric]:
    """Return the other metrics that come to this one in any way."""
    return [
        one
        for one in known.values()
        if one.key != metric.key and metric.key in {m.key for m in below(one, known, lambda m: m.uses)}
    ]


def _lower(names: Sequence[str]) -> set[str]:
    return {name.lower() for name in names}


def _entries(records: Records) -> list[Defined]:
    rows = records.rows("SELECT name, definition, origin, author, at FROM metrics ORDER BY place")
    return [Defined(name, _metric(name, text), origin, author, at) for name, text, origin, author, at in rows]


def _current(records: Records) -> dict[str, Metric]:
    latest = {one.name.lower(): one.metric for one in _entries(records)}
    return {key: metric for key, metric in sorted(latest.items()) if metric is not None}


def _insert(records: Records, name: str, definition: str | None, origin: str, author: str) -> None:
    place = int(records.rows("SELECT COALESCE(max(place), 0) + 1 FROM metrics")[0][0])
    records.run(
        "INSERT INTO metrics (place, name, definition, origin, author, at) VALUES (?, ?, ?, ?, ?, ?)",
        [place, name, definition, origin, author, iso(now())],
    )


def _text(metric: Metric) -> str:
    return json.dumps({key: value for key, value in asdict(metric).items() if key != "name"}, ensure_ascii=False)


_NAMES = frozenset(field.name for field in fields(Metric)) - {"name"}


def _metric(name: str, text: str | None) -> Metric | None:
    if text is None:
        return None
    facts: dict[str, Any] = json.loads(text)
    return Metric(name, **{key: _frozen(value) for key, value in facts.items() if key in _NAMES})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
