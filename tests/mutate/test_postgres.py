"""Writes whose journal is in PostgreSQL, shared by two machines: the same records, and no mutation applied twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from dinobase.core import clock
from dinobase.core.errors import DinobaseError, QueryError, UnknownName
from dinobase.mutate.keeping import drop_old
from tests.mutate.desk import Desk
from tests.servers import crm
from tests.servers.vendor import Received, Reply, VendorServer, serving

CONNECTOR = crm.definition(attempts=2)


class Crm(VendorServer):
    """The first change waits for `release` while `hold` is set; `refused` answers so many changes with a 422."""

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[int, dict[str, Any]] = {n: {"id": n, "name": f"P{n}"} for n in (1, 2, 3)}
        self.hold = False
        self.refused = ""
        self.arrived, self.release = threading.Event(), threading.Event()

    def answer(self, request: Received) -> Reply:
        identity = request.path.strip("/").partition("/")[2]
        if request.method == "GET":
            if not identity:
                return Reply({"data": list(self.people.values())})
            return Reply(self.people.get(int(identity)), 200 if int(identity) in self.people else 404)
        if self.refused:
            return Reply(self.refused, 422)
        if request.method == "POST":
            number = max(self.people) + 1
            self.people[number] = {"id": number, **request.json}
            return Reply(self.people[number], 201)
        if request.method == "DELETE":
            del self.people[int(identity)]
            return Reply(None, 204)
        self.people[int(identity)] |= request.json
        return Reply(self.people[int(identity)])

    def sent(self) -> list[str]:
        return [f"{r.method} {r.path}" for r in self.requests if r.method != "GET"]


@pytest.fixture
def machines(tmp_path: Path, postgres: str) -> Iterator[tuple[Desk, Desk, Crm]]:
    """Two workspaces on one catalog."""
    storage = {"url": str(tmp_path / "data"), "catalog": postgres}
    server = Crm()
    with serving(server):
        config = yaml.safe_dump({"storage": storage})
        both = [Desk(tmp_path / name, "crm", CONNECTOR.replace("URL", server.url), {}, config) for name in "ab"]
        both[0].sync()
        yield both[0], both[1], server


def test_a_write_is_planned_on_one_machine_and_confirmed_on_the_other(machines: tuple[Desk, Desk, Crm]) -> None:
    here, there, server = machines
    planned = here.write("UPDATE crm.people SET name = 'O''Brien \N{SNOWMAN}' WHERE id = 1")
    assert there.confirm(planned)["status"] == "executed"
    assert server.people[1]["name"] == "O'Brien \N{SNOWMAN}"
    assert here.rows("SELECT name FROM crm.people WHERE id = 1") == [("O'Brien \N{SNOWMAN}",)]
    with pytest.raises(QueryError) as caught:
        here.confirm(planned)
    assert caught.value.error_code == "write.state"
    assert here.engine.verify() == there.engine.verify()


def test_a_life_of_a_mutation_is_the_same_as_with_a_file(machines: tuple[Desk, Desk, Crm]) -> None:
    here, there, server = machines
    done = here.do("INSERT INTO crm.people (name) VALUES ('made'); DELETE FROM crm.people WHERE id = 3")
    assert (done["status"], done["succeeded"], sorted(server.people)) == ("executed", 2, [1, 2, 4])
    undone = there.confirm(there.engine.undo(done["mutations"][0]["mutation_id"]))
    assert (undone["status"], sorted(server.people)) == ("executed", [1, 2])
    cancelled = here.write("UPDATE crm.people SET name = 'x'", "bot")
    assert here.engine.cancel(cancelled["mutation_id"], identity="bot")["status"] == "cancelled"
    with pytest.raises(UnknownName):
        here.engine.show(done["mutations"][0]["mutation_id"], identity="bot")
    listed = here.rows("SELECT operation, status FROM _dinobase.mutations ORDER BY created_at, operation")
    assert [status for _, status in listed] == ["executed", "executed", "executed", "cancelled"]
    assert here.rows("SELECT count(*) FROM _dinobase.mutation_steps WHERE status = 'done'") == [(3,)]
    assert here.engine.verify()["status"] == "intact"


def test_what_failed_goes_on_from_either_machine(machines: tuple[Desk, Desk, Crm]) -> None:
    here, there, server = machines
    server.refused = "no\x00t now"  # PostgreSQL keeps no such character
    done = here.do("UPDATE crm.people SET name = 'new'")
    assert (done["status"], done["failed"], done["not_tried"]) == ("failed", 1, 2)
    assert "now" in done["steps"][0]["error"]
    server.refused = ""
    resumed = there.engine.resume(done["mutation_id"], human=True)
    assert (resumed["status"], resumed["succeeded"]) == ("executed", 3)
    assert there.engine.verify()["status"] == "intact"


def test_a_journal_in_postgresql_that_was_altered_is_found(machines: tuple[Desk, Desk, Crm]) -> None:
    here, _, _ = machines
    here.do("UPDATE crm.people SET name = 'new' WHERE id = 1")
    with psycopg.connect(here.workspace.config().storage.catalog, autocommit=True) as connection:
        connection.execute("UPDATE dinobase.mutation_journal SET facts = '{}' WHERE place = 2")
    with pytest.raises(DinobaseError, match="journal was altered"):
        here.engine.verify()


def test_while_one_machine_applies_a_mutation_the_other_does_not(machines: tuple[Desk, Desk, Crm]) -> None:
    here, there, server = machines
    planned = here.write("UPDATE crm.people SET name = 'new' WHERE id = 1")
    results: list[Any] = []
    with here.engine._alone(here.engine.journal.find(planned["mutation_id"])):
        applying = threading.Thread(target=lambda: results.append(_tried(there, planned)))
        applying.start()
        applying.join(60)
    assert (results, server.sent()) == (["write.busy"], [])
    assert there.confirm(planned)["status"] == "executed"
    assert server.sent() == ["PATCH /people/1"]


def _tried(desk: Desk, planned: Any) -> Any:
    try:
        return desk.confirm(planned)["status"]
    except QueryError as error:
        return error.error_code


def test_a_record_is_forgotten_and_old_bodies_dropped_there_too(
    machines: tuple[Desk, Desk, Crm], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, server = machines
    server.people[2]["name"] = "Quetzalcoatlus-7731"
    here.sync()
    here.do("UPDATE crm.people SET name = 'Zz-later' WHERE id = 2")
    kept = here.do("UPDATE crm.people SET name = 'kept' WHERE id = 1")
    done = there.workspace.forget("crm.people", "2")
    assert (done.rows, done.mutations) == (1, 1)
    catalog = here.workspace.config().storage.catalog
    with psycopg.connect(catalog) as connection:
        names = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('dinobase', 'lake_crm')"
        ).fetchall()
        for schema, table in names:
            rows = connection.execute(f"SELECT t::text FROM {schema}.{table} t".encode()).fetchall()
            assert not [row for row in rows if "Quetzal" in row[0] or "Zz-later" in row[0]], table
    assert here.engine.verify()["status"] == "intact"
    later = clock.now() + timedelta(days=91)
    monkeypatch.setattr("dinobase.mutate.keeping.now", lambda: later)
    assert drop_old(here.paths.state, catalog, timedelta(days=90)) == 1
    assert there.engine.show(kept["mutation_id"])["preview"] is None
    assert there.engine.verify()["status"] == "intact"
