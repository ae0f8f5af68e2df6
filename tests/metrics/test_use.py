"""`metric('mrr')` in FROM: wherever a table may stand, with its tests before it, on the versions that are then read."""

from __future__ import annotations

import gc
import weakref

import pytest

from dinobase.core.errors import DinobaseError
from tests.lake.build import Builder
from tests.metrics.conftest import NO_NEGATIVES, Acme


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT count(*) FROM metric('mrr')", [(3,)]),
        ("SELECT mrr.mrr::INT FROM metric('mrr') WHERE mrr.month >= '2026-03-01'", [(70,)]),
        ("SELECT m.mrr::INT FROM metric('mrr') AS m ORDER BY 1 LIMIT 1", [(50,)]),
        ("SELECT a FROM metric('mrr') m(a, b) ORDER BY b DESC LIMIT 1", [("2026-01-01",)]),
        ("WITH x AS (FROM metric('mrr')) SELECT count(*) FROM x, x y", [(9,)]),
        ("SELECT count(*) FROM metric('mrr') a JOIN metric('mrr') b USING (month)", [(3,)]),
        ("SELECT count(*) FROM acme.users u LEFT JOIN metric('mrr') m ON m.mrr = u.id", [(3,)]),
        ("SELECT (SELECT sum(mrr)::INT FROM metric('mrr'))", [(210,)]),
        ("SELECT count(*) FROM acme.users WHERE 90 IN (SELECT mrr FROM metric('mrr'))", [(3,)]),
        ("SELECT count(*) FROM metric('mrr') UNION ALL SELECT 7 FROM metric('mrr') LIMIT 1", [(3,)]),
        ("SELECT count(*) FROM metric('mrr') TABLESAMPLE 100%", [(3,)]),
        ("SELECT count(*) FROM \"METRIC\" /* ( */ ( -- '\n 'MRR' )", [(3,)]),
        ("SELECT 'metric(''mrr'')' AS \"é\", count(*) FROM metric('mrr');", [("metric('mrr')", 3)]),
        ("WITH acme AS (SELECT 1) SELECT count(*) FROM metric('mrr')", [(3,)]),
        ("WITH subscriptions AS (SELECT 1) SELECT count(*) FROM metric('mrr')", [(3,)]),
        ("SELECT metric FROM (SELECT 1 AS metric) metric", [(1,)]),
    ],
)
def test_a_metric_stands_wherever_a_table_may(still: Acme, sql: str, rows: list[tuple[object, ...]]) -> None:
    assert still.rows(sql) == rows


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT metric('mrr')", "query.function"),
        ("FROM metric(mrr)", "query.metric"),
        ("FROM metric()", "query.metric"),
        ("FROM metric(NULL)", "query.metric"),
        ("FROM metric(1)", "query.metric"),
        ("FROM metric($$mrr$$)", "query.metric"),
        ("FROM metric(name := 'mrr')", "query.metric"),
        ("FROM metric('m' || 'rr')", "query.metric"),
        ("FROM metric('mrr') WITH ORDINALITY", "query.metric"),
        ("FROM main.metric('mrr')", "query.function"),
        ("FROM metric('mr')", "unknown.metric"),
        ("FROM metric(') FROM (SELECT 1')", "unknown.metric"),
        ("SELECT 1 FROM metric('mrr'", "query.syntax"),
    ],
)
def test_what_is_no_use_of_a_metric_says_how_one_looks(still: Acme, sql: str, code: str) -> None:
    error = still.error(sql)
    assert error.error_code == code
    assert "metric('" in error.hint or code in {"query.syntax", "unknown.metric"}


def test_the_proof_names_the_tables_that_the_metric_read(mrr: Acme) -> None:
    found = mrr.workspace.query("FROM metric('mrr')")
    assert [source.table for source in found.sources] == ["acme.subscriptions"]
    assert found.sources[0].synced_at


def test_an_assumption_that_breaks_fails_every_use_with_what_was_found(mrr: Acme) -> None:
    mrr.metrics().add("growth", "SELECT max(mrr) / min(mrr) AS growth FROM metric('mrr')")
    mrr.subscriptions[2]["amount"] = -5
    mrr.sync()
    for sql in ("FROM metric('mrr')", "SELECT 1 FROM metric('growth') LIMIT 0", "EXPLAIN FROM metric('growth')"):
        error = mrr.error(sql)
        assert (error.error_code, error.exit_code) == ("metric.test", 1)
        assert "metric mrr does not hold its test 1: found id=3, amount=-5, allowed is no row" in error.message
        assert NO_NEGATIVES in error.hint
        assert "dinobase metric test mrr" in error.hint
        assert error.context["rows"] == [[3, -5]]
    tested = mrr.metrics().test()
    assert (tested.status, [(t.metric, t.test, t.status) for t in tested.tests]) == (
        "failed",
        [("mrr", 1, "fails"), ("growth", 0, "runs")],
    )
    assert mrr.rows("SELECT count(*) FROM acme.subscriptions") == [(6,)]  # whoever asks without the metric goes on
    mrr.subscriptions[2]["amount"] = 30
    mrr.sync()
    assert mrr.rows("SELECT sum(mrr)::INT FROM metric('growth'), metric('mrr')") == [(210,)]
    assert mrr.metrics().test("growth").status == "success"


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("SELECT count(*) > 100 AS many FROM acme.users", "found many=False, allowed is only true"),
        (
            "SELECT sum(id) > 0 AS some FROM acme.users WHERE id > 99",
            "found some=None, allowed is only true",
        ),
        ("SELECT amount > 15 AS enough FROM acme.subscriptions", "found enough=False, allowed is only true"),
        ("SELECT id FROM acme.subscriptions ORDER BY id", "found id=1 and others, allowed is no row"),
        ("SELECT id FROM acme.subscriptions WHERE id < 3 ORDER BY id", "found id=1 and 1 more, allowed is no row"),
        ("SELECT 'true' AS text", "found text=true, allowed is no row"),
    ],
)
def test_a_test_holds_by_no_row_or_by_true_alone(still: Acme, test: str, found: str) -> None:
    with pytest.raises(DinobaseError) as raised:
        still.metrics().add("m", "SELECT 1 AS n", tests=["SELECT true", "SELECT 1 WHERE false", test])
    assert raised.value.message == f"metric m does not hold its test 3: {found}"
    assert raised.value.hint.startswith("Nothing was added.")


def test_a_column_that_is_gone_breaks_the_metric_by_name_and_is_never_taken_from_the_query_around_it(mrr: Acme) -> None:
    mrr.metrics().add("total", "SELECT sum(amount) AS total FROM acme.subscriptions")
    builder = Builder(mrr.workspace.storage().lake("acme"))
    builder.commit("ALTER TABLE subscriptions DROP COLUMN amount")
    builder.close()
    error = mrr.error("FROM (SELECT 5 AS amount) t, metric('total')")
    assert (error.error_code, error.message) == (
        "metric.broken",
        "metric total cannot be computed: There is no column amount",
    )
    error = mrr.error("SELECT month FROM metric('mrr')")
    assert error.message == "metric mrr cannot be computed: There is no column amount"
    assert error.hint == "Columns: id, plan, started, user. `dinobase metric show mrr` prints its SQL."


def test_a_connector_that_is_gone_is_named_with_the_metric_that_wants_it(mrr: Acme) -> None:
    mrr.workspace.remove("acme")
    error = mrr.error("FROM metric('mrr')")
    assert error.message.startswith("metric mrr cannot be computed: There is no connector acme")
    assert (error.error_code, "dinobase metric show mrr" in error.hint) == ("metric.broken", True)
    [tested] = mrr.metrics().test().tests
    assert (tested.metric, tested.status) == ("mrr", "cannot run")


def test_max_age_brings_the_tables_of_a_metric_up_to_date(mrr: Acme) -> None:
    mrr.subscriptions.append({**mrr.subscriptions[0], "id": 7, "amount": 1000})
    asked = len(mrr.api.asked("subscriptions"))
    found = mrr.workspace.query("SELECT sum(mrr)::INT FROM metric('mrr')", max_age=0)
    assert found.rows == [(1210,)]
    assert len(mrr.api.asked("subscriptions")) > asked
    assert "acme.subscriptions: synced for this answer" in found.notes[0]


def test_a_large_answer_is_kept_and_asked_again_without_the_metric(mrr: Acme) -> None:
    from dinobase.query.budget import run_within

    mrr.metrics().add("many", "SELECT s.id, i FROM acme.subscriptions s, range(500) r(i)")
    found = run_within(mrr.workspace.engine(), "FROM metric('many')", 400)
    assert found.handle is not None
    assert mrr.rows(f"SELECT count(*) FROM {found.handle.table}") == [(3000,)]


def test_an_engine_that_asked_a_metric_goes_with_its_last_user(still: Acme) -> None:
    engine = still.workspace.engine(keep=1)
    engine.run("FROM metric('mrr')")
    gone = weakref.ref(engine)
    gc.disable()
    try:
        del engine
        assert gone() is None
    finally:
        gc.enable()
