"""A sync that was listing while a write was made does not bring back what the write replaced."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.mutate.desk import Desk, connected
from tests.servers.vendor import Received, Reply, VendorServer

CONNECTOR = """
name: crm
client: {base_url: "URL"}
resources:
- name: people
  endpoint: {path: people, data_selector: data}
  primary_key: id
  deletes: hard
write_endpoints:
- {name: update_person, resource: people, method: PATCH, path: "people/{id}", response_path: $}
- {name: create_person, resource: people, method: POST, path: people, response_path: $}
- {name: delete_person, resource: people, method: DELETE, path: "people/{id}"}
"""


CHANGES = (
    "UPDATE crm.people SET name = 'new' WHERE id = 1; DELETE FROM crm.people WHERE id = 2;"
    "INSERT INTO crm.people (name) VALUES ('made')"
)


class Crm(VendorServer):
    """Holds the answer to a listing back while `hold` is set; what it says was read before."""

    def __init__(self) -> None:
        super().__init__()
        self.people = {n: {"id": n, "name": f"P{n}"} for n in (1, 2, 3)}
        self.hold = False
        self.listed = threading.Event()
        self.release = threading.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        response = await super().handle(request)
        if request.method == "GET" and self.hold:
            self.listed.set()
            while not self.release.is_set():  # noqa: ASYNC110 - set by another thread
                await asyncio.sleep(0.005)  # the event is the test's thread's
        return response

    def answer(self, request: Received) -> Reply:
        identity = request.path.rpartition("/")[2]
        if request.method == "GET":
            return Reply({"data": list(self.people.values())})
        if request.method == "POST":
            self.people[9] = {"id": 9, **request.json}
            return Reply(self.people[9], 201)
        if request.method == "DELETE":
            del self.people[int(identity)]
            return Reply(None, 204)
        self.people[int(identity)] |= request.json
        return Reply(self.people[int(identity)])


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[tuple[Desk, Crm]]:
    server = Crm()
    with connected(tmp_path, "crm", CONNECTOR, server) as desk:
        yield desk, server


def test_a_listing_that_began_before_a_write_does_not_bring_old_values_back(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    server.hold = True
    syncing = threading.Thread(target=desk.sync)
    syncing.start()
    try:
        assert server.listed.wait(60)
        assert desk.do(CHANGES)["status"] == "executed"
    finally:
        server.release.set()
        syncing.join(60)
    written = [(1, "new"), (3, "P3"), (9, "made")]
    assert desk.rows("SELECT id, name FROM crm.people ORDER BY id") == written
    desk.sync()
    assert desk.rows("SELECT id, name FROM crm.people ORDER BY id") == written
    server.people[1]["name"] = "newer"
    desk.sync()
    assert desk.rows("SELECT name FROM crm.people WHERE id = 1") == [("newer",)]
