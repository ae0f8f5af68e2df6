"""What a record of each resource looks like: from `shapes/<name>.json` where there is one, else from the connector's
own words (columns, keys, cursors, GraphQL selections).

A shape file: `{"resources": {TABLE: {"record": SCHEMA, "list": KEY, "single": true}}, "writes": {ENDPOINT: {"body":
SCHEMA, "required": [...]}}}`; schemas as in `values.py`. `list` names the array where the connector has no
data_selector, `single` an answer that is one record.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import graphql

from dinobase.kinds.template import placeholders, strings
from dinobase.mutate.endpoints import aliases, operation, table_name
from dinobase.spec.models import Column, Connector, Resource
from tests.connectors.emulator.places import field_path, get, put, steps
from tests.connectors.emulator.values import ITEMS, OTHERS, Schema

Json: TypeAlias = Any

SHAPES = Path(__file__).parents[1] / "shapes"
_TIME = re.compile(r"(^|_)(at|on|date|datetime|timestamp|created|updated|modified)$|[a-z](At|On|Date|Time|Timestamp)$")
_SQL = {"BIGINT": "integer", "INTEGER": "integer", "DOUBLE": "number", "BOOLEAN": "boolean", "DATE": "date"}


@dataclass(frozen=True, slots=True)
class Shape:
    """One resource's record, and how its listing answers."""

    record: dict[str, Schema]
    list: str = ""
    single: bool = False


@dataclass(frozen=True, slots=True)
class WriteShape:
    """The body that the vendor allows; None where nobody says."""

    body: dict[str, Schema] | None = None
    required: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shapes:
    """All of a connector's."""

    resources: dict[str, Shape]
    writes: dict[str, WriteShape]


def read(connector: Connector, folder: Path = SHAPES) -> Shapes:
    """Return the shapes of a connector: what its file says, whole in what the connector relies on."""
    path = folder / f"{connector.name}.json"
    written = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    resources = {}
    for resource in connector.resources:
        known = written.get("resources", {}).get(resource.name, {})
        record = known.get("record")
        if not isinstance(record, dict):
            record = _selected(resource) if resource.query else {}
        resources[resource.name] = Shape(
            completed(record, connector, resource, _taken(connector, resource, written.get("writes", {}))),
            known.get("list", ""),
            known.get("single", bool(resource.primary_key) and not keys_of(resource)),  # of its parent's key alone
        )
    writes = {
        write.name: WriteShape(known.get("body"), known.get("required", []))
        for write in connector.write_endpoints
        if (known := written.get("writes", {}).get(write.name, {})) is not None
    }
    return Shapes(resources, writes)


def _taken(connector: Connector, resource: Resource, writes: dict[str, Json]) -> dict[str, Schema]:
    """Return what a table's write endpoints take for each column: what can be written is read back as such."""
    found: dict[str, Schema] = {}
    for write in connector.write_endpoints:
        if table_name(connector, write) != resource.name or write.bulk or write.mutation:
            continue
        body = (writes.get(write.name) or {}).get("body")
        inside = get(body, steps(write.request_body_path)) if write.request_body_path else body
        for column in write.columns or []:
            path = write.columns[column] if isinstance(write.columns, dict) else column.replace("__", ".")
            schema = get(inside, steps(path))
            if schema not in (None, {}, "json", "any"):
                found.setdefault(column, schema)
    return found


def completed(
    record: dict[str, Schema], connector: Connector, resource: Resource, taken: dict[str, Schema]
) -> dict[str, Schema]:
    """Return a record's schema with all that the connector names in it; `taken` has what is written there."""
    lift = [part for part in resource.lift if part]
    for name in lift:
        if get(record, list(steps(name))) in (None, "json"):
            record = put(record, steps(name), {})
    own = [*keys_of(resource), resource.incremental.cursor_path if resource.incremental else ""]
    roots = {steps(name)[0] for name in own if name}
    for name, column in resource.columns.items():
        outside = steps(name.replace("__", "."))[0] in roots
        schema = _of_column(name, column, taken)
        record = _with(record, name, lift, schema, into_lift=not outside, typed=column.type is not None)
    for name in keys_of(resource):
        record = _with(record, name, lift, "string", exact=True)
    for name in addressed(connector, resource):
        record = _with(record, name, lift, "integer" if name in {"number", "iid"} else "string")
    incremental = resource.incremental
    if incremental is not None and incremental.cursor_path:
        style = "date-time" if incremental.format in {None, "iso", "http"} else incremental.format
        record = _with(record, incremental.cursor_path, lift, style, exact=True)
    for child in connector.resources:
        if child.parent is not None and child.parent.resource == resource.name:
            record = _with(record, child.parent.field, lift, "string", exact=True)
    for relationship in resource.relationships:
        for name in relationship.columns:
            record = _with(record, name, lift, "string", into_lift=True)
    return {key: value for key, value in record.items() if key != OTHERS}


def keys_of(resource: Resource) -> list[str]:
    """Return the primary key's own fields; what a parent brings (`_orders_id`) is none of the record's."""
    keys = [resource.primary_key] if isinstance(resource.primary_key, str) else list(resource.primary_key or [])
    return [key for key in keys if not key.startswith("_")]


def addressed(connector: Connector, resource: Resource) -> list[str]:
    """Return the fields that an address names a record by, beside the key and what its parents bring."""
    paths = [resource.retrieve.path] if resource.retrieve else []
    for write in connector.write_endpoints:
        if table_name(connector, write) == resource.name and operation(write) in {"update", "delete"}:
            paths.append(write.path)
            sent = [text for _, text in strings(write.variables)]
            paths += [] if "{id}" in sent else sent  # beside the key, what is only sent along
    above = aliases(connector, resource)
    names = [hole.name for path in paths for hole in placeholders(path)]
    return [n for n in dict.fromkeys(names) if n != "id" and not n.startswith("_") and n not in above and "." not in n]


def guessed(name: str) -> Schema:
    """Return what a field of that name most likely is."""
    word = name.rsplit("__", 1)[-1].rsplit(".", 1)[-1]
    if word.startswith(("is_", "has_")) or re.match(r"(is|has)[A-Z]", word):
        return "boolean"
    return "date-time" if _TIME.search(word) else "string"


def _of_column(name: str, column: Column, taken: dict[str, Schema]) -> Schema:
    if column.values:
        return list(column.values)
    kind = (column.type or "").upper().split("(", 1)[0]
    if kind == "JSON":
        return "json"
    if kind.endswith("[]"):
        return {ITEMS: _SQL.get(kind[:-2]) or "string"}
    if kind.startswith("TIMESTAMP"):
        return "date-time"
    if column.unit in {"epoch_s", "epoch_ms"}:
        return "unix" if column.unit == "epoch_s" else "unix_ms"
    if kind == "DECIMAL":
        return "number"
    if column.unit and kind == "":
        return "integer" if column.unit == "cents" else "number"
    if name in taken and not kind:
        return taken[name]
    if column.pii == "email":
        return "email"
    return _SQL.get(kind) or guessed(name)


def _with(
    record: dict[str, Schema],
    name: str,
    lift: list[str],
    schema: Schema,
    *,
    into_lift: bool = False,
    exact: bool = False,
    typed: bool = False,
) -> dict[str, Schema]:
    """Return the schema with a field where it is missing, says nothing, or is text that the connector reads `typed`."""
    if name.startswith("_"):
        return record
    if "[" in name:
        return _with_array(record, name, schema)
    found = field_path(record, name, lift)
    if found is not None:
        known = get(record, list(found))
        told = (known == "json" and exact) or (
            typed and schema != "json" and isinstance(known, str) and known in {"string", "number"}
        )
        return put(record, list(found), schema) if told else record
    path = [step for step in steps(name.replace("__", ".")) if isinstance(step, str)]
    if into_lift and lift and path[0] not in lift:
        path = [*[str(s) for s in steps(lift[0])], *path]
    for length in range(1, len(path)):
        above = get(record, list(path[:length]))
        if above is not None and not isinstance(above, dict):
            if not exact and above != "json":
                return record
            record = put(record, list(path[:length]), {})
    whole: dict[str, Schema] = put(record, list(path), schema)
    return whole


def _with_array(record: dict[str, Schema], name: str, schema: Schema) -> dict[str, Schema]:
    """Put a field inside an array: `items.data[].price`."""
    head, _, tail = re.sub(r"\[\d*\*?\]", "[]", name).partition("[]")
    path = [step for step in steps(head.replace("__", ".")) if isinstance(step, str)]
    known = get(record, list(path))
    items = known.get(ITEMS) if isinstance(known, dict) else None
    if known is not None and not isinstance(items, dict):
        return record
    inner: Schema = schema
    if tail.strip("."):
        inner = _with(items or {}, tail.strip("."), [], schema)
    whole: dict[str, Schema] = put(record, list(path), {ITEMS: inner})
    return whole


def _selected(resource: Resource) -> dict[str, Schema]:
    """Read the fields that a GraphQL document selects at the data_selector."""
    document = graphql.parse(resource.query or "")
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, graphql.FragmentDefinitionNode)}
    operation = next(d for d in document.definitions if isinstance(d, graphql.OperationDefinitionNode))
    tree = _tree(operation.selection_set, fragments)
    path = [step for step in steps(resource.data_selector or "") if isinstance(step, str)]
    inside = get(tree, list(path[1:] if path[:1] == ["data"] else path))
    return inside if isinstance(inside, dict) else {}


def _tree(selection: Any, fragments: dict[str, Any]) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for node in selection.selections:
        if isinstance(node, graphql.FragmentSpreadNode):
            found |= _tree(fragments[node.name.value].selection_set, fragments)
        elif isinstance(node, graphql.InlineFragmentNode):
            found |= _tree(node.selection_set, fragments)
        elif node.selection_set:
            found[(node.alias or node.name).value] = _tree(node.selection_set, fragments)
        else:
            name = (node.alias or node.name).value
            found[name] = guessed(name)
    return found
