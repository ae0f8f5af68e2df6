"""`journal_retention`: after it the journal keeps who, what and when without what the rows held, and is still whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from dinobase.core import clock
from dinobase.core.errors import QueryError
from tests.mutate.datasettes import Datasette
from tests.mutate.desk import Desk

PLANTED = "Quetzalcoatlus-7731"


@pytest.fixture
def kept(desk: Desk, server: Datasette, monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, str]:
    """A desk 90 days later, with a mutation that wrote a value and one that took it back."""
    server.change(f"UPDATE customers SET note = '{PLANTED}' WHERE id = 1")
    desk.sync()
    done = desk.do("UPDATE shop.customers SET note = 'later' WHERE id = 1")
    assert done["status"] == "executed"
    desk.configure("journal_retention: 90d")
    later = clock.now() + timedelta(days=91)
    monkeypatch.setattr("dinobase.mutate.keeping.now", lambda: later)
    return desk, done["mutation_id"]


def _bytes(desk: Desk) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(desk.paths.state.glob("records.db*")))


def test_maintain_drops_what_rows_held_and_keeps_the_facts(kept: tuple[Desk, str]) -> None:
    desk, name = kept
    assert PLANTED.encode() in _bytes(desk)
    assert desk.workspace.maintain().mutations_dropped == 1
    assert PLANTED.encode() not in _bytes(desk)
    shown = desk.engine.show(name)
    assert (shown["status"], shown["preview"], shown["identity"]) == ("executed", None, "cli")
    assert shown["sql"] == "UPDATE shop.customers SET note = 'later' WHERE id = 1"
    assert shown["steps"] == [
        {"step": 1, "call": 1, "operation": "update", "key": {"id": 1}, "status": "done", "http_status": 200}
    ]
    assert desk.engine.verify()["status"] == "intact"
    with pytest.raises(QueryError) as caught:
        desk.engine.undo(name)
    assert caught.value.error_code == "write.forgotten"
    assert desk.workspace.maintain().mutations_dropped == 0


def test_a_sync_drops_it_too(kept: tuple[Desk, str]) -> None:
    desk, _ = kept
    desk.sync()
    assert PLANTED.encode() not in _bytes(desk)
    assert desk.engine.verify()["status"] == "intact"


def test_what_is_younger_is_kept_whole(desk: Desk) -> None:
    done = desk.do("UPDATE shop.customers SET note = 'later' WHERE id = 1")
    desk.configure("journal_retention: 90d")
    assert desk.workspace.maintain().mutations_dropped == 0
    assert desk.confirm(desk.engine.undo(done["mutation_id"]))["status"] == "executed"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE mutation_journal SET body = NULL",
        "UPDATE mutations SET sql = 'UPDATE shop.customers SET note = 1'",
        "UPDATE mutation_journal SET event = 'other' WHERE event = 'retention'",
    ],
)
def test_verify_tells_what_was_dropped_by_the_rule_from_what_somebody_took(kept: tuple[Desk, str], change: str) -> None:
    desk, _ = kept
    desk.workspace.maintain()
    desk.do("UPDATE shop.customers SET note = 'once more' WHERE id = 2")
    assert desk.engine.verify()["status"] == "intact"
    with closing(sqlite3.connect(desk.paths.state / "records.db")) as database:
        database.execute(change)
        database.commit()
    with pytest.raises(Exception, match="journal was altered"):
        desk.engine.verify()


def test_lock_files_of_batches_that_ended_do_not_pile_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.do("UPDATE shop.customers SET note = 'later' WHERE id = 1")
    assert list(desk.paths.state.glob("bat_*.lock"))
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr("dinobase.workspace.upkeep.now", lambda: later)
    desk.workspace.maintain()
    assert list(desk.paths.state.glob("bat_*.lock")) == []
