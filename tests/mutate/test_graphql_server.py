"""Writes to a server that checks every document and variable against its schema; each is looked up there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutate.desk import Desk, connected
from tests.servers.graphql_store import GraphqlStore
from tests.servers.vendor import Fault, Reply

CONNECTOR = """
name: store
type: graphql
client: {base_url: "URL/graphql", retry: {attempts: 2}}
resources:
- name: people
  query: >-
    query($cursor: String) { people(first: 2, after: $cursor) {
      nodes { id name score tags address { city zip } } pageInfo { hasNextPage endCursor } } }
  data_selector: data.people.nodes
  paginator: {type: relay, page_info_path: data.people.pageInfo}
  primary_key: id
write_endpoints:
- name: update_person
  resource: people
  method: POST
  mutation: >-
    mutation($id: Int!, $input: PersonInput!) { personUpdate(id: $id, input: $input) {
      person { id name score tags address { city zip } } userErrors { field message } } }
  variables: {id: "{id}"}
  request_body_path: input
  response_path: data.personUpdate.person
  columns: [name, score, tags, address__city, address__zip]
- name: create_person
  resource: people
  method: POST
  mutation: >-
    mutation($input: PersonInput!) { personCreate(input: $input) {
      person { id name score tags address { city zip } } userErrors { message } } }
  request_body_path: input
  response_path: data.personCreate.person
  columns: [name, score, tags, address__city, address__zip]
- name: delete_person
  resource: people
  method: POST
  mutation: "mutation($id: Int!) { personDelete(id: $id) { success deletedId } }"
  variables: {id: "{id}"}
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[Desk, GraphqlStore]]:
    server = GraphqlStore()
    with connected(tmp_path, "store", CONNECTOR, server) as desk:
        yield desk, server


def test_an_update_is_shown_sent_seen_and_undone(store: tuple[Desk, GraphqlStore]) -> None:
    desk, server = store
    planned = desk.write("UPDATE store.people SET score = score + 1, address__city = 'Köln' WHERE id = 2")
    assert server.mutations() == []
    [request] = planned["preview"]["requests"]
    assert request["url"] == f"{server.url}/graphql"
    assert request["body"]["variables"] == {"id": 2, "input": {"score": 4.0, "address": {"city": "Köln"}}}
    assert desk.confirm(planned)["status"] == "executed"
    assert server.rows[2]["score"] == 4.0
    assert server.rows[2]["address"] == {"city": "Köln"}  # this API replaces what is nested, and says so
    assert desk.rows("SELECT score, address__city, name FROM store.people WHERE id = 2") == [(4.0, "Köln", "Bob")]
    assert desk.confirm(desk.engine.undo(planned["mutation_id"]))["status"] == "executed"
    assert (server.rows[2]["score"], server.rows[2]["address"]["city"]) == (3.0, "Bern")


def test_values_keep_their_types(store: tuple[Desk, GraphqlStore]) -> None:
    desk, server = store
    desk.do("UPDATE store.people SET name = '7', tags = ['a', 'true'], score = NULL WHERE id = 1")
    [variables] = server.mutations()
    assert variables == {"id": 1, "input": {"name": "7", "tags": ["a", "true"], "score": None}}
    assert server.rows[1] | variables["input"] == server.rows[1]


def test_a_created_row_comes_back_with_its_key_and_its_undo_deletes_it(store: tuple[Desk, GraphqlStore]) -> None:
    desk, server = store
    done = desk.do("INSERT INTO store.people (name, tags) VALUES ('Dan', ['new'])")
    assert [step["key"] for step in done["steps"]] == [{"id": 4}]
    assert desk.rows("SELECT name, tags FROM store.people WHERE id = 4") == [("Dan", ["new"])]
    assert desk.confirm(desk.engine.undo(done["mutation_id"]))["status"] == "executed"
    assert 4 not in server.rows
    assert desk.rows("SELECT id FROM store.people WHERE id = 4") == []


def test_errors_in_the_payload_are_errors_and_stop_what_follows(store: tuple[Desk, GraphqlStore]) -> None:
    desk, server = store
    done = desk.do("UPDATE store.people SET name = upper(name) || '!' WHERE id > 1")
    assert (done["status"], done["succeeded"], done["failed"]) == ("partial", 1, 1)
    assert done["steps"][1]["error"] == "Cyd keeps her name"
    assert [server.rows[n]["name"] for n in (2, 3)] == ["BOB!", "Cyd"]
    assert desk.rows("SELECT name FROM store.people WHERE id > 1 ORDER BY id") == [("BOB!",), ("Cyd",)]


def test_errors_beside_no_data_have_failed(store: tuple[Desk, GraphqlStore]) -> None:
    desk, server = store
    del server.rows[2]
    done = desk.do("UPDATE store.people SET name = 'x' WHERE id = 2")
    assert (done["status"], done["steps"][0]["error"]) == ("failed", "there is no person 2")


def test_an_error_beside_a_payload_leaves_it_unknown_and_it_is_not_sent_again(
    store: tuple[Desk, GraphqlStore],
) -> None:
    desk, server = store
    desk.define((desk.root / "connectors" / "store.yaml").read_text().replace("person { id", "person { secret id"))
    done = desk.do("UPDATE store.people SET name = 'x' WHERE id = 1")
    assert (done["status"], done["unknown"]) == ("partial", 1)
    assert done["steps"][0]["error"] == "not for you"
    desk.engine.resume(done["mutation_id"], human=True)
    assert len(server.mutations()) == 1


def test_an_answer_without_the_record_is_no_success(store: tuple[Desk, GraphqlStore]) -> None:
    desk, _ = store
    done = desk.do("UPDATE store.people SET name = 'nothing' WHERE id = 1")
    assert (done["unknown"], done["steps"][0]["error"]) == (1, "the answer has no record")


def test_a_delete_that_did_not_succeed_has_failed(store: tuple[Desk, GraphqlStore]) -> None:
    desk, server = store
    del server.rows[3]
    done = desk.do("DELETE FROM store.people WHERE id IN (2, 3)")
    assert (done["status"], done["succeeded"], done["failed"]) == ("partial", 1, 1)
    assert sorted(server.rows) == [1]
    assert done["steps"][1]["error"] == "the source says that it did not succeed"


def test_what_the_schema_does_not_take_fails_in_its_words(store: tuple[Desk, GraphqlStore]) -> None:
    desk, server = store
    desk.define((desk.root / "connectors" / "store.yaml").read_text().replace('{id: "{id}"}', '{id: "no {id}"}'))
    done = desk.do("UPDATE store.people SET name = 'x' WHERE id = 1")
    assert (done["status"], done["steps"][0]["http_status"]) == ("failed", 400)
    assert "Int cannot represent non-integer value" in done["steps"][0]["error"]
    assert server.rows[1]["name"] == "Ada"


def test_a_throttled_mutation_was_not_done_and_is_sent_again(store: tuple[Desk, GraphqlStore]) -> None:
    desk, server = store
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    server.faults.append(Fault("/graphql", Reply({"errors": [error], "data": None}), 1))
    assert desk.do("UPDATE store.people SET name = 'x' WHERE id = 1")["status"] == "executed"
    assert len(server.mutations()) == 2


def test_the_key_may_stand_inside_the_input(store: tuple[Desk, GraphqlStore]) -> None:
    desk, _ = store
    text = (desk.root / "connectors" / "store.yaml").read_text()
    desk.define(
        text.replace(
            'variables: {id: "{id}"}\n  request', 'variables: {id: "{id}", input: {zone: "{id}", name: "?"}}\n  request'
        )
    )
    planned = desk.write("UPDATE store.people SET name = 'x' WHERE id = 1")
    assert planned["preview"]["requests"][0]["body"]["variables"] == {"id": 1, "input": {"zone": 1, "name": "x"}}
