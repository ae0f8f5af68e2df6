"""PUT sends the whole record as it is then, with the changes in it; fixed parts, maps, composite places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mutate.desk import Desk, connected
from tests.servers.vendor import Received, Reply, VendorServer

CONNECTOR = """
name: crm
auth_methods:
  admin: {type: api_key, name: X-Admin, api_key: letmein}
client: {base_url: "URL", auth: {type: bearer, token: plain}}
resources:
- name: people
  endpoint: {path: people, data_selector: data}
  primary_key: id
  retrieve: {path: "people/{id}"}
- name: posts
  endpoint: {path: posts, data_selector: data}
  primary_key: id
write_endpoints:
- {name: update_person, resource: people, method: PUT, path: "people/{id}", auth: admin, base_url: "URL/v2"}
- name: update_post
  method: POST
  path: "posts/{slug}/edit"
  request_body_path: post
  body: {notify: false, post: {editor: api}}
  params: {reason: sync}
  columns: {title__rendered: title, tags: tags}
- name: retitle_post
  resource: posts
  operation: update
  method: POST
  path: "posts:mutate"
  request_body_path: "operations[0].update"
  body: {operations: [{updateMask: subtitle, update: {post: "{id}"}}]}
  columns: {subtitle: subtitle}
"""


class Crm(VendorServer):
    def __init__(self) -> None:
        super().__init__()
        self.people: dict[int, dict[str, Any]] = {
            1: {"id": 1, "name": "Ada", "address": {"city": "Berlin", "zip": "1"}, "age": 36}
        }
        self.posts = {7: {"id": 7, "slug": "a/b?c", "title": {"rendered": "Old"}, "tags": ["x"], "subtitle": "s"}}

    def answer(self, request: Received) -> Reply:
        kind, _, identity = request.path.strip("/").removeprefix("v2/").partition("/")
        if request.method == "GET" and not identity:
            return Reply({"data": list(getattr(self, kind).values())})
        if kind == "people":
            if request.method == "PUT":
                self.people[int(identity)] = request.json
            return Reply(self.people[int(identity)])
        return Reply({"ok": True})


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[tuple[Desk, Crm]]:
    server = Crm()
    with connected(tmp_path, "crm", CONNECTOR, server) as desk:
        yield desk, server


def test_put_keeps_what_the_source_has_beside_the_changes(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    planned = desk.write("UPDATE crm.people SET address__city = 'Rome' WHERE id = 1")
    assert any("whole record" in warning for warning in planned["preview"]["warnings"])
    server.people[1] |= {"age": 37, "secret": "kept"}
    assert desk.confirm(planned)["status"] == "executed"
    assert server.people[1] == {
        "id": 1, "name": "Ada", "address": {"city": "Rome", "zip": "1"}, "age": 37, "secret": "kept",
    }  # fmt: skip
    [put] = [r for r in server.requests if r.method == "PUT"]
    assert (put.path, put.headers["x-admin"], put.headers.get("authorization")) == ("/v2/people/1", "letmein", None)


def test_columns_go_where_the_map_says_beside_the_fixed_parts(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    planned = desk.write("UPDATE crm.posts SET title__rendered = 'New', tags = ['a', 'b'] WHERE id = 7")
    assert planned["preview"]["requests"] == [
        {
            "method": "POST",
            "url": f"{server.url}/posts/a%2Fb%3Fc/edit?reason=sync",
            "body": {"notify": False, "post": {"editor": "api", "title": "New", "tags": ["a", "b"]}},
        }
    ]
    assert desk.confirm(planned)["status"] == "executed"
    assert desk.rows("SELECT title__rendered, tags FROM crm.posts") == [("New", ["a", "b"])]


def test_a_value_that_would_lead_elsewhere_is_not_put_into_an_address(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    server.posts[7]["slug"] = ".."
    desk.sync()
    with pytest.raises(Exception, match="cannot stand in an address"):
        desk.write("UPDATE crm.posts SET tags = ['a'] WHERE id = 7")


def test_a_value_that_is_an_address_of_another_host_gets_no_credentials(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    file = desk.root / "connectors" / "crm.yaml"
    desk.define(file.read_text().replace("posts/{slug}/edit", "{+slug}/edit"))
    server.posts[7]["slug"] = "http://127.0.0.1:1/x"
    desk.sync()
    with pytest.raises(Exception, match="at another host than the API"):
        desk.write("UPDATE crm.posts SET tags = ['a'] WHERE id = 7")


def test_a_change_goes_into_the_one_element_of_a_list(crm: tuple[Desk, Crm]) -> None:
    desk, server = crm
    planned = desk.write("UPDATE crm.posts SET subtitle = 'New' WHERE id = 7")
    assert desk.confirm(planned)["status"] == "executed"
    [sent] = [r for r in server.requests if r.path == "/posts:mutate"]
    assert sent.json == {"operations": [{"updateMask": "subtitle", "update": {"post": "7", "subtitle": "New"}}]}
