"""Credential values go into a connector; afterwards one rule holds for who renders what.

Paths, params, bodies, variables and headers with the cursor stay templates (`{incremental.start_value}`, a parent's
params, columns of a row; literal braces doubled) and are rendered for each request. Everything else is final text.
GraphQL documents are neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dinobase.core import clock
from dinobase.kinds.base import Kind
from dinobase.kinds.incremental import absolute
from dinobase.kinds.read.rest import varies
from dinobase.kinds.template import render, render_json, render_json_known, render_known
from dinobase.spec.fields import Fields
from dinobase.spec.models import Check, Client, Connector, Endpoint, Incremental, Resource, Retrieve, WriteEndpoint
from dinobase.spec.servers import Server

Values = Mapping[str, str]


def resolve(connector: Connector, values: Values) -> Connector:
    """Return the connector with its credentials in; a credential that is not given counts as empty."""
    known = {**{c.name: c.default or "" for c in connector.credentials}, **values}
    return connector.model_copy(
        update={
            "client": _client(connector.client, known),
            "server": _server(connector.server, known) if connector.server else None,
            "auth_methods": {name: _final(auth, known) for name, auth in connector.auth_methods.items()},
            "check": _request(connector.check, known) if connector.check else None,
            "resources": [_resource(resource, known) for resource in connector.resources],
            "write_endpoints": [_request(write, known) for write in connector.write_endpoints],
        }
    )


def _client(client: Client, values: Values) -> Client:
    return client.model_copy(
        update={
            "base_url": render(client.base_url, values),
            "headers": render_json(client.headers, values),
            "auth": _final(client.auth, values) if client.auth else None,
            "allow_hosts": tuple(render(host, values) for host in client.allow_hosts),
        }
    )


def _server(server: Server, values: Values) -> Server:
    return server.model_copy(
        update={
            "command": [render(word, values) for word in server.words],  # split first: a value with spaces is one word
            "env": render_json(server.env, values),
            "cwd": render(server.cwd, values),
            "url": render(server.url, values),
            "headers": render_json(server.headers, values),
            "auth": _final(server.auth, values) if server.auth else None,
        }
    )


def _final(kind: Kind, values: Values) -> Kind:
    """Render every string of an auth kind; lists of strings (scopes) too."""
    update: dict[str, Any] = {}
    for name in type(kind).model_fields:
        value = getattr(kind, name)
        if isinstance(value, str):
            update[name] = render(value, values)
        elif isinstance(value, tuple):
            update[name] = tuple(render(item, values) if isinstance(item, str) else item for item in value)
    return kind.model_copy(update=update)


def _resource(resource: Resource, values: Values) -> Resource:
    return resource.model_copy(
        update={
            "endpoint": _request(resource.endpoint, values),
            "retrieve": _request(resource.retrieve, values) if resource.retrieve else None,
            "fields": _request(resource.fields, values) if resource.fields else None,
            "incremental": _incremental(resource.incremental, values) if resource.incremental else None,
            "variables": render_json_known(resource.variables, values),
            "arguments": render_json_known(resource.arguments, values),
            "data_selector": _selector(resource.data_selector, values),
        }
    )


def _request(part: Endpoint | Retrieve | Fields | WriteEndpoint | Check, values: Values) -> Kind:
    update: dict[str, Any] = {}
    if part.path is not None:
        update["path"] = render_known(part.path, values, in_path=True)
    for name in ("params", "body", "variables"):
        if name in type(part).model_fields:
            update[name] = render_json_known(getattr(part, name), values)
    if isinstance(part, Endpoint | WriteEndpoint):
        update["headers"] = _headers(part, values)
        if part.base_url is not None:
            update["base_url"] = render(part.base_url, values)
    if isinstance(part, Endpoint | Retrieve | Fields):
        update["data_selector"] = _selector(part.data_selector, values)
    return part.model_copy(update=update)


def _headers(part: Endpoint | WriteEndpoint, values: Values) -> dict[str, str]:
    """Render headers; one that carries the cursor stays a template."""
    return {n: render_known(text, values) if varies(text) else render(text, values) for n, text in part.headers.items()}


def _selector(selector: str | None, values: Values) -> str | None:
    return render(selector, values) if selector else selector


def _incremental(incremental: Incremental, values: Values) -> Incremental:
    initial = incremental.initial_value
    if isinstance(initial, str):
        return incremental.model_copy(update={"initial_value": absolute(render(initial, values), clock.now())})
    return incremental
