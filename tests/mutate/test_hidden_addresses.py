"""A request's address is shown in the preview: it carries no value that its writer does not see."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.errors import QueryError
from tests.mutate.desk import connected
from tests.servers.vendor import Received, Reply, VendorServer

CONNECTOR = """
name: list
client: {base_url: "URL"}
resources:
- name: members
  endpoint: {path: members, data_selector: data}
  primary_key: id
  columns: {email: {pii: email}}
write_endpoints:
- {name: update_member, method: PATCH, path: "by-mail/{email}", params: {id: "{id}"}, columns: [note]}
- {name: create_member, method: PUT, path: "by-mail/{email}"}
"""


class Members(VendorServer):
    def answer(self, request: Received) -> Reply:
        row = {"id": 1, "email": "ada@secret.example", "note": "x"}
        return Reply({"data": [row]} if request.method == "GET" else row)


def test_a_writer_who_does_not_see_a_column_makes_no_request_with_it_in_the_address(tmp_path: Path) -> None:
    server = Members()
    with connected(tmp_path, "list", CONNECTOR, server) as desk:
        desk.configure("access: {bot: {pii: mask}}")
        with pytest.raises(QueryError) as caught:
            desk.write("UPDATE list.members SET note = 'y' WHERE id = 1", "bot")
        assert caught.value.error_code == "write.masked"
        assert "secret.example" not in str(caught.value.as_dict())
        own = desk.write("INSERT INTO list.members (email, note) VALUES ('new@x', 'n')", "bot")
        seen = desk.write("UPDATE list.members SET note = 'y' WHERE id = 1")
        assert desk.confirm(seen)["status"] == "executed"
    assert own["preview"]["requests"][0]["url"] == f"{server.url}/by-mail/new%40x"
    assert seen["preview"]["requests"][0]["url"] == f"{server.url}/by-mail/ada%40secret.example?id=1"
