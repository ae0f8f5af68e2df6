"""A GraphQL API on a real implementation of the language: types of variables, validation and null rules are its own."""

from __future__ import annotations

from typing import Any

import graphql

from tests.servers.vendor import Received, Reply, VendorServer

SCHEMA = """
type Query { people(first: Int!, after: String): PersonConnection! }
type PersonConnection { nodes: [Person!]! pageInfo: PageInfo! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Person { id: Int! name: String! score: Float tags: [String!]! address: Address secret: String }
type Address { city: String zip: String }
input AddressInput { city: String zip: String }
input PersonInput { name: String score: Float tags: [String!] address: AddressInput }
type UserError { field: [String!] message: String! }
type PersonPayload { person: Person userErrors: [UserError!]! }
type DeletePayload { success: Boolean! deletedId: Int }
type Mutation {
  personUpdate(id: Int!, input: PersonInput!): PersonPayload
  personCreate(input: PersonInput!): PersonPayload
  personDelete(id: Int!): DeletePayload
}
"""


class GraphqlStore(VendorServer):
    """People of whom Cyd may not be renamed, and whose secret cannot be read."""

    def __init__(self) -> None:
        super().__init__()
        self.schema = graphql.build_schema(SCHEMA)
        self.rows = {
            n: {"id": n, "name": name, "score": n * 1.5, "tags": [f"t{n}"], "address": {"city": "Bern", "zip": f"{n}"}}
            for n, name in enumerate(("Ada", "Bob", "Cyd"), 1)
        }

    def answer(self, request: Received) -> Reply:
        if request.method != "POST" or request.path != "/graphql":
            return Reply({"message": "POST /graphql"}, 404)
        if request.headers.get("content-type") != "application/json":
            return Reply({"errors": [{"message": "application/json is needed"}]}, 415)
        asked = request.json
        result = graphql.graphql_sync(
            self.schema, asked["query"], root_value=self, variable_values=asked.get("variables")
        )
        return Reply(result.formatted, 200 if result.data is not None or not result.errors else 400)

    # What follows are the root's fields: graphql-core calls them with `info` and the field's arguments.

    def people(self, _: Any, first: int, after: str | None = None) -> dict[str, Any]:
        left = [row for number, row in sorted(self.rows.items()) if number > int(after or 0)]
        nodes = left[:first]
        more = len(left) > first
        return {"nodes": nodes, "pageInfo": {"hasNextPage": more, "endCursor": str(nodes[-1]["id"]) if more else None}}

    def personUpdate(self, _: Any, id: int, input: dict[str, Any]) -> dict[str, Any] | None:  # noqa: A002, N802 - the schema's names
        if id not in self.rows:
            raise graphql.GraphQLError(f"there is no person {id}")
        if "name" in input and self.rows[id]["name"] == "Cyd":
            return {"person": None, "userErrors": [{"field": ["name"], "message": "Cyd keeps her name"}]}
        if input.get("name") == "nothing":
            return None
        self.rows[id] |= input
        return {"person": self._shown(id), "userErrors": []}

    def personCreate(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        number = max(self.rows) + 1
        self.rows[number] = {"id": number, "tags": [], **input}
        return {"person": self._shown(number), "userErrors": []}

    def personDelete(self, _: Any, id: int) -> dict[str, Any]:  # noqa: A002, N802
        gone = self.rows.pop(id, None)
        return {"success": gone is not None, "deletedId": id if gone else None}

    def _shown(self, number: int) -> dict[str, Any]:
        def secret(_: Any) -> str:
            raise graphql.GraphQLError("not for you")

        return {**self.rows[number], "secret": secret}

    def mutations(self) -> list[dict[str, Any]]:
        """Return the variables of what was asked to change."""
        return [r.json["variables"] for r in self.requests if r.json["query"].startswith("mutation")]
