"""Metrics of a workspace for one identity: `db.metrics()` from Python, `dinobase metric` on the command line.

A definition is kept only after it ran, its tests held and all metrics that read it still ran: what is listed works, or
says at its use what has changed since.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from dinobase.catalog import metrics as book
from dinobase.catalog.metric_sight import Sight
from dinobase.catalog.metrics import GRAINS, Known, Metric, MetricBook
from dinobase.core import errors
from dinobase.core.settings import Paths
from dinobase.query.decision import Told

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.lake.location import Storage
    from dinobase.query.engine import QueryEngine
    from dinobase.query.metrics import Finding, Own
    from dinobase.query.result import QueryResult

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}\Z")
_TIMES = ("DATE", "TIMESTAMP")
_LONGEST_S = 300.0
_KEPT = 2  # warm instances while several are tested
OWNER = "cli"  # whoever may change the workspace itself
_MOST_TESTS = 50


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """A column that a metric gave when it was added."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class MetricSeen:
    """One metric; `tables` are those that it is computed from, over the `metrics` that it names."""

    name: str
    sql: str
    description: str
    unit: str
    grain: str
    tests: Sequence[str]
    tables: Sequence[str]
    metrics: Sequence[str]
    columns: Sequence[MetricColumn]
    query: str


@dataclass(frozen=True, slots=True)
class MetricVersion:
    """One entry of a metric's history; `sql` is null where it was removed."""

    at: str
    origin: str
    author: str
    sql: str | None
    unit: str = ""
    grain: str = ""
    description: str = ""
    tests: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class MetricAdded:
    """What `add` did: added, replaced or unchanged."""

    status: str
    metric: MetricSeen


@dataclass(frozen=True, slots=True)
class MetricShown:
    """A metric and all definitions that it had, newest first."""

    metric: MetricSeen
    history: Sequence[MetricVersion]


@dataclass(frozen=True, slots=True)
class MetricList:
    """All metrics that are there."""

    metrics: Sequence[MetricSeen]


@dataclass(frozen=True, slots=True)
class MetricRemoved:
    """The metric that is there no more; its history stays."""

    name: str


@dataclass(frozen=True, slots=True)
class MetricTest:
    """What one test came to: holds, fails, cannot run; `test` 0 is the definition of a metric without tests."""

    metric: str
    test: int
    status: str
    sql: str
    found: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()


@dataclass(frozen=True, slots=True)
class MetricsTested:
    """All tests that were run; `status` is success where all hold."""

    status: str
    tests: Sequence[MetricTest]


class Workspace(Protocol):
    """What is needed of one; it imports this module, so that this one cannot name it."""

    paths: Paths

    def storage(self) -> Storage:
        """Return where the lakes are."""

    def guard(self, identity: str) -> Guard | None:
        """Return an identity's access rules."""

    def engine(self, identity: str = "cli", *, keep: int = 0) -> QueryEngine:
        """Return what answers an identity's queries."""


class Metrics:
    """The metrics that are there for an identity."""

    def __init__(self, workspace: Workspace, identity: str) -> None:
        self._workspace = workspace
        self._identity = identity
        self._book = MetricBook(workspace.paths.state, workspace.storage().catalog)

    def add(
        self,
        name: str,
        sql: str,
        *,
        description: str = "",
        unit: str = "",
        grain: str = "",
        tests: Sequence[str] = (),
        replace: bool = False,
        origin: str = "agent",
    ) -> MetricAdded:
        """Define a metric; nothing is kept where its SQL or a test does not run, or a test does not hold."""
        self._may_define()
        metric = _given(name, sql, description, unit, grain, tests)
        known, _ = self._known()
        before = self._book.current().get(metric.key)
        if before is not None and not replace:
            raise book.taken(before.name)
        with _adding(metric.name):
            metric = self._checked(metric, known)
        news = self._book.add(metric, replace=replace, origin=origin, author=self._identity)
        status = "unchanged" if not news else "replaced" if before is not None else "added"
        return MetricAdded(status, _seen(metric, {**known, metric.key: metric}, metric.columns))

    def remove(self, name: str, *, origin: str = "agent") -> MetricRemoved:
        """Take a metric away."""
        self._may_define()
        self._one(name)
        return MetricRemoved(self._book.remove(name, origin=origin, author=self._identity).name)

    def listed(self) -> MetricList:
        """Return all, by name."""
        known, sight = self._known()
        return MetricList([_seen(metric, known, sight.columns(metric, known)) for metric in known.values()])

    def show(self, name: str) -> MetricShown:
        """Return one with its past; of an identity with rules, only definitions that its rules let it see."""
        metric = self._one(name)
        known, sight = self._known()
        every = self._book.current()
        past = [
            one
            for one in self._book.history(name)
            if one.metric is None or sight.shows(one.metric, {**every, metric.key: one.metric})
        ]
        history = [
            MetricVersion(one.at, one.origin, one.author, None)
            if (found := one.metric) is None
            else MetricVersion(
                one.at,
                one.origin,
                one.author,
                found.sql,
                found.unit,
                found.grain,
                found.description,
                list(found.tests),
            )
            for one in reversed(past)
        ]
        return MetricShown(_seen(metric, known, sight.columns(metric, known)), history)

    def test(self, name: str = "") -> MetricsTested:
        """Run the tests of one metric, or of all, and of the metrics that they are computed from."""
        known, _ = self._known()
        wanted = [self._one(name)] if name else list(known.values())
        found: dict[tuple[str, int], MetricTest] = {}
        engine = self._workspace.engine(self._identity, keep=_KEPT)
        for metric in wanted:
            for result in self._tested(engine, metric):
                if result.status != "runs" or not known[result.metric.lower()].tests:
                    found.setdefault((result.metric, result.test), result)
        good = all(result.status in {"holds", "runs"} for result in found.values())
        return MetricsTested("success" if good else "failed", list(found.values()))

    def _may_define(self) -> None:
        if self._identity != OWNER:
            raise errors.UsageError(
                f"Metrics are defined for all, and not as {self._identity}",
                code="metric.identity",
                hint="Leave the identity out: dinobase metric add ...",
            )

    def _tested(self, engine: QueryEngine, metric: Metric) -> list[MetricTest]:
        results: list[MetricTest] = []
        engine.judge = lambda finding: results.append(_result(finding))
        try:
            _run(engine, f"SELECT 1 FROM metric('{metric.name}') LIMIT 0")
        except errors.RequestError as error:
            test = int(error.context.get("test") or 0)
            sql = metric.tests[test - 1] if 0 < test <= len(metric.tests) else metric.sql
            owner = str(error.context.get("metric") or metric.name)
            results.append(MetricTest(owner, test, "cannot run", sql, error.message))
        return results

    def _checked(self, metric: Metric, known: Known) -> Metric:
        """Return a definition with what it names and gives; raises where it does not run."""
        parts = self._own(metric)
        named = [name for part in parts for name in part.uses]
        metric = replace(
            metric,
            reads=tuple(sorted({place for part in parts for place in part.reads})),
            uses=tuple(dict.fromkeys(name.lower() for name in named if name.lower() != metric.key)),
            of=parts[0].reads,
            computes=tuple(dict.fromkeys(name.lower() for name in parts[0].uses)),
        )
        book.check_uses(metric, known)
        engine = self._workspace.engine(self._identity, keep=_KEPT)
        overlaid = {**known, metric.key: metric}
        engine.metrics = lambda: overlaid
        found = _run(engine, f"SELECT * FROM metric('{metric.name}') LIMIT 0")
        columns = tuple(zip(found.columns, found.column_types, strict=True))
        _check_grain(metric, columns)
        for other in book.dependents(metric, overlaid):
            _check_other(engine, metric, other)
        return replace(metric, columns=columns)

    def _own(self, metric: Metric) -> Sequence[Own]:
        from dinobase.lake import reader
        from dinobase.query import metrics, named
        from dinobase.query.decision import Before
        from dinobase.spec.config_plain import plain_config

        connectors = list(plain_config(self._workspace.paths)["connectors"])
        connection = reader.open_reader(reader.Limits())
        try:
            found = []
            for number, sql in enumerate((metric.sql, *metric.tests)):
                with named.told(Before(metric.name, number, sql)):
                    found.append(metrics.own(connection, sql, connectors))
            return found
        finally:
            connection.close()

    def _known(self) -> tuple[Known, Sight]:
        sight = Sight(self._workspace.guard(self._identity), self._workspace.storage())
        return sight.of(self._book.current()), sight

    def _one(self, name: str) -> Metric:
        known, _ = self._known()
        if name.lower() not in known:
            raise book.unknown(name, known)
        return known[name.lower()]


@contextmanager
def _adding(name: str) -> Iterator[None]:
    """Leave commands out of hints that work for a metric which is there already."""
    try:
        yield
    except errors.DinobaseError as error:
        if error.context.get("metric") != name or error.error_code not in {"metric.broken", "metric.test"}:
            raise
        from dinobase.query import metrics, named

        hint = error.hint.removesuffix(named.SHOWN_BY.format(name)).removesuffix(metrics.AGAIN.format(name))
        error.hint = f"Nothing was added. {hint.strip()}".strip()
        raise


def _run(engine: QueryEngine, sql: str) -> QueryResult:
    return engine.run(sql, timeout=_LONGEST_S, told=Told())


def _given(name: str, sql: str, description: str, unit: str, grain: str, tests: Sequence[str]) -> Metric:
    if not _NAME.match(name):
        raise errors.UsageError(
            f"A metric cannot be called `{name}`",
            code="metric.name",
            hint="A letter or _, then letters, digits and _; 63 at most: monthly_revenue.",
        )
    if grain and grain not in GRAINS:
        near = errors.did_you_mean(grain, GRAINS)
        raise errors.UsageError(
            f"A grain cannot be `{grain}`",
            code="metric.grain",
            hint=f"Did you mean {near}? " * bool(near) + f"Allowed: {', '.join(GRAINS)}.",
        )
    if not sql.strip() or any(not test.strip() for test in tests):
        raise errors.UsageError("The SQL is empty", code="metric.refused", hint='--sql "SELECT ..."')
    if len(tests) > _MOST_TESTS:
        raise errors.UsageError(
            f"{len(tests)} tests are too many",
            code="metric.refused",
            hint=f"{_MOST_TESTS} at most: each runs at a use.",
        )
    texts = [" ".join(text.split()) for text in (description, unit)]
    return Metric(name, sql.strip(), texts[0], texts[1], grain, tuple(test.strip() for test in tests))


def _check_grain(metric: Metric, columns: Sequence[tuple[str, str]]) -> None:
    if metric.grain and not any(kind.startswith(_TIMES) for _, kind in columns):
        given = ", ".join(f"{name} {kind}" for name, kind in columns)
        raise errors.QueryError(
            f"metric {metric.name} has a grain of {metric.grain}, and no column that is a date or a time: {given}",
            code="metric.grain",
            hint=f"date_trunc('{metric.grain}', created)::DATE AS {metric.grain}, or leave --grain out.",
        )


def _check_other(engine: QueryEngine, metric: Metric, other: Metric) -> None:
    try:
        _run(engine, f"SELECT 1 FROM metric('{other.name}') LIMIT 0")
    except errors.DinobaseError as error:
        raise errors.QueryError(
            f"metric {other.name} reads {metric.name}, and with this definition: {error.message}",
            code="metric.used",
            hint=f"Give {other.name} another definition first, or this one another name.",
            metrics=[other.name],
        ) from None


def _result(finding: Finding) -> MetricTest:
    from dinobase.query.metrics import said

    status = "fails" if not finding.holds else "holds" if finding.test else "runs"
    rows = [list(row) for row in finding.rows]
    return MetricTest(finding.metric, finding.test, status, finding.sql, said(finding), list(finding.columns), rows)


def _seen(metric: Metric, known: Known, columns: Sequence[tuple[str, str]]) -> MetricSeen:
    return MetricSeen(
        name=metric.name,
        sql=metric.sql,
        description=metric.description,
        unit=metric.unit,
        grain=metric.grain,
        tests=list(metric.tests),
        tables=[f"{connector}.{table}" for connector, table in book.sources(metric, known)],
        metrics=[known[name].name if name in known else name for name in metric.computes],
        columns=[MetricColumn(name, kind) for name, kind in columns],
        query=f"SELECT * FROM metric('{metric.name}')",
    )
