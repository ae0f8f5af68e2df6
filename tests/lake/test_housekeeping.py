from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from dinobase.core.clock import now
from dinobase.core.errors import LakeError
from dinobase.core.settings import Paths
from dinobase.lake.housekeeping import maintain, needs_maintenance
from dinobase.lake.introspect import view_lake
from dinobase.lake.location import LakeLocation, Storage
from dinobase.lake.lock import write_lock
from dinobase.query.engine import QueryEngine
from tests.lake.build import Builder


@pytest.fixture
def location(storage: Storage) -> LakeLocation:
    """A lake of twenty small files, one table of which has lost most of its rows."""
    location = storage.lake("crm")
    builder = Builder(location)
    builder.commit("CREATE TABLE deals (id BIGINT)")
    for number in range(20):
        builder.commit(f"INSERT INTO deals SELECT * FROM range({number * 100}, {number * 100 + 100})")
    builder.commit("CREATE TABLE people AS SELECT range AS id FROM range(5000)")
    builder.commit("DELETE FROM people WHERE id >= 2000")
    builder.close()
    return location


@pytest.fixture
def engine(storage: Storage, paths: Paths) -> QueryEngine:
    return QueryEngine(storage, paths, {"crm": 60.0})


def _files(location: LakeLocation, table: str) -> set[Path]:
    return set(Path(location.data, "main", table).glob("*.parquet"))


def _backdate(location: LakeLocation, table: str, column: str, days: int) -> None:
    moment = (now() - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S.%f+00")
    connection = sqlite3.connect(location.catalog)
    connection.execute(f"UPDATE {table} SET {column} = ?", [moment])
    connection.commit()
    connection.close()


def test_files_are_merged_and_rewritten_and_every_version_reads_as_before(
    location: LakeLocation, engine: QueryEngine, paths: Paths
) -> None:
    versions = range(2, 25)
    assert {t.name: t.rows for t in view_lake(location).tables.values()} == {"deals": 2000, "people": 2000}
    sums = "SELECT count(*), sum(id)::BIGINT FROM crm.{} AT (VERSION => {})"
    before = {v: engine.run(sums.format("deals", v)).rows for v in versions}
    people = engine.run("SELECT count(*), sum(id)::BIGINT FROM crm.people").rows
    assert needs_maintenance(location)
    report = maintain(location, paths.state)
    assert (report.files_merged, report.files_rewritten, report.versions_expired) == (20, 1, 0)
    assert (report.files_removed, report.orphans_removed) == (0, 0)
    assert {t.name: t.rows for t in view_lake(location).tables.values()} == {"deals": 2000, "people": 2000}
    assert not needs_maintenance(location)
    assert {v: engine.run(sums.format("deals", v)).rows for v in versions} == before
    assert engine.run("SELECT count(*), sum(id)::BIGINT FROM crm.people").rows == people
    assert engine.run("SELECT id FROM crm.deals WHERE id = 1234").rows == [(1234,)]


def test_files_out_of_use_stay_for_a_grace_although_the_catalog_keeps_times_as_text(
    location: LakeLocation, paths: Paths
) -> None:
    first = _files(location, "deals")
    maintain(location, paths.state)
    assert first <= _files(location, "deals")
    assert maintain(location, paths.state).files_removed == 0
    _backdate(location, "ducklake_files_scheduled_for_deletion", "schedule_start", 3)
    assert maintain(location, paths.state).files_removed == 20
    assert not first & _files(location, "deals")


def test_versions_past_the_retention_go_and_the_newest_stays(
    location: LakeLocation, engine: QueryEngine, paths: Paths
) -> None:
    _backdate(location, "ducklake_snapshot", "snapshot_time", 40)
    assert needs_maintenance(location)
    report = maintain(location, paths.state, retention=timedelta(days=30))
    assert report.versions_expired > 20
    assert engine.run("SELECT count(*) FROM crm.deals").rows == [(2000,)]
    assert engine.run("SELECT count(*) FROM crm.people").rows == [(2000,)]
    assert maintain(location, paths.state).versions >= 1


def test_versions_within_the_retention_stay_to_the_hour(location: LakeLocation, paths: Paths) -> None:
    report = maintain(location, paths.state, retention=timedelta(hours=1))
    assert report.versions_expired == 0


def test_lost_files_go_after_a_day_and_not_before(location: LakeLocation, paths: Paths) -> None:
    lost = Path(location.data, "main", "deals", "lost.parquet")
    lost.write_bytes(b"x")
    assert maintain(location, paths.state).orphans_removed == 0
    assert lost.exists()
    assert maintain(location, paths.state, at=now() + timedelta(days=2)).orphans_removed == 1
    assert not lost.exists()


def test_housekeeping_waits_for_a_load_to_end(location: LakeLocation, paths: Paths) -> None:
    with write_lock(location, paths.state), pytest.raises(LakeError) as caught:
        maintain(location, paths.state, timeout=0.05)
    assert caught.value.error_code == "lake.locked"


def test_a_lake_that_is_not_there_needs_nothing(storage: Storage, paths: Paths) -> None:
    assert not needs_maintenance(storage.lake("nothing"))
    assert maintain(storage.lake("nothing"), paths.state).versions == 0
    assert not paths.lakes.exists()


def test_a_lake_in_order_needs_nothing(storage: Storage) -> None:
    builder = Builder(storage.lake("crm"))
    builder.commit("CREATE TABLE deals AS SELECT range AS id FROM range(10)")
    builder.close()
    assert not needs_maintenance(storage.lake("crm"))
