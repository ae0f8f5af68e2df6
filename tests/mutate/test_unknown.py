"""A write whose outcome nobody told: settled by reading back, else unknown and never sent again by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutate.desk import Desk, connected
from tests.servers.vendor import Received, Reply, VendorServer

CONNECTOR = """
name: crm
client: {base_url: "URL", retry: {attempts: 3}}
resources:
- name: people
  endpoint: {path: people, data_selector: data}
  primary_key: id
  retrieve: {path: "people/{id}"}
- name: notes
  endpoint: {path: notes, data_selector: data}
  primary_key: id
write_endpoints:
- {name: update_person, resource: people, method: PATCH, path: "people/{id}"}
- {name: delete_person, resource: people, method: DELETE, path: "people/{id}"}
- {name: update_note, method: POST, path: "notes/{id}"}
- {name: replace_note, resource: notes, operation: upsert, method: PUT, path: "notes/{id}"}
"""


class Crm(VendorServer):
    """`lost`: how many changes are made and answered with a 502; `refused`: answered so and not made."""

    def __init__(self) -> None:
        super().__init__()
        self.data = {kind: {n: {"id": n, "text": f"t{n}"} for n in (1, 2)} for kind in ("people", "notes")}
        self.lost = 0
        self.refused = 0

    def answer(self, request: Received) -> Reply:
        kind, _, identity = request.path.strip("/").partition("/")
        if request.method == "GET":
            rows = self.data[kind]
            if not identity:
                return Reply({"data": list(rows.values())})
            return Reply(rows[int(identity)]) if int(identity) in rows else Reply({}, 404)
        if self.refused:
            self.refused -= 1
            return Reply({"message": "busy"}, 502)
        if request.method == "DELETE":
            gone = self.data[kind].pop(int(identity), None)
            reply = Reply({}, 200 if gone else 404)
        else:
            self.data[kind][int(identity)] |= request.json
            reply = Reply({})
        if self.lost:
            self.lost -= 1
            return Reply({"message": "bad gateway"}, 502)
        return reply

    def sent(self) -> int:
        return len([r for r in self.requests if r.method != "GET"])


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[tuple[Desk, Crm]]:
    server = Crm()
    with connected(tmp_path, "crm", CONNECTOR, server) as desk:
        yield desk, server


def test_what_was_done_though_the_answer_was_lost_is_done(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    server.lost = 1
    done = desk.do("UPDATE crm.people SET text = 'new' WHERE id = 1")
    assert (done["status"], done["succeeded"], server.sent()) == ("executed", 1, 1)
    assert desk.rows("SELECT text FROM crm.people WHERE id = 1") == [("new",)]


def test_what_was_not_done_has_failed_and_is_not_repeated_by_itself(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    server.refused = 1
    done = desk.do("UPDATE crm.people SET text = 'new' WHERE id = 1")
    assert (done["status"], done["failed"], server.sent()) == ("failed", 1, 1)
    assert "502" in done["steps"][0]["error"]
    assert desk.engine.resume(done["mutation_id"], human=True)["status"] == "executed"
    assert server.data["people"][1]["text"] == "new"


def test_what_cannot_be_read_back_stays_unknown_until_a_person_says_resend(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    server.lost = 1
    done = desk.do("UPDATE crm.notes SET text = 'new' WHERE id < 3")
    assert (done["status"], done["unknown"], done["not_tried"], server.sent()) == ("partial", 1, 1, 1)
    again = desk.engine.resume(done["mutation_id"], human=True)
    assert (again["status"], again["unknown"], server.sent()) == ("partial", 1, 1)
    sent = desk.engine.resume(done["mutation_id"], human=True, resend=True)
    assert (sent["status"], sent["succeeded"], server.sent()) == ("executed", 2, 3)


def test_a_delete_is_repeated_and_one_that_is_gone_by_then_is_done(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    server.lost = 1
    done = desk.do("DELETE FROM crm.people WHERE id = 2")
    assert (done["status"], server.sent()) == ("executed", 2)
    assert desk.rows("SELECT id FROM crm.people") == [(1,)]


def test_a_rate_limit_is_waited_out_and_the_request_sent_again(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    server.fail("people/1", 429, times=1, retry_after="0")
    planned = desk.write("UPDATE crm.notes SET text = 'x' WHERE id = 1")
    server.faults.clear()
    server.fail("notes/1", 429, times=1, retry_after="0")
    assert desk.confirm(planned)["status"] == "executed"
    assert server.sent() == 2
    assert server.data["notes"][1]["text"] == "x"
