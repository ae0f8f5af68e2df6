"""Records of runs do not grow for ever, and what freshness follows from is never dropped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dinobase.catalog.runs import KEPT_RUNS, RunLog
from dinobase.core.clock import iso
from dinobase.lake.records import open_records

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def fill(state: Path, catalog: str, connector: str, count: int) -> None:
    """Record runs as the log does: of `old` only the first worked, of `new` every one."""
    with open_records(state, catalog) as records, records.changes():
        for number in range(count):
            at, run = iso(T0 + timedelta(minutes=number)), f"{connector}_{number:05}"
            records.run(
                "INSERT INTO sync_runs (run_id, connector, mode, status, started_at)"
                " VALUES (?, ?, 'full', 'partial', ?)",
                [run, connector, at],
            )
            for table, status in (("old", "error" if number else "success"), ("new", "success")):
                records.run(
                    "INSERT INTO sync_run_tables (run_id, connector, table_name, status, started_at, finished_at)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    [run, connector, table, status, at, at],
                )


def kept(log: RunLog, connector: str) -> list[str]:
    return [run for run, of in log.rows("sync_runs", ["run_id", "connector"]) if of == connector]


@pytest.mark.parametrize("where", ["sqlite", "postgresql"])
def test_old_runs_are_dropped_but_the_last_of_each_table(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    catalog = str(request.getfixturevalue("postgres")) if where == "postgresql" else ""
    log = RunLog(tmp_path, catalog)
    fill(tmp_path, catalog, "crm", 700)
    fill(tmp_path, catalog, "shop", 20)
    before = log.last_syncs(["crm", "shop"])
    log.start("crm_next", "crm", at=T0 + timedelta(days=30))
    names = kept(log, "crm")
    assert len(names) == KEPT_RUNS + 1
    assert (names[0], names[1], names[-1]) == ("crm_00000", "crm_00201", "crm_next")
    assert len(kept(log, "shop")) == 20
    assert log.last_syncs(["crm", "shop"]) == before
    assert before["crm", "old"].synced_at == "2026-01-01T00:00:00Z"


def test_a_few_too_many_are_left_until_it_is_worth_it(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    fill(tmp_path, "", "crm", KEPT_RUNS + 50)
    log.start("crm_next", "crm", at=T0 + timedelta(days=30))
    assert len(kept(log, "crm")) == KEPT_RUNS + 51


class EndsMeanwhile(RunLog):
    """Its run ends between the look at the records and the look at the lock, as one of another process may."""

    def _may_run(self, connector: str) -> bool:
        self.finish("run_1", status="success")
        return super()._may_run(connector)


def test_a_run_that_ends_while_it_is_looked_at_is_not_interrupted(tmp_path: Path) -> None:
    log = EndsMeanwhile(tmp_path)
    log.start("run_1", "stripe")
    assert [run["status"] for run in log.last_runs("stripe", 5)] == ["success"]


def test_a_run_that_nobody_works_on_is_interrupted(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.start("run_1", "stripe")
    assert [run["status"] for run in log.last_runs("stripe", 5)] == ["interrupted"]
