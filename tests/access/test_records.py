"""What is recorded of runs and refused of writes tells an identity nothing of what is not there for it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dinobase.catalog.runs import RunLog, TableRun
from dinobase.core.errors import DinobaseError
from dinobase.core.settings import Paths
from dinobase.workspace import Workspace
from tests.access.conftest import SECRET, build

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """Runs of the bot's own, whose errors repeat what the source answered."""
    paths = build(Paths(tmp_path_factory.mktemp("runs")), "ada", SECRET, 1, [(2, "Bob", 250)])
    log = RunLog(paths.state)
    for connector, tables in (("shop", ("customers", "notes")), ("crm", ("people", "deals")), ("hr", ("salaries",))):
        log.start(f"run_{connector}", connector, at=AT, by="bot")
        for table in tables:
            error = f"status 500: ada@{SECRET}"
            run = TableRun(table, "error", AT, AT, rows=7, total_rows=7, bytes=70, error=error)
            log.table(f"run_{connector}", connector, run)
        log.finish(f"run_{connector}", status="error", at=AT, error=error)
    return paths


def test_a_run_tells_no_words_of_a_source_and_no_count_of_rows_that_are_hidden(made: Paths) -> None:
    engine = Workspace(made).engine("bot")
    tables = engine.run("SELECT connector, table_name, rows, total_rows, bytes, error FROM _dinobase.sync_run_tables")
    assert sorted(tables.rows) == [
        ("crm", "people", 7, 7, None, "The sync failed"),
        ("shop", "customers", None, None, None, "The sync failed"),
        ("shop", "notes", 7, 7, None, "The sync failed"),
    ]
    runs = engine.run("SELECT connector, rows, error FROM _dinobase.sync_runs ORDER BY ALL")
    assert runs.rows == [("crm", None, "The sync failed"), ("shop", None, "The sync failed")]
    [seen] = Workspace(made).query("SELECT count(*) FROM _dinobase.sync_run_tables WHERE bytes = 70").rows
    assert seen == (5,)


@pytest.mark.parametrize(
    ("hidden", "absent"),
    [
        ("UPDATE hr.salaries SET pay = 1 WHERE id = 1", "UPDATE xy.salaries SET pay = 1 WHERE id = 1"),
        ("DELETE FROM hr.salaries WHERE id = 1", "DELETE FROM xy.salaries WHERE id = 1"),
        ("UPDATE crm.deals SET amount = 1 WHERE id = 1", "UPDATE crm.meals SET amount = 1 WHERE id = 1"),
        ("INSERT INTO crm.deals (id) VALUES (1)", "INSERT INTO crm.meals (id) VALUES (1)"),
    ],
)
def test_a_write_to_what_is_not_there_for_one_is_refused_as_one_to_what_is_nowhere(
    made: Paths, hidden: str, absent: str
) -> None:
    answers = []
    for sql in (hidden, absent):
        with pytest.raises(DinobaseError) as caught:
            Workspace(made).write(sql, identity="bot")
        answers.append(str(caught.value.as_dict()).replace("hr", "xy").replace("deals", "meals"))
    assert answers[0] == answers[1]
    assert "There is no connector" in answers[0] or "has no table" in answers[0]
