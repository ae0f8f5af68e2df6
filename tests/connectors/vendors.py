"""Which specification files are a connector's, and what each format says in OpenAPI's words.

Files are named `NAME.json`, `NAME.PART.json` or `NAME.graphql`; `OTHER_NAMES` has the connectors whose vendor's files
are named otherwise. Only what a vendor wrote is proof: sketches and unofficial files are hints.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from tests.connectors.openapi import Document, Vendor

Json: TypeAlias = Any

ROOT = Path(__file__).parents[2]
SPECS = ROOT.parent / "shared" / "specs"

_FILES = "x-files"
# What a document must hold for `_inward` to find anything in it.
_TURNED = re.compile(rb'"\$ref"\s*:\s*"[^#]|"items"\s*:\s*\[')

# connector -> the files' first names
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "hubspot_marketing": ("hubspot",),
    "sheets": ("google_sheets",),
}


@cache
def written_by_vendors() -> frozenset[str]:
    """Return the names of the files that vendors wrote."""
    listed = json.loads((SPECS / "SOURCES.json").read_text(encoding="utf-8"))
    return frozenset(entry["file"] for entry in listed if entry["kind"] == "vendor")


def files(name: str, *, hints: bool = False) -> list[Path]:
    """Return a connector's specification files."""
    if not SPECS.is_dir():
        return []
    found = [
        path
        for first in OTHER_NAMES.get(name, (name,))
        for path in sorted(SPECS.glob(f"{first}.*"))
        if path.suffix in {".json", ".graphql"} and path.name.split(".", 1)[0] == first
    ]
    return [path for path in found if hints or path.name in written_by_vendors()]


@cache
def read_vendor(name: str, *, hints: bool = False) -> Vendor:
    """Read all of a connector's files but GraphQL schemas; what is no specification (fixtures) is left out."""
    documents: dict[str, Document] = {}
    for path in files(name, hints=hints):
        if path.suffix == ".json":
            document = as_openapi(load(path))
            if document is not None:
                documents[path.name] = document
    return Vendor(documents)


def load(path: Path) -> Json:
    """Read a file, the files that its references lead to put inside it."""
    text = path.read_bytes()
    data = json.loads(text)
    if isinstance(data, dict) and "discoveryVersion" in data:  # its references are bare names
        return data
    if not _TURNED.search(text):
        return data
    others: dict[str, Json] = {}
    data = _inward(data, path.parent, others, "")
    return {**data, _FILES: others} if others else data


def _inward(value: Json, folder: Path, others: dict[str, Json], home: str) -> Json:
    """Return a value whose references stay within the document; `home` is the place of the file that it is of."""
    if isinstance(value, list):
        return [_inward(item, folder, others, home) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("items"), list) and value.get("type") != "array":  # Slack's way to write alternatives
        value = {**{key: inner for key, inner in value.items() if key != "items"}, "anyOf": value["items"]}
    reference = value.get("$ref")
    if isinstance(reference, str) and (home or not reference.startswith("#")):
        file, _, place = reference.partition("#")
        there = f"{_FILES}/{file}" if file else home
        if file and file not in others and (folder / file).is_file():
            others[file] = {}  # files may name each other
            others[file] = _inward(json.loads((folder / file).read_bytes()), folder, others, there)
        return {"$ref": f"#/{there}{place}"}
    return {key: _inward(inner, folder, others, home) for key, inner in value.items()}


def schema_file(name: str) -> Path | None:
    """Return a connector's GraphQL schema."""
    return next((path for path in files(name) if path.suffix == ".graphql"), None)


def has_specification(name: str) -> bool:
    """Tell whether a vendor's own specification of a connector is there."""
    return bool(read_vendor(name).documents) or schema_file(name) is not None


def as_openapi(data: Json) -> Document | None:
    """Return a document with OpenAPI's `paths`; None where it is none."""
    if not isinstance(data, dict):
        return None
    if str(data.get("info", {}).get("title", "")).startswith("Salesforce Platform"):
        return _records_of_any_object(data)
    if "openapi" in data or "swagger" in data:
        return data
    if data.get("discoveryVersion"):
        return _discovery(data)
    if "enum_types" in data:
        return _graph_api(data)
    return None


def _discovery(data: Document) -> Document:
    """Read Google's discovery format: methods in a tree of resources, schemas named without a path."""
    paths: dict[str, Json] = {}

    def walk(node: Json) -> None:
        for method in node.get("methods", {}).values():
            path = "/" + (method.get("flatPath") or method["path"]).replace("{+", "{")
            parameters = [
                {"name": name, "in": parameter["location"], "schema": parameter}
                for name, parameter in method.get("parameters", {}).items()
            ]
            operation: dict[str, Json] = {"parameters": parameters, "responses": {}}
            if "response" in method:
                operation["responses"]["200"] = {"schema": _named(method["response"])}
            if "request" in method:
                operation["requestBody"] = {"content": {"application/json": {"schema": _named(method["request"])}}}
            paths.setdefault(path, {})[method["httpMethod"].lower()] = operation
        for inner in node.get("resources", {}).values():
            walk(inner)

    walk(data)
    common = [{"name": name, "in": "query", "schema": p} for name, p in data.get("parameters", {}).items()]
    for methods in paths.values():
        methods["parameters"] = common
    schemas = {name: _with_paths(schema) for name, schema in data.get("schemas", {}).items()}
    return {
        "openapi": "discovery",
        "servers": [{"url": data["baseUrl"]}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"oauth2": {"type": "oauth2"}}},
    }


def _records_of_any_object(data: Json) -> Document:
    """Leave open what Salesforce shows by one example: which fields a record has is each object's own."""

    def walk(value: Json) -> Json:
        if isinstance(value, list):
            return [walk(item) for item in value]
        if not isinstance(value, dict):
            return value
        found = {key: walk(inner) for key, inner in value.items()}
        known = found.get("properties")
        return {**found, "additionalProperties": True} if isinstance(known, dict) and "attributes" in known else found

    document: Document = walk(data)
    for path, methods in document["paths"].items():
        for method in methods.values():
            if "{SOBJECT_API_NAME}" in path and isinstance(method, dict) and "requestBody" in method:
                method["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}}
    return document


def _named(reference: Json) -> Json:
    return {"$ref": f"#/components/schemas/{reference['$ref']}"}


def _with_paths(schema: Json) -> Json:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str) and not schema["$ref"].startswith("#"):
            return _named(schema)
        return {key: _with_paths(value) for key, value in schema.items()}
    return [_with_paths(item) for item in schema] if isinstance(schema, list) else schema


_ENUM = re.compile(r"[A-Z]\w*_[a-z_]+")
_META = {"int": "integer", "unsigned int": "integer", "float": "number", "bool": "boolean", "string": "string"}
_META_COMMON = ("fields", "limit", "after", "before", "access_token", "filtering", "summary", "date_format")


def _graph_api(data: Document) -> Document:
    """Read Meta's format: objects with fields and edges; an edge answers `{data: [...], paging: {...}}`."""
    names = [name for name in data if name != "enum_types"]
    schemas = {
        name: {
            "type": "object",
            "properties": {field["name"]: _meta_type(field["type"], names) for field in data[name].get("fields", [])},
        }
        for name in names
    }
    paths: dict[str, Json] = {}
    for name in names:
        for api in data[name].get("apis", []):
            edge = api.get("endpoint", "").strip("/")  # none: of the object itself
            path = f"/{{{name}}}/{edge}" if edge else "/{Object}"  # an id does not tell whose it is
            fields = {p["name"]: _meta_type(p["type"], names) for p in api["params"]}
            inner = _meta_type(str(api.get("return", "Object")), names)
            listed = {"type": "object", "properties": {"data": {"type": "array", "items": inner}, "paging": _PAGING}}
            operation: dict[str, Json] = {"responses": {"200": {"schema": listed if edge else inner}}}
            query = {**fields, **{n: {"type": "string"} for n in _META_COMMON}}
            operation["parameters"] = [{"name": n, "in": "query", "schema": s} for n, s in query.items()]
            if api["method"] != "GET":
                required = [p["name"] for p in api["params"] if p.get("required")]
                body = {"type": "object", "properties": fields, "required": required}
                operation["requestBody"] = {
                    "content": {k: {"schema": body} for k in ("application/json", "application/x-www-form-urlencoded")}
                }
            verbs, verb = paths.setdefault(path, {}), api["method"].lower()
            verbs[verb] = operation if edge else _merged(verbs.get(verb), operation)
    return {
        "openapi": "graph",
        "servers": [{"url": "https://graph.facebook.com/{version}"}, {"url": "https://graph.facebook.com"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


_CURSORS = {"type": "object", "properties": {"after": {"type": "string"}, "before": {"type": "string"}}}
_PAGING = {
    "type": "object",
    "properties": {"cursors": _CURSORS, "next": {"type": "string"}, "previous": {"type": "string"}},
}


def _merged(before: Document | None, operation: Document) -> Document:
    """Return what may be asked of any object: the fields of all, none required."""
    if before is None:
        return operation
    both = {p["name"]: p for one in (operation, before) for p in one["parameters"]}
    answers = [one["responses"]["200"]["schema"] for one in (before, operation)]
    answer = {"anyOf": [*answers[0].get("anyOf", answers[:1]), answers[1]]}
    found: Document = {"parameters": list(both.values()), "responses": {"200": {"schema": answer}}}
    if "requestBody" in operation:
        fields: dict[str, Json] = {}
        for one in (before, operation):
            for name, schema in one["requestBody"]["content"]["application/json"]["schema"]["properties"].items():
                fields[name] = fields.get(name) or schema
        body = {"schema": {"type": "object", "properties": fields}}
        found["requestBody"] = {"content": dict.fromkeys(before["requestBody"]["content"], body)}
    return found


def _meta_type(text: str, names: list[str]) -> Json:
    if text.startswith("list<"):
        return {"type": "array", "items": _meta_type(text[5:-1], names)}
    if text in names:
        return {"$ref": f"#/components/schemas/{text}"}
    if text == "datetime":
        return {"type": "string", "format": "date-time"}
    if text in _META:
        return {"type": _META[text]}
    return {"type": "string"} if text.endswith("enum_param") or _ENUM.fullmatch(text) else {}
