"""Credential values in a connector: where they are final, where a template stays."""

from __future__ import annotations

from dinobase.kinds.template import render, render_json
from dinobase.spec.load import load_text
from dinobase.spec.models import Connector
from dinobase.spec.resolve import resolve

TEXT = """
name: acme
credentials:
- {name: key}
- {name: host, secret: false, default: eu}
- {name: since, secret: false, required: false}
client:
  base_url: "https://{host}.acme.test/{{v}}/"
  headers: {X-Key: "k {key}"}
  auth: {type: http_basic, username: "{key}", password: ""}
  allow_hosts: ["files.{host}.acme.test"]
auth_methods:
  other:
    type: oauth2
    token_url: "https://{host}/t"
    authorize_url: "https://{host}/a"
    client_id: "{key}"
    client_secret: "{key}"
    grant: client_credentials
    scopes: ["r:{host}"]
check: {path: "accounts/{key}", params: {who: "{key}"}}
resources:
- name: parents
- name: things
  primary_key: id
  endpoint:
    path: "a/{key}/p/{p}/{{x}}"
    params: {since: "{incremental.start_value}", key: "{key}", list: ["{key}", 5]}
    headers: {X: "{key}"}
    base_url: "https://{host}.other.test/"
    data_selector: "{host}.items"
  parent: {resource: parents, field: id, param: p}
  incremental: {cursor_path: at, initial_value: "{since}"}
  retrieve: {path: "a/{key}/{id}", data_selector: item}
write_endpoints:
- name: update_thing
  method: PUT
  path: "{key}/{id}"
  base_url: "https://{host}/"
  headers: {A: "{key}"}
  body: {k: "{key}", v: ["{name}"]}
"""


def resolved(**values: str) -> Connector:
    loaded = load_text(TEXT.encode(), "acme.yaml", stem="acme")
    assert loaded.connector is not None, [str(problem) for problem in loaded.errors]
    return resolve(loaded.connector, values)


def test_client_and_auth_are_final() -> None:
    connector = resolved(key="s3", host="us")
    assert connector.client.base_url == "https://us.acme.test/{v}/"
    assert connector.client.headers == {"X-Key": "k s3"}
    assert connector.client.auth is not None
    assert connector.client.auth.model_dump()["username"] == "s3"
    assert connector.client.allow_hosts == ("files.us.acme.test",)
    other = connector.auth_methods["other"].model_dump()
    assert (other["client_id"], other["scopes"], other["token_url"]) == ("s3", ["r:us"], "https://us/t")


def test_a_default_stands_in_for_a_value_that_is_not_given() -> None:
    assert resolved(key="k").client.base_url == "https://eu.acme.test/{v}/"


def test_requests_stay_templates_for_what_is_known_later() -> None:
    things = resolved(key="k/1", since="2024").resources[1]
    assert things.endpoint.path == "a/k%2F1/p/{p}/{{x}}"
    assert render(things.endpoint.path, {"p": "ä/b"}, in_path=True) == "a/k%2F1/p/%C3%A4%2Fb/{x}"
    assert things.endpoint.params == {"since": "{incremental.start_value}", "key": "k/1", "list": ["k/1", 5]}
    assert things.endpoint.headers == {"X": "k/1"}
    assert (things.endpoint.base_url, things.endpoint.data_selector) == ("https://eu.other.test/", "eu.items")
    assert things.incremental is not None
    assert things.incremental.initial_value == "2024"
    assert things.retrieve is not None
    assert (things.retrieve.path, things.retrieve.data_selector) == ("a/k%2F1/{id}", "item")


def test_braces_in_a_credential_are_never_taken_for_a_placeholder() -> None:
    connector = resolved(key="a{p}b}}", host="h")
    things = connector.resources[1]
    assert render_json(things.endpoint.params, {"incremental.start_value": "1"})["key"] == "a{p}b}}"
    assert things.endpoint.headers == {"X": "a{p}b}}"}
    assert connector.check is not None
    assert render(connector.check.path, {}, in_path=True) == "accounts/a%7Bp%7Db%7D%7D"
    assert render_json(connector.check.params, {}) == {"who": "a{p}b}}"}


def test_write_endpoints_keep_the_rows_columns_as_templates() -> None:
    write = resolved(key="k").write_endpoints[0]
    assert (write.path, write.base_url, write.headers) == ("k/{id}", "https://eu/", {"A": "k"})
    assert write.body == {"k": "k", "v": ["{name}"]}


def test_graphql_documents_are_not_templates() -> None:
    text = """
name: acme
type: graphql
credentials: [{name: cursor}]
client: {base_url: "https://{cursor}.test/"}
resources:
- name: orders
  query: "query($n: Int) { orders(first: $n) {cursor} }"
  variables: {n: "{cursor}"}
  data_selector: data.orders
"""
    loaded = load_text(text.encode(), "acme.yaml", stem="acme")
    assert loaded.connector is not None, [str(problem) for problem in loaded.errors]
    orders = resolve(loaded.connector, {"cursor": "5"}).resources[0]
    assert orders.query == "query($n: Int) { orders(first: $n) {cursor} }"
    assert orders.variables == {"n": "5"}
