"""A GraphQL connector's claims: each document is valid in the vendor's schema, and paths lead to what is selected.

A document's answer and its variables become schemas in OpenAPI's words, so that the same questions can be put to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import graphql

from dinobase.kinds.paginate.relay import Relay
from dinobase.spec.models import Connector, Resource, WriteEndpoint
from tests.connectors.claims import Claim, field_claim, place_claim
from tests.connectors.openapi import Node

Json: TypeAlias = Any

_SCALARS = {"Int": "integer", "Float": "number", "Boolean": "boolean", "ID": "string", "String": "string"}
_DEEPEST = 4


@cache
def read_schema(path: Path) -> graphql.GraphQLSchema:
    """Read a schema."""
    return graphql.build_schema(path.read_text(encoding="utf-8"), assume_valid=True)


def graph_claims(connector: Connector, path: Path) -> Iterator[Claim]:
    """Yield every claim of a connector."""
    schema = read_schema(path)
    for resource in connector.resources:
        yield from _resource(f"resources.{resource.name}", resource, connector, schema)
    for write in connector.write_endpoints:
        yield from _write(f"write_endpoints.{write.name}", write, schema)


def _resource(at: str, resource: Resource, connector: Connector, schema: graphql.GraphQLSchema) -> Iterator[Claim]:
    document = resource.query or ""
    yield _document(f"{at}.query", document, schema)
    answer = answer_of(document, schema)
    if answer is None:
        return
    found = answer.at(resource.data_selector or "$")
    record = (found.items() or found) if found is not None else None
    wrong = f"`{resource.data_selector}` leads to no records"
    yield place_claim("data_selector", f"{at}.data_selector", record, wrong)
    pager = resource.paginator or connector.client.paginator
    if isinstance(pager, Relay):
        for name in ("hasNextPage", "endCursor"):
            place = f"{pager.page_info_path}.{name}"
            yield place_claim("paginator", f"{at}.paginator.{name}", answer.at(place), f"`{place}` is not selected")
    for name in ("cursor_path", "has_more_path", "total_path"):
        place = getattr(pager, name, "")
        if place:
            yield place_claim("paginator", f"{at}.paginator.{name}", answer.at(place), f"`{place}` is not selected")
    if record is None:
        return
    keys = [resource.primary_key] if isinstance(resource.primary_key, str) else resource.primary_key or []
    for key in keys:
        if not key.startswith("_"):
            yield field_claim("primary_key", f"{at}.primary_key", key, record, resource.lift)
    if resource.incremental is not None and resource.incremental.cursor_path:
        place = resource.incremental.cursor_path
        yield field_claim("incremental", f"{at}.incremental.cursor_path", place, record, resource.lift)
    for name, column in resource.columns.items():
        if not name.startswith("_"):
            yield field_claim("column", f"{at}.columns.{name}", name, record, resource.lift)
            node = record.at(name)
            allowed = node.enum() if node is not None else set()
            if column.values and allowed:
                more = sorted(str(v) for v in set(column.values) - allowed)
                wrong = f"not in the schema: {', '.join(more)}" if more else ""
                yield Claim("values", f"{at}.columns.{name}.values", wrong)
    yield from _variables(at, document, resource.variables, schema)


def _write(at: str, write: WriteEndpoint, schema: graphql.GraphQLSchema) -> Iterator[Claim]:
    document = write.mutation or ""
    yield _document(f"{at}.mutation", document, schema)
    answer = answer_of(document, schema)
    if answer is None:
        return
    yield from _variables(at, document, write.variables, schema)
    if write.response_path:
        found, wrong = answer.at(write.response_path), f"`{write.response_path}` is not selected"
        yield place_claim("write", f"{at}.response_path", found, wrong)
    body: Node | None = variables_of(document, schema)
    if write.request_body_path:
        yield field_claim("write", f"{at}.request_body_path", write.request_body_path, body, [])
        body = body.at(write.request_body_path) if body else None
    columns = write.columns or []
    for path in columns.values() if isinstance(columns, dict) else columns:
        yield field_claim("write", f"{at}.columns.{path}", path, body, [])


def _document(subject: str, document: str, schema: graphql.GraphQLSchema) -> Claim:
    try:
        wrong = [error.message for error in graphql.validate(schema, graphql.parse(document))]
    except graphql.GraphQLError as error:
        wrong = [error.message]
    return Claim("document", subject, "; ".join(wrong[:5]))


def _variables(at: str, document: str, given: Json, schema: graphql.GraphQLSchema) -> Iterator[Claim]:
    """Hold the given variables against their types; a placeholder fits everywhere."""
    declared = variables_of(document, schema)
    for path in _paths(given):
        yield field_claim("variable", f"{at}.variables.{'.'.join(path)}", ".".join(path), declared, [])


def _paths(value: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _paths(inner, (*path, key))
        else:
            yield (*path, key)


@cache
def answer_of(document: str, schema: graphql.GraphQLSchema) -> Node | None:
    """Return the schema of a document's answer: what is selected and no more."""
    try:
        tree = graphql.parse(document)
    except graphql.GraphQLError:
        return None
    fragments = {d.name.value: d for d in tree.definitions if isinstance(d, graphql.FragmentDefinitionNode)}
    operation = next((d for d in tree.definitions if isinstance(d, graphql.OperationDefinitionNode)), None)
    if operation is None:
        return None
    root = schema.get_root_type(operation.operation)
    data = _selected(root, operation.selection_set, fragments, schema)
    return Node({"type": "object", "properties": {"data": data}}, {})


def _selected(of: Any, selection: Any, fragments: Json, schema: graphql.GraphQLSchema) -> Json:
    properties: dict[str, Json] = {}
    for node in selection.selections:
        if isinstance(node, graphql.FieldNode):
            field = getattr(of, "fields", {}).get(node.name.value)
            if field is not None:
                name = (node.alias or node.name).value
                properties[name] = _output(field.type, node.selection_set, fragments, schema)
            continue
        if isinstance(node, graphql.FragmentSpreadNode):
            node = fragments[node.name.value]  # noqa: PLW2901 - a fragment is read as what it stands for
        condition = node.type_condition
        inner = schema.type_map.get(condition.name.value) if condition else of
        properties |= _selected(inner, node.selection_set, fragments, schema)["properties"]
    return {"type": "object", "properties": properties}


def _output(of: Any, selection: Any, fragments: Json, schema: graphql.GraphQLSchema) -> Json:
    if isinstance(of, graphql.GraphQLNonNull):
        return _output(of.of_type, selection, fragments, schema)
    if isinstance(of, graphql.GraphQLList):
        return {"type": "array", "items": _output(of.of_type, selection, fragments, schema)}
    if selection is not None:
        return _selected(of, selection, fragments, schema)
    return _leaf(of)


def _leaf(of: Any) -> Json:
    if isinstance(of, graphql.GraphQLEnumType):
        return {"type": "string", "enum": list(of.values)}
    name = of.name
    if "date" in name.lower() and "time" in name.lower():
        return {"type": "string", "format": "date-time"}
    if name in {"Date", "TimelessDate", "ISO8601Date"}:
        return {"type": "string", "format": "date"}
    if "json" in name.lower():
        return {}
    return {"type": _SCALARS.get(name, "string")}


@cache
def variables_of(document: str, schema: graphql.GraphQLSchema) -> Node:
    """Return the schema of a document's variables."""
    properties: dict[str, Json] = {}
    required = []
    for definition in graphql.parse(document).definitions:
        for variable in getattr(definition, "variable_definitions", None) or ():
            of = graphql.type_from_ast(schema, variable.type)
            if of is not None:
                properties[variable.variable.name.value] = _input(of, 0)
                if isinstance(of, graphql.GraphQLNonNull):
                    required.append(variable.variable.name.value)
    return Node({"type": "object", "properties": properties, "required": required}, {})


@cache  # of a few hundred types millions of values are made up
def _input(of: Any, depth: int) -> Json:
    if isinstance(of, graphql.GraphQLNonNull):
        return _input(of.of_type, depth)
    if isinstance(of, graphql.GraphQLList):
        return {"type": "array", "items": _input(of.of_type, depth)}
    if isinstance(of, graphql.GraphQLInputObjectType):
        if depth > _DEEPEST:
            return {}
        properties = {name: _input(field.type, depth + 1) for name, field in of.fields.items()}
        required = [
            n
            for n, f in of.fields.items()
            if isinstance(f.type, graphql.GraphQLNonNull) and f.default_value is graphql.Undefined
        ]
        return {"type": "object", "properties": properties, "required": required}
    return _leaf(of)
