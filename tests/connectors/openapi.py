"""A vendor's OpenAPI files as one thing to ask: is there this operation, this parameter, this place in its answer?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, TypeAlias
from urllib.parse import unquote

from dinobase.load.naming import snake

Json: TypeAlias = Any
Document: TypeAlias = dict[str, Json]

_HOLE = re.compile(r"\{(\+?)([^{}]+)\}")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[([^\]]*)\]")
_HOST = re.compile(r"^[^/]*//[^/]*")
_DEEPEST = 12
as_column = cache(snake)  # a specification has the same few thousand names millions of times


@dataclass(frozen=True, slots=True)
class Node:
    """A schema and the document that its references point into; not `said`: a free place could hold it, no more."""

    schema: Json
    document: Document
    said: bool = True

    def variants(self, depth: int = 0) -> Iterator[Node]:
        """Yield the schema itself and what allOf, anyOf and oneOf put beside it, references followed."""
        schema = follow(self.schema, self.document)
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return
        yield Node(schema, self.document)
        for key in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(key, []):
                yield from Node(part, self.document).variants(depth + 1)

    def child(self, name: str) -> Node | None:
        """Return the property of that name, in the API's spelling or as a column; a free map may have any."""
        free = False
        found: list[Json] = []
        column = as_column(name)
        for node in self.variants():
            properties = node.schema.get("properties") or {}
            found += [value for key, value in properties.items() if key == name or as_column(key) == column]
            free = free or _free(node.schema)
        if found:  # parts of an allOf may each say something of one property
            return Node(found[0] if len(found) == 1 else {"anyOf": found}, self.document)
        return Node({}, self.document, said=False) if free else None

    def items(self) -> Node | None:
        """Return the elements of an array; what could be anything may have elements of any kind."""
        found = [node.schema["items"] for node in self.variants() if "items" in node.schema]
        if found:
            return Node(found[0] if len(found) == 1 else {"anyOf": found}, self.document)
        return Node({}, self.document, said=False) if self.open else None

    @property
    def open(self) -> bool:
        """Tell whether the specification leaves the inside free."""
        found = list(self.variants())
        return not found or all(_free(node.schema) for node in found if not _only_null(node.schema))

    def at(self, path: str) -> Node | None:
        """Walk a JSONPath of keys, indexes and filters, with `__` between names as columns have it."""
        node: Node | None = self
        for match in _STEP.finditer(path.removeprefix("$").replace("__", ".")):
            if node is None:
                return None
            node = node.child(match[1]) if match[1] else node.items()
        return node

    def required(self) -> set[str]:
        """Return the properties that must be there, whichever variant holds."""
        found: set[str] = set()
        schema = follow(self.schema, self.document)
        if isinstance(schema, dict):
            found |= {name for name in schema.get("required") or [] if isinstance(name, str)}
            for part in schema.get("allOf", []):
                found |= Node(part, self.document).required()
        return found

    def enum(self) -> set[str]:
        """Return the allowed values, an array's elements' too; empty where it says none."""
        found: set[str] = set()
        for node in self.variants():
            found |= {str(value) for value in node.schema.get("enum", []) if value not in (None, "")}
            if "items" in node.schema:
                found |= Node(node.schema["items"], self.document).enum()
        return found


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    spec: Document
    document: Document

    def _all(self, place: str) -> list[Document]:
        both = [*self.document["paths"][self.path].get("parameters", []), *self.spec.get("parameters", [])]
        found = (follow(parameter, self.document) for parameter in both)
        return [parameter for parameter in found if parameter.get("in") == place]

    def parameters(self) -> set[str]:
        """Return the names of the query parameters, without the brackets of nested ones."""
        return {base_name(parameter["name"]) for parameter in self._all("query")}

    def headers(self) -> set[str]:
        """Return the names of the header parameters, in lower case."""
        return {parameter["name"].lower() for parameter in self._all("header")}

    def most(self, name: str) -> float | None:
        """Return the greatest value that a query parameter takes, None where none is said."""
        for parameter in self._all("query"):
            if parameter["name"] == name:
                schema = follow(parameter.get("schema", parameter), self.document)
                most = schema.get("maximum") if isinstance(schema, dict) else None
                return float(most) if isinstance(most, int | float) and schema.get("exclusiveMaximum") is None else None
        return None

    def answer(self) -> Node | None:
        """Return the schema of the first answer of 200 to 299 that has one."""
        for status, answer in sorted(self.spec.get("responses", {}).items()):
            if not str(status).startswith("2"):
                continue
            found = follow(answer, self.document)
            for schema in _schemas(found):
                return Node(schema, self.document)
        return None

    def body(self, form: bool = False) -> Node | None:
        """Return the schema of the request's body, of the form where `form`."""
        for parameter in self.spec.get("parameters", []):
            found = follow(parameter, self.document)
            if found.get("in") == "body":
                return Node(found["schema"], self.document)
        fields = self._all("formData")
        if fields and (form or "application/json" in self.spec.get("consumes", ())):
            required = [field["name"] for field in fields if field.get("required")]
            properties = {field["name"]: field for field in fields}
            return Node({"type": "object", "properties": properties, "required": required}, self.document)
        content = follow(self.spec.get("requestBody", {}), self.document).get("content", {})
        for kind, media in content.items():
            if ("form" in kind) == form and "schema" in media:
                return Node(media["schema"], self.document)
        return None


@dataclass(frozen=True)
class Vendor:
    """All specification files of one vendor."""

    documents: dict[str, Document] = field(default_factory=dict)

    @cached_property
    def _operations(self) -> list[tuple[list[str], str, Operation]]:
        found = []
        for document in self.documents.values():
            prefixes = {_HOST.sub("", server.get("url", "")).rstrip("/") for server in document.get("servers", [])}
            prefixes |= {document.get("basePath", "").rstrip("/")} if "swagger" in document else set()
            for path, methods in document.get("paths", {}).items():
                for method, spec in methods.items():
                    if method in {"get", "post", "put", "patch", "delete"}:
                        operation = Operation(method, path, spec, document)
                        # PayPal's paths repeat what their server's address ends in.
                        whole = {path if path.startswith(f"{p}/") else p + path for p in prefixes or {""}}
                        found += [(_segments(one), method, operation) for one in whole]
        return found

    def security(self) -> list[Document]:
        """Return the security schemes of all files."""
        found: list[Document] = []
        for document in self.documents.values():
            schemes = document.get("components", {}).get("securitySchemes") or document.get("securityDefinitions") or {}
            found += [follow(scheme, document) for scheme in schemes.values()]
        return found

    def find(self, method: str, path: str, host: str = "") -> Operation | None:
        """Return the operation whose path fits best, then whose file is of that host; `{+x}` fits several places."""
        wanted = _segments(path)
        fits = [
            (sum("{" not in segment for segment in have), _serves(operation.document, host), operation)
            for have, verb, operation in self._operations
            if verb == method.lower() and _fits(wanted, have, named=operation.document.get("openapi") == "discovery")
        ]
        return max(fits, key=lambda fit: fit[:2])[2] if fits else None


def follow(value: Json, document: Document) -> Json:
    """Follow references until there is none."""
    for _ in range(_DEEPEST):
        if not isinstance(value, dict) or "$ref" not in value:
            return value
        target: Json = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            step = unquote(part).replace("~1", "/").replace("~0", "~")
            target = target[int(step)] if isinstance(target, list) else target[step]
        value = target
    return value


def base_name(parameter: str) -> str:
    """Return `created` for `created[gte]`."""
    return parameter.split("[", 1)[0]


def _schemas(answer: Document) -> Iterator[Json]:
    if "schema" in answer:
        yield answer["schema"]
    for kind, media in answer.get("content", {}).items():
        if "json" in kind and "schema" in media:
            yield media["schema"]


def _free(schema: Json) -> bool:
    if "properties" in schema:
        return bool(schema.get("additionalProperties"))
    structured = {"allOf", "anyOf", "oneOf", "items", "enum"} & schema.keys()
    return not structured and schema.get("type") in {None, "object"}


def _only_null(schema: Json) -> bool:
    return schema.get("type") == "null" or bool({"allOf", "anyOf", "oneOf"} & schema.keys())


def _serves(document: Document, host: str) -> bool:
    """Tell whether a file says that it is of a host."""
    return bool(host) and any(f"//{host}" in str(server.get("url", "")) for server in document.get("servers", []))


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _verb(segment: str) -> str:
    """Return Google's `:runReport` behind a placeholder."""
    tail = segment.rpartition("}")[2]
    return tail if tail.startswith(":") else ""


def _fits(wanted: list[str], have: list[str], *, named: bool) -> bool:
    """Hold a path against a specification's; `named`: names are paths themselves, `properties/1` for two segments."""
    if not wanted or not have:
        return not wanted and not have
    first, other = wanted[0], have[0]
    hole, slot = _HOLE.search(first), "{" in other
    if hole is None:
        return (first == other or slot) and _fits(wanted[1:], have[1:], named=named)
    if not slot:
        return named and bool(hole[1]) and len(have) > 1 and _fits(wanted, have[1:], named=named)
    if hole[1] and _fits(wanted, have[1:], named=named):
        return True
    if _verb(first) != _verb(other):
        return False
    return _fits(wanted[1:], have[1:], named=named)
