"""Shapes of records and request bodies, made from the vendor's specification: names and types, no text of the vendor's.

`python -m tests.connectors.prove NAME` writes them beside the proof. A shape without `made_from` is somebody's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from dinobase.load.naming import snake
from dinobase.mutate.endpoints import operation, table_name
from dinobase.spec.models import Connector, Resource, WriteEndpoint
from tests.connectors.claims import asker, record_of
from tests.connectors.emulator.values import ITEMS, OTHERS
from tests.connectors.graphs import answer_of, read_schema, variables_of
from tests.connectors.openapi import Node, Vendor, follow
from tests.connectors.vendors import files, has_specification, read_vendor, schema_file

Json: TypeAlias = Any

_DEEPEST = 3
_FIELDS = 12  # fields of a record beside those that the connector names
_INSIDE = 6
_ALL = 10_000
_VALUES = 12
_FORMATS = {
    "date-time": "date-time",
    "date-time-rfc-2822": "rfc2822",
    "date": "date",
    "email": "email",
    "uri": "uri",
    "url": "uri",
    "uuid": "uuid",
}
_SCALARS = {"string", "integer", "number", "boolean"}
_NUMBERS = {"int32": "integer", "int64": "integer"}
_PLACE = re.compile(r"`((?:resources|write_endpoints|check|client|auth_methods)[\w.\[\]+-]*)`")


def shape(connector: Connector, vendor: str) -> dict[str, Json] | None:
    """Return what a connector's shape file holds; None where no specification is there."""
    path = schema_file(vendor)
    if connector.type == "graphql":
        if path is None:
            return None
        found = _graph(connector, path)
    else:
        used = read_vendor(vendor, hints=not has_specification(vendor))
        if not used.documents:
            return None
        found = rest(connector, used)
    names = [file.name for file in files(vendor, hints=not has_specification(vendor))]
    return {"made_from": names if len(names) < 4 else [f"{names[0].split('.')[0]}.*"], **found}


def rest(connector: Connector, vendor: Vendor) -> dict[str, Json]:
    """Return the shapes of a REST connector's records and bodies."""
    ask = asker(connector, vendor)
    resources: dict[str, Json] = {}
    for resource in connector.resources:
        endpoint = resource.endpoint
        found = ask.operation(endpoint.method, ask.whole_path(resource), endpoint.base_url)
        answer = found.answer() if found is not None else None
        record = record_of(answer, endpoint.data_selector) if answer is not None else None
        ask.records[resource.name] = record
        if answer is None or record is None:
            continue
        schema = compact(record, 0, named_by(connector, resource))
        if not isinstance(schema, dict) or ITEMS in schema or not schema:
            continue
        resources[resource.name] = {"record": schema}
        if endpoint.data_selector is None and _list_name(answer):
            resources[resource.name]["list"] = _list_name(answer)
        whole = answer.at(endpoint.data_selector) if endpoint.data_selector else answer
        if whole is not None and not whole.open and whole.items() is None and "list" not in resources[resource.name]:
            resources[resource.name]["single"] = True
    writes: dict[str, Json] = {}
    for write in connector.write_endpoints:
        operation_ = ask.operation(write.method, write.path, write.base_url)
        body = operation_.body(form=write.body_format == "form") if operation_ is not None else None
        if body is not None:
            record = resources.get(table_name(connector, write), {}).get("record", {})
            writes[write.name] = _with_gaps(_body(write, body), write, record, places(connector))
    return {"resources": resources, "writes": writes}


def places(connector: Connector) -> set[str]:
    """Return the places of the specification that the connector's known gaps name."""
    return {place for gap in connector.known_gaps for place in _PLACE.findall(gap.claim)}


def _with_gaps(found: dict[str, Json], write: WriteEndpoint, record: Json, gaps: set[str]) -> dict[str, Json]:
    """Take in what a known gap says of a body: what is not required, and fields that only the record's schema has."""
    at = f"write_endpoints.{write.name}"
    if "required" in found:
        found["required"] = [name for name in found["required"] if f"{at}.required.{name}" not in gaps]
    if isinstance(found["body"], dict):
        missing = {place.removeprefix(f"{at}.columns.") for place in gaps if place.startswith(f"{at}.columns.")}
        found["body"] |= {name: record.get(name, "json") for name in sorted(missing) if "." not in name}
    return found


def _graph(connector: Connector, path: Any) -> dict[str, Json]:
    schema = read_schema(path)
    resources, writes = {}, {}
    for resource in connector.resources:
        answer = answer_of(resource.query or "", schema)
        found = answer.at(resource.data_selector or "$") if answer is not None else None
        record = (found.items() or found) if found is not None else None
        if record is not None:
            resources[resource.name] = {"record": compact(record, 0, None)}
    for write in connector.write_endpoints:
        body = variables_of(write.mutation or "", schema)
        writes[write.name] = _body(write, body)
    return {"resources": resources, "writes": writes}


def _body(write: WriteEndpoint, body: Node) -> dict[str, Json]:
    """Return a request's body: what the endpoint may send of it; all of it where nothing is named."""
    names: set[str] | None = None
    plain = not write.bulk and not write.mutation
    if write.columns is not None:
        paths = write.columns.values() if isinstance(write.columns, dict) else write.columns
        names = {step for path in paths for step in (path.split(".")[0], path.split("__")[0])}
        names |= set(write.body) if isinstance(write.body, dict) else set()
        nests = f"{write.request_body_path or ''}.{write.bulk_body_path or ''}"
        names |= {part for part in nests.split(".") if part} | body.required() | set(write.variables)
    schema = compact(_taken(write, body), 0, names, most=_ALL if names is None else 0)
    found: dict[str, Json] = {"body": schema if isinstance(schema, dict) else None}
    if operation(write) == "create" and plain and not write.request_body_path and body.required():
        found["required"] = sorted(body.required())
    return found


def _taken(write: WriteEndpoint, body: Node) -> Node:
    """Return the first of several bodies whose fields allow what the endpoint always sends; the body if none does."""
    fixed = write.body if isinstance(write.body, dict) else {}
    for part in _alternatives(body):
        known, _ = _properties(part, 0)
        allowed = {key: compact(known[key], 1) for key in fixed.keys() & known.keys()}
        if all(fixed[key] in values for key, values in allowed.items() if isinstance(values, list)):
            return part
    return body


def _alternatives(body: Node) -> Iterator[Node]:
    """Yield the bodies that a request chooses from, those within them too."""
    schema = follow(body.schema, body.document)
    several = isinstance(schema, dict) and "properties" not in schema
    parts = [part for part in schema.get("oneOf", []) if not _is_null(follow(part, body.document))] if several else []
    for part in parts:
        yield from _alternatives(Node(part, body.document))
    if not parts:
        yield body


def named_by(connector: Connector, resource: Resource) -> set[str]:
    """Return the first names of all fields that the connector says anything of."""
    names: list[str] = [*resource.columns, *resource.lift]
    names += [resource.primary_key] if isinstance(resource.primary_key, str) else resource.primary_key or []
    if resource.incremental is not None:
        names.append(resource.incremental.cursor_path)
    names += [r.parent.field for r in connector.resources if r.parent and r.parent.resource == resource.name]
    names += [name for relationship in resource.relationships for name in relationship.columns]
    for other in connector.resources:
        names += [n for r in other.relationships if r.to == resource.name for n in r.to_columns]
    for write in connector.write_endpoints:
        if table_name(connector, write) == resource.name:
            names += list(write.columns or [])
    return {step for name in names for step in (name.split(".")[0].split("[")[0], name.split("__")[0])}


def compact(node: Node, depth: int, names: Iterable[str] | None = None, most: int = _FIELDS) -> Json:
    """Return a schema in few words; `names` are the fields that must be in it."""
    schema = follow(node.schema, node.document)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return "json"
    for key in ("oneOf", "anyOf"):
        parts = [part for part in schema.get(key, []) if not _is_null(follow(part, node.document))]
        if parts and "properties" not in schema:
            kinds = {compact(Node(part, node.document), depth + 1) for part in parts if _is_scalar(part, node)}
            if len({kind for kind in kinds if isinstance(kind, str)}) > 1:
                return "any"
            plain = [p for p in parts if "enum" not in (follow(p, node.document) or {})]
            return compact(Node((plain or parts)[0], node.document), depth, names, most)
    if "enum" in schema and _kind(schema) not in {"array", "object"}:
        values = [value for value in schema["enum"] if value is not None and value != ""]
        return values[:_VALUES] or "string"
    properties, free = _properties(node, 0)
    if properties:
        return _object(properties, free=free, depth=depth, names=names, most=most)
    if "items" in schema:
        kept = (names, most) if most in {0, _ALL} else (None, _INSIDE)
        return {ITEMS: compact(Node(schema["items"], node.document), depth + 1, *kept)}
    for part in schema.get("allOf", []):
        inner = compact(Node(part, node.document), depth + 1, names, most)
        if inner != "json":
            return inner
    return _plain(schema)


def _is_scalar(part: Json, node: Node) -> bool:
    """Tell whether an alternative is a plain value without a list of its own."""
    schema = follow(part, node.document)
    return isinstance(schema, dict) and "enum" not in schema and _kind(schema) in _SCALARS


def _plain(schema: dict[str, Json]) -> str:
    kind, form = _kind(schema), str(schema.get("format", ""))
    if schema.get("x-is-msdate-time"):  # Xero's mark for `/Date(1573755038314)/`
        return "net"
    if kind == "string":
        return _NUMBERS.get(form, _FORMATS.get(form, "string")) if form not in _NUMBERS else "string"
    if kind in {"integer", "number", "boolean", "any"}:
        return "unix" if form == "unix-time" else kind
    return "json"


def _object(
    properties: dict[str, Node], *, free: bool, depth: int, names: Iterable[str] | None, most: int
) -> dict[str, Json]:
    wanted = set(names or ())
    words = wanted | {snake(name) for name in wanted}
    found: dict[str, Json] = {}
    others = 0
    for key, inner in properties.items():
        mentioned = key in words or snake(key) in words
        others += not mentioned
        if mentioned or others <= (most if depth == 0 or most > _FIELDS else _INSIDE):
            found[key] = compact(inner, depth + 1, names if most == 0 else None, most if most in {0, _ALL} else _INSIDE)
    if free or (len(found) < len(properties) and depth):
        found[OTHERS] = "json"
    return found


def _properties(node: Node, depth: int) -> tuple[dict[str, Node], bool]:
    """Return an object's properties with those of all its parts, and whether it takes others."""
    schema = follow(node.schema, node.document)
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return {}, False
    found = {key: Node(value, node.document) for key, value in (schema.get("properties") or {}).items()}
    free = bool(schema.get("additionalProperties"))
    for part in schema.get("allOf", []):
        more, also = _properties(Node(part, node.document), depth + 1)
        found, free = {**more, **found}, free or also
    return found, free


def _kind(schema: dict[str, Json]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list) and len(set(kind) - {"null"}) > 1 and not set(kind) & {"object", "array"}:
        return "any"
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "")
    if not kind and "properties" in schema:
        return "object"
    return str(kind or "")


def _is_null(schema: Json) -> bool:
    return isinstance(schema, dict) and (schema.get("type") == "null" or schema.get("enum") in ([""], [None]))


def _list_name(answer: Node) -> str:
    lists = [
        name
        for node in answer.variants()
        for name in node.schema.get("properties") or {}
        if (child := node.child(name)) is not None and not child.open and child.items() is not None
    ]
    return lists[0] if len(lists) == 1 else ""
