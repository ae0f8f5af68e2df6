"""What a connector file claims about an API, each claim held against the vendor's own specification."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from dinobase.kinds.auth import Auth
from dinobase.kinds.auth.api_key import ApiKey
from dinobase.kinds.auth.http_basic import HttpBasic
from dinobase.kinds.read.rest import varies
from dinobase.kinds.template import placeholders, render_known
from dinobase.load.naming import snake
from dinobase.spec.models import Connector, Endpoint, Resource, WriteEndpoint
from dinobase.spec.writes import operation_of
from tests.connectors.openapi import Node, Operation, Vendor, base_name

Json: TypeAlias = Any
_TRAILING = re.compile(r"\[\d*\]$")


@dataclass(frozen=True, slots=True)
class Claim:
    """`subject` is a place in the file; `wrong` says what the specification has instead, "" where it agrees.

    `left_open`: it agrees because it says nothing, as a free map has nothing against any name.
    """

    kind: str
    subject: str
    wrong: str = ""
    left_open: bool = False

    @property
    def confirmed(self) -> bool:
        """Tell whether the specification says so itself."""
        return not self.wrong and not self.left_open


def claims(connector: Connector, own_columns: dict[str, dict[str, Json]], vendor: Vendor) -> Iterator[Claim]:
    """Yield every claim; `own_columns` are those that the file has beside its defaults."""
    ask = asker(connector, vendor)
    if connector.check is not None:
        path = connector.check.path
        operation = ask.operation(connector.check.method, path, None)
        yield _path_claim("check", connector.check.method, path, operation)
        yield from _parameter_claims("check", connector.check.params, operation)
    yield from _authentication(connector, vendor)
    for resource in connector.resources:
        yield from _resource(ask, resource, own_columns.get(resource.name, {}))
    for resource in connector.resources:
        yield from _relationships(ask, resource)
    for write in connector.write_endpoints:
        yield from _write(ask, write)


def asker(connector: Connector, vendor: Vendor) -> Asker:
    """Return what finds a connector's operations in the specification."""
    known = {c.name: c.default for c in connector.credentials if c.default}
    base = urlsplit(render_known(connector.client.base_url, known)).path.rstrip("/")
    return Asker(connector, vendor, known, base, {})


def _authentication(connector: Connector, vendor: Vendor) -> Iterator[Claim]:
    """Hold each way to authenticate against the security schemes; where there are none, nothing is claimed."""
    schemes = vendor.security()
    ways = {"client.auth": connector.client.auth} | {f"auth_methods.{n}": a for n, a in connector.auth_methods.items()}
    for at, auth in ways.items():
        if auth is not None and auth.type != "none" and schemes:
            shown = ", ".join(sorted({str(scheme.get("scheme") or scheme.get("type")) for scheme in schemes}))
            fits = any(_fits(auth, scheme) for scheme in schemes)
            yield Claim("auth", at, "" if fits else f"{auth.type} is none of {shown}")


def _fits(auth: Auth, scheme: Json) -> bool:
    kind, name = str(scheme.get("type", "")).lower(), str(scheme.get("name", "")).lower()
    word = str(scheme.get("scheme", "")).lower()
    token = kind in {"oauth2", "openidconnect"} or word == "bearer" or (kind == "apikey" and name == "authorization")
    if isinstance(auth, HttpBasic):
        return word == "basic" or kind == "basic"
    if isinstance(auth, ApiKey):
        same = kind == "apikey" and name == auth.name.lower() and scheme.get("in") == auth.location
        return same or (token and auth.name.lower() == "authorization")
    return token


@dataclass(frozen=True, slots=True)
class Asker:
    """Finds operations; `records` are the record schemas that were found so far, by resource."""

    connector: Connector
    vendor: Vendor
    known: dict[str, str]
    base: str
    records: dict[str, Node | None]

    def operation(self, method: str, path: str, base_url: str | None) -> Operation | None:
        """Return what the specification has of a request."""
        base = urlsplit(base_url).path.rstrip("/") if base_url else self.base
        rendered = render_known(path, self.known)
        full = rendered if "://" in rendered else f"{base}/{rendered.lstrip('/')}"
        host = urlsplit(full if "://" in full else base_url or self.connector.client.base_url).netloc
        return self.vendor.find(method, urlsplit(full).path if "://" in full else full.split("?", 1)[0], host)

    def whole_path(self, resource: Resource) -> str:
        """Return the path; a parent's field that is an address stands in it as the specification's example."""
        path = resource.endpoint.path or ""
        if resource.parent is not None:
            parent = self.records.get(resource.parent.resource)
            field = parent.at(resource.parent.field) if parent is not None else None
            for node in field.variants() if field is not None else ():
                example = node.schema.get("example")
                if isinstance(example, str) and "://" in example:
                    return path.replace(f"{{+{resource.parent.param}}}", example)
        return path


def _resource(ask: Asker, resource: Resource, columns: dict[str, Json]) -> Iterator[Claim]:
    at, endpoint = f"resources.{resource.name}", resource.endpoint
    path = ask.whole_path(resource)
    operation = ask.operation(endpoint.method, path, endpoint.base_url)
    yield _path_claim(f"{at}.path", endpoint.method, path, operation)
    if operation is None:
        return
    in_path = {hole.name for hole in placeholders(endpoint.path or "")}
    params = {key: value for key, value in endpoint.params.items() if key not in in_path}
    yield from _parameter_claims(at, params, operation)
    yield from _body_claims(f"{at}.body", endpoint.body, operation)
    for name in (name for name, text in endpoint.headers.items() if varies(text)):
        known = operation.headers()
        wrong = "" if name.lower() in known else f"{', '.join(sorted(known)) or 'no header'} can be sent"
        yield Claim("parameter", f"{at}.headers.{name}", wrong)
    answer = operation.answer()
    if answer is None:
        yield Claim("answer", f"{at}.answer", "the specification shows no answer")
        return
    yield from _paginator(at, ask.connector, endpoint, operation, answer)
    record = record_of(answer, endpoint.data_selector)
    ask.records[resource.name] = record
    selector = endpoint.data_selector or "(none)"
    yield place_claim("data_selector", f"{at}.data_selector", record, f"`{selector}` leads to no records")
    if record is None:
        return
    yield from _fields(at, ask, resource, record, columns)
    if resource.retrieve is not None:
        found = ask.operation("GET", resource.retrieve.path, endpoint.base_url)
        yield _path_claim(f"{at}.retrieve", "GET", resource.retrieve.path, found)
        yield from _parameter_claims(f"{at}.retrieve", resource.retrieve.params, found)
    if resource.fields is not None:
        found = ask.operation("GET", resource.fields.path, endpoint.base_url)
        yield _path_claim(f"{at}.fields", "GET", resource.fields.path, found)
        yield from _parameter_claims(f"{at}.fields", resource.fields.params, found)


def record_of(answer: Node, selector: str | None) -> Node | None:
    """Return the schema of the records in an answer."""
    if selector is not None:
        node = answer.at(selector)
        return None if node is None else node.items() or node
    whole = answer.items()
    if whole is not None and not answer.open:
        return whole
    lists = [
        items
        for node in answer.variants()
        for name in node.schema.get("properties", {})
        if (child := node.child(name)) is not None and not child.open and (items := child.items()) is not None
    ]
    return lists[0] if len(lists) == 1 else None


def _fields(at: str, ask: Asker, resource: Resource, record: Node, columns: dict[str, Json]) -> Iterator[Claim]:
    keys = [resource.primary_key] if isinstance(resource.primary_key, str) else resource.primary_key or []
    for key in keys:
        yield field_claim("primary_key", f"{at}.primary_key", key, record, resource.lift)
    if resource.incremental is not None and resource.incremental.cursor_path:
        cursor = resource.incremental.cursor_path
        yield field_claim("incremental", f"{at}.incremental.cursor_path", cursor, record, resource.lift)
    if resource.parent is not None:
        parent = ask.records.get(resource.parent.resource)
        if parent is not None:
            yield field_claim("parent", f"{at}.parent.field", resource.parent.field, parent, [])
    for name in resource.lift:
        if columns or name:
            yield field_claim("lift", f"{at}.lift", name, record, [])
    for name, column in columns.items():
        if name.startswith("_"):
            continue
        subject = f"{at}.columns.{name}"
        yield field_claim("column", subject, name, record, resource.lift)
        node = _find(record, name, resource.lift)
        values, allowed = set((column or {}).get("values") or []), node.enum() if node else set()
        if values and allowed:
            more = ", ".join(sorted(str(value) for value in values - allowed))
            yield Claim("values", f"{subject}.values", f"not in the specification: {more}" if more else "")


def _relationships(ask: Asker, resource: Resource) -> Iterator[Claim]:
    for relationship in resource.relationships:
        to = ask.connector.resource(relationship.to)
        sides = [(resource, name) for name in relationship.columns]
        sides += [(to, name) for name in relationship.to_columns if to is not None]
        for side, name in sides:
            record = ask.records.get(side.name)
            if record is not None and not name.startswith("_"):
                subject = f"resources.{resource.name}.relationships.{relationship.to}.{name}"
                yield field_claim("relationship", subject, name, record, side.lift)


def _paginator(
    at: str, connector: Connector, endpoint: Endpoint, operation: Operation, answer: Node
) -> Iterator[Claim]:
    paginator = endpoint.paginator or connector.client.paginator
    if paginator is None:
        return
    for name in ("cursor_path", "next_url_path", "has_more_path", "done_path", "total_path", "total_records_path"):
        path = getattr(paginator, name, "")
        if path:
            yield place_claim("paginator", f"{at}.paginator.{name}", answer.at(path), f"`{path}` is not in the answer")
    in_body = getattr(paginator, "location", "query") == "body"
    for name in ("cursor_param", "offset_param", "limit_param", "page_param", "page_size_param"):
        parameter = getattr(paginator, name, "")
        if parameter and in_body:
            yield from _body_claims(f"{at}.paginator", {parameter: None}, operation)
        elif parameter and endpoint.method == "GET":
            yield from _parameter_claims(f"{at}.paginator", {parameter: None}, operation)
    sizes = {getattr(paginator, "limit_param", ""): getattr(paginator, "limit", None)}
    sizes |= {getattr(paginator, "page_size_param", ""): getattr(paginator, "page_size", None)}
    sizes |= {name: value for name, value in endpoint.params.items() if isinstance(value, int)}
    for name, size in sizes.items():
        most = operation.most(name) if name and size else None
        if most is not None:
            yield Claim(
                "page size",
                f"{at}.params.{name}.size",
                "" if size is not None and size <= most else f"{size} is over {most:g}",
            )
    body_path = getattr(paginator, "cursor_body_path", "")
    if body_path:
        yield from _body_claims(f"{at}.paginator", {body_path: None}, operation)


def _write(ask: Asker, write: WriteEndpoint) -> Iterator[Claim]:
    at = f"write_endpoints.{write.name}"
    operation = ask.operation(write.method, write.path, write.base_url)
    yield _path_claim(f"{at}.path", write.method, write.path, operation)
    if operation is None:
        return
    body = operation.body(form=write.body_format == "form")
    if write.bulk and write.bulk_body_path:
        yield field_claim("write", f"{at}.bulk_body_path", write.bulk_body_path, body, [])
        listed = body.at(write.bulk_body_path) if body else None
        body = listed.items() if listed else None
    if write.request_body_path:
        yield field_claim("write", f"{at}.request_body_path", write.request_body_path, body, [])
        body = body.at(write.request_body_path) if body else None
    if write.idempotency_body_path:
        whole = operation.body(form=write.body_format == "form")
        yield field_claim("write", f"{at}.idempotency_body_path", write.idempotency_body_path, whole, [])
    columns = write.columns or []
    for path in columns.values() if isinstance(columns, dict) else columns:
        yield field_claim("write", f"{at}.columns.{path}", path, body, [])
    yield from _parameter_claims(at, write.params, operation)
    if body is not None and (write.operation or operation_of(write.name)) == "create" and write.columns is not None:
        given = {path.split(".")[0] for path in (columns.values() if isinstance(columns, dict) else columns)}
        given |= {snake(name) for name in given} | set(_fixed_at(write))
        given |= {write.idempotency_body_path} if write.idempotency_body_path else set()
        known = {name for name in body.required() if name in given or snake(name) in {g.split("__")[0] for g in given}}
        for name in sorted(body.required()):
            yield Claim("required", f"{at}.required.{name}", "" if name in known else f"`{name}` is required")
    answer = operation.answer()
    if write.response_path and answer is not None:
        found, wrong = answer.at(write.response_path), f"`{write.response_path}` is not in the answer"
        yield place_claim("write", f"{at}.response_path", found, wrong)


def _fixed_at(write: WriteEndpoint) -> Iterator[str]:
    """Yield the keys that the fixed part of a body gives beside the row's own."""
    inside = write.body
    for step in (write.request_body_path or "").split("."):
        inside = inside.get(step) if isinstance(inside, dict) and step else inside
    yield from inside if isinstance(inside, dict) else ()


def _find(record: Node, name: str, lift: list[str]) -> Node | None:
    """Find a field by its path, or as a column of a lifted object; a place that has it goes before one that may."""
    path = _TRAILING.sub("", name)
    places = [record, *(inside for object_ in lift if (inside := record.at(object_)) is not None)]
    found = [node for place in places if (node := place.at(path)) is not None]
    return next((node for node in found if node.said), found[0] if found else None)


def field_claim(kind: str, subject: str, name: str, record: Node | None, lift: list[str]) -> Claim:
    """Claim that a record has a field, named by its path or as a column."""
    found = _find(record, name, lift) if record is not None else None
    return place_claim(kind, subject, found, f"`{name}` is not there")


def place_claim(kind: str, subject: str, found: Node | None, wrong: str) -> Claim:
    """Claim that a look-up found something; `wrong` is what to say where it did not."""
    return Claim(kind, subject, wrong) if found is None else Claim(kind, subject, left_open=not found.said)


def _path_claim(subject: str, method: str, path: str, operation: Operation | None) -> Claim:
    return Claim("path", subject, "" if operation else f"no {method} {path}")


def _parameter_claims(at: str, params: dict[str, Json], operation: Operation | None) -> Iterator[Claim]:
    known = operation.parameters() if operation is not None else set()
    for name in params:
        wrong = "" if base_name(name) in known else f"{', '.join(sorted(known)) or 'nothing'} can be asked for"
        yield Claim("parameter", f"{at}.params.{name}", wrong)


def _body_claims(at: str, body: Json, operation: Operation) -> Iterator[Claim]:
    schema = operation.body()
    for name in body if isinstance(body, dict) else ():
        yield field_claim("body", f"{at}.{name}", name, schema, [])
