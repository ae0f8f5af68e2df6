from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dinobase.catalog.describe import Describer
from dinobase.catalog.runs import RunLog, TableRun
from dinobase.core.errors import UnknownName
from dinobase.core.settings import Paths
from dinobase.lake.housekeeping import maintain, needs_maintenance
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from dinobase.query.history import history
from tests.lake.build import GITHUB, STRIPE, Builder, build

CONNECTORS = {"stripe": 3600.0, "github": 3600.0, "hubspot": 3600.0}


@pytest.fixture
def shared(postgres: str, paths: Paths) -> Storage:
    return Storage(paths.lakes, url=str(paths.root / "data"), catalog=postgres)


def test_two_lakes_in_one_postgres_are_joined(shared: Storage, paths: Paths) -> None:
    build(shared.lake("stripe"), STRIPE)
    build(shared.lake("github"), GITHUB)
    engine = QueryEngine(shared, paths, CONNECTORS)
    joined = "github.issues i JOIN stripe.main.customers c ON c.id = i.stripe_customer"
    sql = f"SELECT i.title, c.name FROM {joined} ORDER BY 1"
    result = engine.run(sql)
    assert result.rows == [("Broken", "Ada Lovelace"), ("Slow", "Bob")]
    assert [source.table for source in result.sources] == ["github.issues", "stripe.customers"]

    tables = engine.run("SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL").rows
    assert tables == [("github", "issues"), ("stripe", "charges"), ("stripe", "customers")]

    old = engine.run("SELECT name FROM stripe.customers AT (VERSION => 3) ORDER BY id")
    assert old.rows == [("Ada",), ("Bob",)]
    assert old.sources[0].snapshot == 3

    with pytest.raises(UnknownName, match="hubspot has no tables yet"):
        engine.run("SELECT * FROM hubspot.contacts")

    assert [v.version for v in history("stripe.customers", shared, list(CONNECTORS)).versions] == [6, 3, 2]
    described = Describer(shared, paths, CONNECTORS).describe(["stripe.customers"])[0]
    assert (described.row_count, described.columns[0].name) == (2, "id")


def test_runs_are_recorded_in_postgres_and_read_in_sql(shared: Storage, paths: Paths) -> None:
    log = RunLog(paths.state, shared.catalog)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    log.start("run_1", "stripe", at=began)
    log.table("run_1", "stripe", TableRun("customers", "success", began, began + timedelta(seconds=2), rows=7))
    log.finish("run_1", status="success", rows=7, at=began + timedelta(seconds=3))
    last = log.last_syncs(["stripe"])["stripe", "customers"]
    assert (last.synced_at, last.status) == ("2026-01-01T00:00:02Z", "success")
    engine = QueryEngine(shared, paths, CONNECTORS)
    rows = engine.run("SELECT connector, status, rows, finished_at FROM _dinobase.sync_runs").rows
    assert rows == [("stripe", "success", 7, "2026-01-01T00:00:03Z")]
    log.forget("stripe")


def test_housekeeping_merges_small_files_in_a_postgres_lake(shared: Storage, paths: Paths) -> None:
    location = shared.lake("crm")
    builder = Builder(location)
    builder.commit("CREATE TABLE deals (id BIGINT)")
    for number in range(20):
        builder.commit(f"INSERT INTO deals VALUES ({number})")
    builder.close()
    assert needs_maintenance(location)
    report = maintain(location, paths.state)
    assert report.files_merged == 20
    assert not needs_maintenance(location)
    engine = QueryEngine(shared, paths, {"crm": 60.0})
    assert engine.run("SELECT sum(id)::INT, count(*) FROM crm.deals").rows == [(190, 20)]
