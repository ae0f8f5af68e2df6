"""A metric shows nothing that its asker may not read. Two workspaces differ in what is hidden, and in that only one of
them defines the metrics that are not there for the asker: all that is told must be alike, to the letter.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.catalog import info, search
from dinobase.catalog.brief import describe_text
from dinobase.catalog.metrics import Metric, MetricBook
from dinobase.core.errors import DinobaseError
from dinobase.core.settings import Paths
from dinobase.lake import reader
from dinobase.mcp.briefing import briefing
from dinobase.query.engine import QueryEngine
from dinobase.query.metrics import own
from dinobase.workspace import Workspace
from dinobase.workspace.metrics import Metrics
from tests.access.conftest import CONNECTORS, SECRET, build
from tests.access.leaks import ADA, ANSWERED, REFUSED

SEEN: dict[str, tuple[str, list[str]]] = {
    "regions": ("SELECT region, count(*) AS n, sum(spent) AS spent FROM shop.customers GROUP BY ALL ORDER BY ALL", []),
    "mails": ("SELECT id, email, mail_1f2e, emails, profile, lines FROM shop.customers ORDER BY id", []),
    "everything": ("SELECT * FROM shop.customers ORDER BY id", []),
    "everything_over": ("SELECT * FROM metric('everything')", []),
    "lines": ("SELECT * FROM shop.customers__lines ORDER BY ALL", []),
    "past": ("SELECT name, email FROM shop.customers c AT (VERSION => 4) ORDER BY id", []),
    "over": ("SELECT max(email) AS email FROM metric('mails')", []),
    "numbers": ("SELECT CAST(email AS INT) AS n FROM shop.customers", []),
    "plain": ("SELECT 1 AS n", ["SELECT email FROM shop.customers WHERE email IN ('***', 'x') OR email LIKE '*%'"]),
    "many": (
        "SELECT 2 AS n",
        ["SELECT count(*) > 2 AS enough, max(email) AS email FROM shop.customers HAVING count(*) < 3"],
    ),
}
HIDDEN: dict[str, tuple[str, list[str]]] = {
    "pay": ("SELECT sum(pay) AS pay FROM hr.salaries", []),
    "over_pay": ("SELECT * FROM metric('pay')", []),
    "by_a_test": ("SELECT 1 AS n", ["SELECT count(*) >= 0 FROM hr.salaries"]),
    "by_a_metric_in_a_test": ("SELECT 1 AS n", ["SELECT count(*) >= 0 FROM metric('over_pay')"]),
    "deals": ("SELECT * FROM crm.deals", []),
    "reachable": ("SELECT count(phone) AS n FROM shop.customers", []),
    "reachable_over": ("SELECT count(phone) AS n FROM metric('everything')", []),
    "reachable_quoted": ('SELECT count(*) AS n FROM shop.customers WHERE "PHONE" > 0', []),
    "taxed": ("SELECT id FROM crm.people", ["SELECT id FROM crm.people WHERE length(tax_id) > 90"]),
}
WORDS = ("metric", "pay phone tax_id", "customers", "deals reachable")


@dataclass
class Door:
    """What one identity asks of one workspace; its engine stays warm."""

    workspace: Workspace
    identity: str
    engine: QueryEngine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = self.workspace.engine(self.identity, keep=2)

    @property
    def metrics(self) -> Metrics:
        return self.workspace.metrics(self.identity)

    def query(self, sql: str) -> str:
        """Return what is told of a query."""
        return heard(lambda: self.engine.run(sql, timeout=0).as_dict())

    def everything(self) -> Iterator[str]:
        """Ask for all that tells of metrics: there, not there for this identity, never there at all."""
        for name in (*SEEN, *HIDDEN, "never", "PAY"):
            yield self.query(f"SELECT * FROM metric('{name}')")
        for name in ("everything_over", "pay", "taxed", "reachable_over", "never"):
            yield heard(partial(self.shown, name))
        for name in ("regions", "by_a_test"):
            yield self.query(f"EXPLAIN FROM metric('{name}') m")
            yield heard(partial(self.tested, name))
        yield heard(lambda: asdict(self.metrics.listed()))
        yield heard(partial(self.tested, ""))
        for words in WORDS:
            yield search.text(self.workspace.search(words, identity=self.identity))
        yield str(self.workspace.info(identity=self.identity).metrics)
        yield info.text(self.workspace.info(identity=self.identity)).partition("metric(")[2]
        tables = ["shop.customers", "crm.people", "shop.customers__lines"]
        for table in self.workspace.describe(tables, samples=0, identity=self.identity):
            yield describe_text([table]).partition("metric(")[2]
        yield briefing(self.workspace, self.identity)

    def tested(self, name: str) -> Any:
        """Return what `test` tells."""
        return asdict(self.metrics.test(name))

    def shown(self, name: str) -> Any:
        """Return what `show` tells, without the times in it."""
        return asdict(self.metrics.show(name).metric)


def heard(ask: Callable[[], Any]) -> str:
    """Return everything that is told, errors too."""
    try:
        return json.dumps(ask(), default=str)
    except DinobaseError as error:
        return json.dumps(error.as_dict(), default=str)


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Workspace]:
    """The first one defines what is hidden too."""
    one = build(Paths(tmp_path_factory.mktemp("one")), "ada", SECRET, 417001, [(2, "Bob", 250), (4, "Dan", 900)])
    others = [(2, "Zoe", -7), (5, "Yan", 31), (9, "Xi", 77_777)]
    two = build(Paths(tmp_path_factory.mktemp("two")), "wilhelmina.k", "other.invalid", 99, others)
    for name, (sql, tests) in {**SEEN, **HIDDEN}.items():
        Workspace(one).metrics().add(name, sql, tests=tests, unit="people")
    known = MetricBook(one.state).current()
    for name in SEEN:
        MetricBook(two.state).add(known[name], replace=False, origin="agent", author="cli")
    return Workspace(one), Workspace(two)


def test_what_is_hidden_makes_no_difference_to_anything_that_is_told(twins: tuple[Workspace, Workspace]) -> None:
    here, there = (list(Door(workspace, "bot").everything()) for workspace in twins)
    assert len(here) > 40
    for one, other in zip(here, there, strict=True):
        assert one == other
        assert SECRET not in one
    assert sum('"error"' not in one for one in here) > 20


@pytest.mark.parametrize("identity", ["masked", "europe", "support", "hashed", "nobody"])
def test_no_address_is_told_to_other_identities_and_no_name_of_what_they_may_not_see(
    twins: tuple[Workspace, Workspace], identity: str
) -> None:
    door = Door(twins[0], identity)
    told = [heard(lambda: asdict(door.metrics.listed())), *(door.query(f"FROM metric('{name}')") for name in SEEN)]
    if identity != "europe":  # whose rules show addresses
        assert not [text for text in told if SECRET in text]
    names = {one.name for one in door.metrics.listed().metrics}
    assert ("pay" in names, "over_pay" in names, "by_a_metric_in_a_test" in names) == ((identity == "masked",) * 3)
    assert ("reachable" in names) == (identity in {"masked", "hashed"})
    assert ("mails" in names) == (identity in {"masked", "europe", "hashed"})
    assert ("regions" in names) == (identity != "nobody")


def test_rows_and_values_are_those_of_whoever_asks(twins: tuple[Workspace, Workspace]) -> None:
    one = twins[0]
    assert len(one.query("FROM metric('regions')").rows) == 2
    assert one.query("FROM metric('regions')", identity="bot").rows == [("eu", 2, "150")]
    assert one.query("FROM metric('over')").rows == [(ADA,)]
    assert one.query("FROM metric('over')", identity="bot").rows != [(ADA,)]
    for seen in one.metrics("bot").listed().metrics:
        assert "phone" not in [column.name for column in seen.columns]
    assert "phone" not in str(one.search("everything", identity="bot").metrics)
    assert "phone" in [column.name for column in one.metrics().show("everything").metric.columns]


def test_a_test_runs_as_whoever_asks_and_tells_no_more(twins: tuple[Workspace, Workspace]) -> None:
    for name in ("plain", "many"):
        assert len(twins[0].query(f"FROM metric('{name}')").rows) == 1
        error = json.loads(Door(twins[0], "bot").query(f"FROM metric('{name}')"))["error"]
        assert (error["code"], error["context"]["metric"]) == ("metric.test", name)
        assert SECRET not in json.dumps(error)


def test_rules_hold_for_past_definitions_and_where_metrics_are_defined(tmp_path: Path) -> None:
    paths = build(Paths(tmp_path), "ada", SECRET, 417001, [])
    metrics = Workspace(paths).metrics()
    metrics.add("pay", "SELECT sum(pay) AS pay FROM hr.salaries")
    metrics.add("gone", "SELECT * FROM metric('pay')")
    metrics.add("m", "SELECT sum(pay) AS n FROM hr.salaries")
    metrics.add("m", "SELECT n.pay AS n FROM metric('gone') n", replace=True)
    metrics.add("m", "SELECT count(phone) AS n FROM shop.customers", replace=True)
    metrics.add("m", "SELECT count(*) AS n FROM shop.customers", replace=True)
    metrics.remove("gone")
    assert len(metrics.show("m").history) == 4
    seen = Workspace(paths).metrics("bot").show("m").history
    assert [one.sql for one in seen] == ["SELECT count(*) AS n FROM shop.customers"]
    settings = yaml.safe_load(paths.config.read_text())
    settings["access"]["cli"] = json.loads(json.dumps(settings["access"]["bot"]))  # YAML would point at it
    paths.config.write_text(yaml.safe_dump(settings))
    metrics = Workspace(paths).metrics()
    for sql, said in {
        "SELECT * FROM hr.salaries": "There is no connector hr",
        "SELECT * FROM metric('pay')": "There is no metric pay",
        "SELECT phone FROM shop.customers": "There is no column phone",
    }.items():
        with pytest.raises(DinobaseError, match=said):
            metrics.add("x", sql)
    metrics.add("mails", "SELECT email FROM shop.customers")
    assert SECRET not in Door(Workspace(paths), "cli").query("FROM metric('mails')")


def as_metrics(statements: tuple[str, ...]) -> dict[str, Metric]:
    """Return those of the ways to get at what is hidden that can be definitions."""
    found: dict[str, Metric] = {}
    connection = reader.open_reader(reader.Limits())
    for number, sql in enumerate(statements):
        try:
            names = own(connection, sql, list(CONNECTORS))
        except DinobaseError:
            continue
        found[f"m{number}"] = Metric(f"m{number}", sql, reads=names.reads, of=names.reads)
    connection.close()
    return found


@pytest.mark.parametrize("statements", [ANSWERED, REFUSED], ids=["answered", "refused"])
def test_every_way_that_leaks_nothing_leaks_nothing_as_a_definition(
    twins: tuple[Workspace, Workspace], statements: tuple[str, ...]
) -> None:
    metrics = as_metrics(statements)
    assert len(metrics) > 30
    doors = [Door(workspace, "bot") for workspace in twins]
    for door in doors:
        door.engine.metrics = lambda: metrics
    step = 1 if os.environ.get("DINOBASE_TORTURE") else 12
    for name in list(metrics)[::step]:
        here, there = (door.query(f"SELECT * FROM metric('{name}')") for door in doors)
        assert here == there, metrics[name].sql
        assert SECRET not in here.replace(ADA, ""), metrics[name].sql
