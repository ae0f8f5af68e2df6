"""The same metric, the same numbers and the same failures by every door."""

from __future__ import annotations

import asyncio
import json

import pytest

import dinobase
from dinobase.query.statement import WRITE
from tests.acceptance.cli_process import Cli
from tests.mcp.doors import over_stdio, text
from tests.metrics.conftest import MRR, NO_NEGATIVES, TOKEN, Acme

TOTAL = "SELECT sum(mrr)::INT AS total FROM metric('mrr') WHERE month >= '2026-01-01'"
CODE = f"""
[query({TOTAL!r})[0]["total"], search("recurring")[0]["table"], describe("acme.subscriptions")[0]["metrics"][0]["name"]]
"""


@pytest.fixture
def cli(acme: Acme) -> Cli:
    return Cli(acme.paths.root, {"ACME_KEY": TOKEN})


def test_the_command_line_defines_lists_asks_tests_and_removes(acme: Acme, cli: Cli) -> None:
    words = ("--unit", "usd", "--grain", "month", "--test", NO_NEGATIVES, "--description", "Recurring.")
    added = cli("metric", "add", "mrr", "--sql", MRR, *words)
    assert (added.code, added.json["status"], added.err) == (0, "added", "")
    again = cli("metric", "add", "mrr", "--sql", "SELECT 1")
    assert (again.code, again.json["error"]["code"]) == (2, "metric.taken")
    assert [one["name"] for one in cli.ok("metric", "list")["metrics"]] == ["mrr"]
    assert cli.ok("query", TOTAL)["rows"] == [{"total": 210}]
    assert cli.ok("metric", "test")["status"] == "success"
    acme.subscriptions[0]["amount"] = -1
    acme.sync()
    failed = cli("query", TOTAL)
    assert (failed.code, failed.json["error"]["code"]) == (1, "metric.test")
    assert failed.err.startswith("error: metric mrr does not hold its test 1: found id=1, amount=-1")
    tested = cli("metric", "test", "mrr")
    assert (tested.code, tested.json["status"]) == (1, "failed")
    assert tested.json["tests"][0]["rows"] == [[1, -1]]
    table = cli("metric", "list", "--format", "table").out
    assert "acme.subscriptions" in table
    assert cli.ok("metric", "remove", "mrr") == {"name": "mrr"}
    assert cli("query", TOTAL).json["error"]["code"] == "unknown.metric"


def test_python_reads_a_metric_as_rows_and_as_arrow(mrr: Acme) -> None:
    db = dinobase.connect(mrr.paths.root)
    assert db.query(TOTAL).dicts() == [{"total": 210}]
    assert db.query("FROM metric('mrr')").arrow().num_rows == 3
    assert db.metrics.test().status == "success"
    assert [one.name for one in db.metrics.listed().metrics] == ["mrr"]
    assert db.describe("acme.subscriptions")[0].metrics


async def test_an_agent_is_told_of_metrics_and_asks_them_over_mcp(acme: Acme, cli: Cli) -> None:
    acme.metrics().add("mrr", MRR, unit="usd", grain="month", description="Recurring revenue.", tests=[NO_NEGATIVES])
    line = "metric('mrr') [usd] by month: Recurring revenue. (month, mrr)"
    async with over_stdio(cli) as session:
        greeting = await session.initialize()
        assert "FROM metric('mrr'): mrr." in str(greeting.instructions)
        for tool, arguments in (("search", {"words": "revenue"}), ("describe", {"tables": ["acme.subscriptions"]})):
            assert line in text(await session.call_tool(tool, arguments))
        assert "\ntotal\n210" in text(await session.call_tool("query", {"sql": TOTAL}))
        assert json.loads(text(await session.call_tool("exec_code", {"code": CODE}))) == [210, "metric('mrr')", "mrr"]
        acme.metrics().add("mrr", MRR.replace("amount", "amount * 2"), replace=True, tests=[NO_NEGATIVES])
        assert "\ntotal\n420" in text(await session.call_tool("query", {"sql": TOTAL}))  # by a child that is warm
        acme.subscriptions[0]["amount"] = -1
        await asyncio.to_thread(acme.sync)
        failed = await session.call_tool("query", {"sql": TOTAL})
    assert failed.is_error
    assert "metric.test: metric mrr does not hold its test 1: found id=1, amount=-1" in text(failed)


def test_tables_tell_of_the_metrics_that_are_computed_from_them(mrr: Acme) -> None:
    mrr.metrics().add("growth", "SELECT max(mrr) / min(mrr) AS growth FROM metric('mrr')")
    mrr.metrics().add(
        "people", "SELECT count(*) AS n FROM acme.users", tests=["SELECT count(*) > 0 FROM metric('mrr')"]
    )
    subscriptions, users = mrr.workspace.describe(["acme.subscriptions", "acme.users"])
    assert [note.name for note in subscriptions.metrics or ()] == ["growth", "mrr"]
    assert [note.name for note in users.metrics or ()] == ["people"]
    assert "metrics" in subscriptions.as_dict()
    assert [note.name for note in mrr.workspace.info().metrics] == ["growth", "mrr", "people"]
    found = mrr.workspace.search("growing metrics")
    assert [note.name for note in found.metrics][:1] != []
    assert mrr.workspace.search("zzz").metrics == ()


def test_a_write_is_told_that_it_cannot_read_a_metric(mrr: Acme) -> None:
    error = mrr.error("UPDATE acme.users SET country = 'SE' WHERE id IN (SELECT id FROM metric('mrr'))")
    assert error.error_code == WRITE  # who asked hands it to the planner
