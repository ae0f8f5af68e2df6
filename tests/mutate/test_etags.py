"""Where the source gives a record an ETag, a change is sent on that record alone: If-Match, and 412 is a conflict."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
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
write_endpoints:
- {name: update_person, resource: people, method: METHOD, path: "people/{id}"}
- {name: delete_person, resource: people, method: DELETE, path: "people/{id}"}
"""


class Conditional(VendorServer):
    """Honours If-Match as RFC 9110 says; `meanwhile` happens between a reading and the write after it."""

    def __init__(self) -> None:
        super().__init__()
        self.people = {n: {"id": n, "name": f"n{n}", "note": "", "stage": "lead"} for n in (1, 2)}
        self.meanwhile: list[Callable[[], None]] = []
        self.mark = '"{}"'
        self.knows_its_own = True
        self.lost = 0

    def etag(self, number: int) -> str:
        text = json.dumps(self.people[number], sort_keys=True).encode()
        return self.mark.format(hashlib.sha256(text).hexdigest()[:16])

    def answer(self, request: Received) -> Reply:
        _, _, identity = request.path.strip("/").partition("/")
        if not identity:
            return Reply({"data": list(self.people.values())})
        number = int(identity)
        if number not in self.people:
            return Reply({"message": "no such person"}, 404)
        if request.method == "GET":
            assert request.headers["accept-encoding"] == "identity"
            return Reply(self.people[number], 200, {"ETag": self.etag(number)})
        if self.meanwhile:
            self.meanwhile.pop(0)()
        wanted = request.headers.get("if-match")
        if wanted is not None and (wanted.startswith("W/") or wanted != self.etag(number) or not self.knows_its_own):
            return Reply({"message": "Precondition Failed"}, 412)
        if request.method == "DELETE":
            del self.people[number]
            return Reply({})
        self.people[number] |= request.json
        if self.lost:
            self.lost -= 1
            return Reply({"message": "bad gateway"}, 502)
        return Reply(self.people[number])

    def sent(self) -> list[str | None]:
        """Return the If-Match of each write."""
        return [r.headers.get("if-match") for r in self.requests if r.method != "GET"]


@pytest.fixture(params=["PATCH"])
def crm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Desk, Conditional]]:
    server = Conditional()
    with connected(tmp_path, "crm", CONNECTOR.replace("METHOD", request.param), server) as desk:
        yield desk, server


whole = pytest.mark.parametrize("crm", ["PUT"], indirect=True)
UPDATE = "UPDATE crm.people SET stage = 'customer' WHERE id = 1"


def test_an_update_names_the_record_that_was_read(crm: tuple[Desk, Conditional]) -> None:
    desk, server = crm
    tag = server.etag(1)
    assert desk.do(UPDATE)["status"] == "executed"
    assert server.sent() == [tag]
    assert server.people[1]["stage"] == "customer"


def test_what_changes_between_reading_and_writing_is_a_conflict_and_stays(crm: tuple[Desk, Conditional]) -> None:
    desk, server = crm
    server.meanwhile = [lambda: server.people[1].update(stage="lost")]
    done = desk.do("UPDATE crm.people SET stage = 'customer'")
    assert (done["status"], done["conflicts"], done["succeeded"]) == ("partial", 1, 1)
    assert done["steps"][0]["error"] == 'changed at the source: {"stage":"lost"}'
    assert [server.people[n]["stage"] for n in (1, 2)] == ["lost", "customer"]


@whole
def test_a_change_of_another_field_is_kept_when_the_whole_record_is_sent(crm: tuple[Desk, Conditional]) -> None:
    desk, server = crm
    server.meanwhile = [lambda: server.people[1].update(note="called")]
    assert desk.do(UPDATE)["status"] == "executed"
    assert server.people[1] == {"id": 1, "name": "n1", "note": "called", "stage": "customer"}
    assert len(server.sent()) == 2


def test_what_never_stands_still_is_a_conflict_in_the_end(crm: tuple[Desk, Conditional]) -> None:
    desk, server = crm
    server.meanwhile = [lambda n=n: server.people[1].update(note=f"{n}") for n in range(9)]  # type: ignore[misc]
    done = desk.do(UPDATE)
    assert (done["status"], done["conflicts"]) == ("failed", 1)
    assert done["steps"][0]["error"] == "it keeps changing at the source"
    assert server.people[1]["stage"] == "lead"


def test_a_record_that_was_changed_meanwhile_is_not_deleted(crm: tuple[Desk, Conditional]) -> None:
    desk, server = crm
    server.meanwhile = [lambda: server.people[1].update(stage="customer")]
    done = desk.do("DELETE FROM crm.people WHERE id = 1")
    assert (done["status"], done["conflicts"]) == ("failed", 1)
    assert 1 in server.people


@pytest.mark.parametrize("mark", ['W/"{}"', "{}", '"{}', ""])
def test_a_weak_or_malformed_etag_makes_no_condition(crm: tuple[Desk, Conditional], mark: str) -> None:
    desk, server = crm
    server.mark = mark
    assert desk.do(UPDATE)["status"] == "executed"
    assert server.sent() == [None]


def test_a_source_that_does_not_take_its_own_etags_is_written_without(crm: tuple[Desk, Conditional]) -> None:
    desk, server = crm
    tag, server.knows_its_own = server.etag(1), False
    assert desk.do(UPDATE)["status"] == "executed"
    assert server.sent() == [tag, None]
    assert server.people[1]["stage"] == "customer"


@whole
def test_a_refused_repetition_of_what_was_done_is_settled_by_reading(crm: tuple[Desk, Conditional]) -> None:
    desk, server = crm
    tag, server.lost = server.etag(1), 1
    done = desk.do(UPDATE)
    assert (done["status"], done["succeeded"]) == ("executed", 1)
    assert server.sent() == [tag, tag]


def test_a_write_to_another_address_than_the_record_was_read_at_has_no_condition(tmp_path: Path) -> None:
    server = Conditional()
    definition = CONNECTOR.replace("METHOD", "PATCH").replace(
        'path: "people/{id}"}\n- {name: d', 'path: "people/{id}", params: {view: short}}\n- {name: d'
    )
    assert "short" in definition
    with connected(tmp_path, "crm", definition, server) as desk:
        assert desk.do(UPDATE)["status"] == "executed"
    assert server.sent() == [None]
