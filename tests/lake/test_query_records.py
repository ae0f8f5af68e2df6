from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dinobase.catalog.runs import RunLog, TableRun
from dinobase.core.errors import LakeError
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.lake.records import MIGRATIONS, Records, open_records, read_records
from dinobase.query.engine import QueryEngine
from tests.lake.build import build

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def _run(log: RunLog, number: int, status: str, *, error: str | None = None) -> None:
    at = T0 + timedelta(hours=number)
    log.start(f"run_{number}", "crm", at=at)
    log.table(f"run_{number}", "crm", TableRun("deals", status, at, at, rows=number, total_rows=number, error=error))
    log.finish(f"run_{number}", status="error" if error else "success", at=at, error=error)


def test_the_last_good_sync_and_the_last_status_are_told_apart(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    assert log.last_syncs(["crm"]) == {}
    assert log.last_run("crm") is None
    _run(log, 1, "success")
    _run(log, 2, "unchanged")
    _run(log, 3, "error", error="HTTP 500")
    _run(log, 4, "skipped")
    last = log.last_syncs(["crm", "other"])["crm", "deals"]
    assert (last.synced_at, last.status, last.error, last.total_rows) == (
        "2026-01-01T02:00:00Z",
        "error",
        "HTTP 500",
        2,
    )
    _run(log, 5, "success")
    last = log.last_syncs(["crm"])["crm", "deals"]
    assert (last.synced_at, last.status, last.error) == ("2026-01-01T05:00:00Z", "success", None)
    run = log.last_run("crm")
    assert run is not None
    assert run["run_id"] == "run_5"
    log.forget("crm")
    assert log.last_syncs(["crm"]) == {}


def test_a_copy_is_stale_once_it_is_older_than_it_may_be(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    _run(log, 1, "success")
    last = log.last_syncs(["crm"])["crm", "deals"]
    synced = T0 + timedelta(hours=1)
    assert not last.is_stale(3600, at=synced + timedelta(seconds=3600))
    assert last.is_stale(3600, at=synced + timedelta(seconds=3601))


def test_a_run_that_was_killed_is_called_interrupted_when_the_next_begins(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.start("run_1", "crm", at=T0)
    log.start("run_2", "crm", at=T0 + timedelta(hours=1))
    with read_records(tmp_path) as records:
        assert records is not None
        assert records.rows("SELECT run_id, status FROM sync_runs ORDER BY 1") == [
            ("run_1", "interrupted"),
            ("run_2", "running"),
        ]


def test_runs_are_tables_in_sql_and_the_proof_of_every_answer(paths: Paths, storage: Storage) -> None:
    build(
        storage.lake("crm"), ["CREATE TABLE deals AS SELECT 1 AS id", "CREATE VIEW deals__items AS SELECT * FROM deals"]
    )
    _run(RunLog(paths.state), 1, "success")
    engine = QueryEngine(storage, paths, {"crm": 3600.0})
    assert engine.run("SELECT run_id, status, started_at, rows FROM _dinobase.sync_runs").rows == [
        ("run_1", "success", "2026-01-01T01:00:00Z", 0)
    ]
    joined = engine.run(
        "SELECT t.table_name, t.rows, d.id FROM _dinobase.sync_run_tables t "
        "JOIN _dinobase.main.sync_runs r USING (run_id) JOIN crm.deals d ON d.id = t.rows"
    )
    assert joined.rows == [("deals", 1, 1)]
    for table in ("deals", "deals__items"):
        source = engine.run(f"SELECT * FROM crm.{table}").sources[0]
        assert (source.synced_at, source.is_stale, source.last_sync_status) == ("2026-01-01T01:00:00Z", True, "success")


def _fail(records: Records) -> None:
    with records.changes():
        columns = "run_id, connector, mode, status, started_at"
        records.run(f"INSERT INTO sync_runs ({columns}) VALUES ('x', 'y', 'z', 's', 't')")
        raise ZeroDivisionError


def test_a_change_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with open_records(tmp_path) as records:
        with pytest.raises(ZeroDivisionError):
            _fail(records)
        assert records.rows("SELECT * FROM sync_runs") == []


def test_many_threads_record_at_once(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    threads = [threading.Thread(target=log.start, args=(f"run_{i}", f"c{i}")) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with read_records(tmp_path) as records:
        assert records is not None
        assert records.rows("SELECT count(*) FROM sync_runs") == [(12,)]


def test_records_of_a_newer_program_are_left_alone(tmp_path: Path) -> None:
    with open_records(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / "records.db")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.commit()
    connection.close()
    with pytest.raises(LakeError, match="newer version"), open_records(tmp_path):
        pass


def test_reading_makes_no_file(tmp_path: Path) -> None:
    with read_records(tmp_path) as records:
        assert records is None
    assert list(tmp_path.iterdir()) == []
