"""GraphQL mutations take the same way: previewed, approved, journaled; errors in a 200 are errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutate.desk import Desk, connected
from tests.servers.vendor import Received, Reply, VendorServer

CONNECTOR = """
name: store
type: graphql
client: {base_url: "URL/graphql"}
resources:
- name: orders
  query: "query { orders { nodes { id note total } } }"
  data_selector: data.orders.nodes
  paginator: {type: single_page}
  primary_key: id
write_endpoints:
- name: update_order
  method: POST
  mutation: >-
    mutation($id: Int!, $input: OrderInput!) { orderUpdate(id: $id, input: $input) { order { id note total } } }
  variables: {id: "{id}", input: "{input}"}
  request_body_path: input
  response_path: data.orderUpdate.order
  columns: [note]
"""


class Store(VendorServer):
    def __init__(self) -> None:
        super().__init__()
        self.orders = {n: {"id": n, "note": f"n{n}", "total": n * 1.5} for n in (1, 2)}

    def answer(self, request: Received) -> Reply:
        body = request.json
        if body["query"].startswith("query"):
            return Reply({"data": {"orders": {"nodes": list(self.orders.values())}}})
        variables = body["variables"]
        if variables["input"]["note"] == "bad":
            return Reply({"errors": [{"message": "note is invalid"}], "data": None})
        self.orders[variables["id"]] |= variables["input"]
        return Reply({"data": {"orderUpdate": {"order": self.orders[variables["id"]]}}})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[Desk, Store]]:
    server = Store()
    with connected(tmp_path, "store", CONNECTOR, server) as desk:
        yield desk, server


def test_a_mutation_gets_the_key_as_a_number_and_the_changes_as_its_input(store: tuple[Desk, Store]) -> None:
    desk, server = store
    planned = desk.write("UPDATE store.orders SET note = 'it''s' WHERE id = 2")
    assert planned["preview"]["requests"][0]["body"]["variables"] == {"id": 2, "input": {"note": "it's"}}
    assert desk.confirm(planned)["status"] == "executed"
    assert server.orders[2]["note"] == "it's"
    assert desk.rows("SELECT note, total FROM store.orders WHERE id = 2") == [("it's", 3.0)]
    assert desk.confirm(desk.engine.undo(planned["mutation_id"]))["status"] == "executed"
    assert server.orders[2]["note"] == "n2"


def test_errors_in_a_200_are_errors(store: tuple[Desk, Store]) -> None:
    desk, server = store
    done = desk.do("UPDATE store.orders SET note = 'bad'")
    assert (done["status"], done["failed"], done["not_tried"]) == ("failed", 1, 1)
    assert done["steps"][0]["error"] == "note is invalid"
    assert server.orders[1]["note"] == "n1"
