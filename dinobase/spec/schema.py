"""JSON Schema of the connector file, generated from the models, so that editors complete and check it."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from dinobase.spec import sql_types
from dinobase.spec.models import Connector
from dinobase.spec.validation import model_of

Json: TypeAlias = Any

SCHEMA_URI = "https://json-schema.org/draft/2020-12/schema"


def connector_schema() -> dict[str, Json]:
    """Return the schema; what only the checks know (references, placeholders) it cannot say."""
    schema = model_of(Connector).model_json_schema(mode="validation")
    schema["$schema"] = SCHEMA_URI
    schema["title"] = "Dinobase connector"
    schema["description"] = "One file describes one API: `<name>.yaml`. `dinobase connector validate` checks the rest."
    definitions = schema["$defs"]
    name = {"pattern": "^[a-z][a-z0-9_]*$"}
    for holder in (schema, definitions["Credential"], definitions["Resource"], definitions["WriteEndpoint"]):
        holder["properties"]["name"].update(name)
    definitions["Column"]["properties"]["type"]["examples"] = sorted(set(sql_types.NAMES.values()))
    _by_type(schema)
    _partial_defaults(definitions)
    _require_types(definitions)
    _tidy(schema)
    return dict(sorted(schema.items(), key=lambda item: (item[0] == "$defs", not item[0].startswith("$"))))


def schema_text() -> str:
    """Return the schema as it is committed and printed."""
    return json.dumps(connector_schema(), indent=2, ensure_ascii=False) + "\n"


def _by_type(schema: dict[str, Json]) -> None:
    """Ask an MCP definition for its server, all others for what is requested over HTTP."""
    always = [name for name in schema["required"] if name not in {"client", "resources"}]
    schema["required"] = always
    schema["if"] = {"properties": {"type": {"const": "mcp"}}, "required": ["type"]}
    schema["then"] = {"required": ["server"]}
    schema["else"] = {"required": ["client", "resources"]}


def _partial_defaults(definitions: dict[str, Json]) -> None:
    """Let a resource leave out what resource_defaults gives, and remove it with null."""
    for name, field in definitions["Resource"]["properties"].items():
        if name in definitions["ResourceDefaults"]["properties"] and "$ref" in field:
            reference = {"$ref": field.pop("$ref")}
            field["anyOf"] = [reference, {"type": "null"}]
    columns = definitions["Resource"]["properties"]["columns"]
    columns["additionalProperties"] = {"anyOf": [columns["additionalProperties"], {"type": "null"}]}


def _require_types(definitions: dict[str, Json]) -> None:
    """Make `type` a required key of auth kinds and paginators: it says which one is meant."""
    for definition in definitions.values():
        if "const" in definition.get("properties", {}).get("type", {}):
            required = definition.get("required", [])
            definition["required"] = ["type", *(name for name in required if name != "type")]


def _tidy(node: Json) -> None:
    """Leave out pydantic's titles, which only repeat the keys."""
    if isinstance(node, dict):
        if isinstance(node.get("title"), str) and ("properties" not in node or "$schema" not in node):
            node.pop("title")
        for value in node.values():
            _tidy(value)
    elif isinstance(node, list):
        for value in node:
            _tidy(value)
