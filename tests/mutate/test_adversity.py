"""What may go wrong around a write: answers that no database keeps, long waits, dead sources, full disks, clocks."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dinobase.core import clock
from dinobase.core.errors import DinobaseError, QueryError
from tests.mutate.desk import Desk, connected
from tests.mutate.test_unknown import CONNECTOR, Crm
from tests.servers.vendor import Received, Reply

UPDATE = "UPDATE crm.people SET text = 'new' WHERE id = 1"
BOTH = "UPDATE crm.people SET text = 'new'"


class Moody(Crm):
    """`moods` are the answers to changes, one after the other, before it is itself again."""

    def __init__(self) -> None:
        super().__init__()
        self.moods: list[Reply] = []
        self.calls = 0

    def answer(self, request: Received) -> Reply:
        if request.method != "GET":
            self.calls += 1
            if self.moods:
                return self.moods.pop(0)
        return super().answer(request)


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[tuple[Desk, Moody]]:
    server = Moody()
    with connected(tmp_path / "w", "crm", CONNECTOR, server) as desk:
        yield desk, server


@pytest.mark.parametrize(
    "answer", [r'{"message": "half \ud800 of a letter"}', '{"message": "a nul \\u0000"}', "raw \x00 nul"]
)
def test_an_answer_that_is_no_text_is_recorded_all_the_same(answer: str, crm: tuple[Desk, Moody]) -> None:
    desk, server = crm
    server.moods = [Reply(answer, 422)]
    done = desk.do(UPDATE)
    assert (done["status"], done["failed"]) == ("failed", 1)
    assert done["steps"][0]["http_status"] == 422
    assert desk.engine.verify()["status"] == "intact"
    server.moods = []
    assert desk.engine.resume(done["mutation_id"], human=True)["status"] == "executed"


def test_half_a_letter_at_the_source_is_no_obstacle(crm: tuple[Desk, Moody]) -> None:
    desk, server = crm
    server.data["people"][1]["note"] = "\ud800"
    assert desk.do(UPDATE)["status"] == "executed"
    assert server.data["people"][1]["text"] == "new"
    assert desk.engine.verify()["status"] == "intact"


@pytest.mark.parametrize(
    "sql", ["UPDATE crm.people SET text = '\ud800'", "DELETE FROM crm.people WHERE id = 1\x00 OR true"]
)
def test_a_statement_that_is_no_text_is_refused(sql: str, crm: tuple[Desk, Moody]) -> None:
    desk, _ = crm
    with pytest.raises(QueryError) as caught:
        desk.write(sql)
    assert caught.value.error_code == "query.faulty"


def test_a_wait_that_is_too_long_ends_the_step_and_says_so(crm: tuple[Desk, Moody]) -> None:
    desk, server = crm
    server.moods = [Reply({"message": "slow down"}, 429, {"Retry-After": "86400"})]
    done = desk.do(BOTH)
    assert (done["status"], done["failed"], done["not_tried"]) == ("failed", 1, 1)
    assert "rate limit" in done["steps"][0]["error"]
    assert server.calls == 1
    assert desk.engine.resume(done["mutation_id"])["status"] == "executed"


def test_a_value_of_ten_megabytes_arrives(crm: tuple[Desk, Moody]) -> None:
    desk, server = crm
    done = desk.do("UPDATE crm.people SET text = repeat('a\"é', 2621440) WHERE id = 1")
    assert done["status"] == "executed"
    assert server.data["people"][1]["text"] == 'a"é' * 2_621_440


def test_a_clock_that_was_set_back_gives_a_plan_no_more_time(
    crm: tuple[Desk, Moody], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, server = crm
    planned = desk.write(UPDATE)
    earlier = clock.now() - timedelta(hours=2)
    monkeypatch.setattr("dinobase.mutate.standing.now", lambda: earlier)
    with pytest.raises(QueryError) as caught:
        desk.confirm(planned)
    assert caught.value.error_code == "write.expired"
    assert server.calls == 0


def test_two_at_once_send_it_once(crm: tuple[Desk, Moody]) -> None:
    desk, server = crm
    planned = desk.write(BOTH)
    ends: list[Any] = []

    def confirm() -> None:
        try:
            ends.append(desk.engine.confirm(planned["mutation_id"], human=True)["status"])
        except DinobaseError as error:
            ends.append(error.error_code)

    both = [threading.Thread(target=confirm) for _ in range(4)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert server.calls == 2
    assert ends.count("executed") == 1
    assert set(ends) <= {"executed", "write.busy", "write.state"}


@pytest.mark.parametrize("event", ["approved", "sending", "done"])
def test_a_journal_that_cannot_be_written_stops_the_write_and_it_can_go_on(event: str, crm: tuple[Desk, Moody]) -> None:
    desk, server = crm
    planned = desk.write(BOTH)
    full = f"CREATE TRIGGER full BEFORE INSERT ON mutation_journal WHEN NEW.event = '{event}' BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"  # noqa: E501 - one statement
    _in_records(desk, full)
    with pytest.raises((DinobaseError, sqlite3.Error)) as caught:
        desk.confirm(planned)
    assert isinstance(caught.value, DinobaseError)
    assert server.calls == (1 if event == "done" else 0)
    _in_records(desk, "DROP TRIGGER full")
    again = desk.confirm(planned) if event == "approved" else desk.engine.resume(planned["mutation_id"])
    assert again["status"] == "executed"
    assert server.calls == 2
    assert {row["text"] for row in server.data["people"].values()} == {"new"}
    assert desk.rows("SELECT DISTINCT text FROM crm.people") == [("new",)]
    assert desk.engine.verify()["status"] == "intact"


def _in_records(desk: Desk, sql: str) -> None:
    with closing(sqlite3.connect(desk.paths.state / "records.db")) as database:
        database.execute(sql)
        database.commit()
