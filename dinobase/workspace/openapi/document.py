"""An OpenAPI 3 or Swagger 2 document as one thing to ask; references are followed, parts put together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from dinobase.core import errors
from dinobase.load.naming import snake

Json: TypeAlias = Any
Schema: TypeAlias = dict[str, Json]

_DEEPEST = 12
_LARGEST = 64 * 2**20
_WAIT = 30.0
spelt = cache(snake)  # a specification has the same few thousand names over and over
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; `parameters` are the query's, by name."""

    method: str
    path: str
    spec: Schema
    parameters: dict[str, Schema]
    headers: dict[str, Schema]


class Document:
    """Answers what a specification says."""

    def __init__(self, data: Schema) -> None:
        self.data = data

    def operations(self) -> Iterator[Operation]:
        """Yield every operation, in the document's order."""
        for path, item in self.data.get("paths", {}).items():
            shared = item.get("parameters", []) if isinstance(item, dict) else []
            for method, spec in item.items() if isinstance(item, dict) else ():
                if method not in METHODS or not isinstance(spec, dict) or spec.get("deprecated"):
                    continue
                found = [self.follow(p) for p in (*shared, *spec.get("parameters", []))]
                named = [p for p in found if isinstance(p, dict) and "name" in p]
                query = {p["name"]: self.follow(p.get("schema") or p) for p in named if p.get("in") == "query"}
                headers = {p["name"]: p for p in named if p.get("in") == "header" and p.get("required")}
                yield Operation(method, path, spec, query, headers)

    def follow(self, value: Json) -> Json:
        """Follow references within the document until there is none."""
        for _ in range(_DEEPEST):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
                return value
            target: Json = self.data
            for part in value["$ref"].removeprefix("#/").split("/"):
                target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
            value = target
        return value

    def answer(self, operation: Operation) -> tuple[Schema, Schema]:
        """Return the schema of the first good answer, and its headers; {} where nothing is said."""
        for status, answer in sorted(operation.spec.get("responses", {}).items(), key=lambda pair: str(pair[0])):
            found = self.follow(answer)
            if not str(status).startswith("2") or not isinstance(found, dict):
                continue
            schema = self._schema(found)
            if schema:
                return schema, found.get("headers") or {}
        return {}, {}

    def body(self, operation: Operation) -> tuple[Schema, bool]:
        """Return the schema of a request's body, and whether it is a form."""
        for parameter in operation.spec.get("parameters", []):
            found = self.follow(parameter)
            if isinstance(found, dict) and found.get("in") == "body":
                return self.follow(found.get("schema") or {}) or {}, False
        content = (self.follow(operation.spec.get("requestBody")) or {}).get("content") or {}
        for form in (False, True):
            for kind, media in content.items():
                if ("form" in kind) == form and ("json" in kind) != form and "schema" in media:
                    return self.follow(media["schema"]) or {}, form
        return {}, False

    def _schema(self, answer: Schema) -> Schema:
        media = [m for kind, m in (answer.get("content") or {}).items() if "json" in kind] or [answer]
        found = self.follow(media[0].get("schema")) if isinstance(media[0], dict) else None
        return found if isinstance(found, dict) else {}

    def properties(self, schema: Json, depth: int = 0) -> dict[str, Schema]:
        """Return an object's properties with those of all its parts; of alternatives, the first that has any."""
        schema = self.follow(schema)
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return {}
        found = {k: self.follow(v) or {} for k, v in (schema.get("properties") or {}).items()}
        for part in schema.get("allOf") or ():
            found = {**self.properties(part, depth + 1), **found}
        if not found:
            for part in (*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())):
                found = self.properties(part, depth + 1)
                if found:
                    break
        return {k: v if isinstance(v, dict) else {} for k, v in found.items()}

    def items(self, schema: Json, depth: int = 0) -> Schema | None:
        """Return the elements' schema of an array, None where it is none."""
        schema = self.follow(schema)
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return None
        if "items" in schema:
            return self.follow(schema["items"]) or {}
        parts = (*(schema.get("allOf") or ()), *(schema.get("anyOf") or ()), *(schema.get("oneOf") or ()))
        return next((found for part in parts if (found := self.items(part, depth + 1)) is not None), None)

    def kind(self, schema: Json) -> str:
        """Return the JSON type; of a nullable one, the other."""
        schema = self.follow(schema)
        if not isinstance(schema, dict):
            return ""
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((each for each in kind if each != "null"), "")
        if kind:
            return str(kind)
        for part in (*(schema.get("allOf") or ()), *(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())):
            found = self.kind(part)
            if found and found != "null":
                return found
        return "object" if "properties" in schema else "array" if "items" in schema else ""

    def server(self) -> tuple[str, dict[str, str]]:
        """Return the first absolute address, else a path alone, and the defaults of its variables."""
        for server in self.data.get("servers") or ():
            url = str(server.get("url") or "")
            if "://" in url:
                variables = {k: str(v.get("default") or "") for k, v in (server.get("variables") or {}).items()}
                return re.sub(r"^\{\w+\}://", "https://", url), variables
        if self.data.get("host"):
            scheme = next(iter(self.data.get("schemes") or ["https"]))
            return f"{scheme}://{self.data['host']}{self.data.get('basePath') or ''}", {}
        urls = [str(server.get("url") or "") for server in self.data.get("servers") or ()]
        return next((url.rstrip("/") for url in urls if url.startswith("/")), ""), {}

    def schemes(self) -> list[Schema]:
        """Return the security schemes, those that are required first."""
        parts = self.data.get("components") or {}
        known = parts.get("securitySchemes") or self.data.get("securityDefinitions") or {}
        first = [name for each in self.data.get("security") or () for name in each]
        names = [*first, *(name for name in known if name not in first)]
        return [found for name in names if isinstance(found := self.follow(known.get(name)), dict)]


def read(source: str) -> Document:
    """Read a specification from a file or an address, JSON or YAML."""
    text = _fetched(source) if re.match(r"https?://", source, re.IGNORECASE) else _of_file(source)
    import json

    try:
        data = json.loads(text)
    except ValueError:
        import yaml  # a specification in YAML: slower, so only then

        try:
            data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
        except yaml.YAMLError as error:
            raise _no_specification(source, str(error).splitlines()[0]) from None
    if not isinstance(data, dict) or not ("openapi" in data or "swagger" in data) or not data.get("paths"):
        raise _no_specification(source, "it has no `openapi` or `swagger` and `paths`")
    return Document(data)


def _of_file(source: str) -> bytes:
    try:
        return Path(source).expanduser().read_bytes()
    except OSError as error:
        raise errors.UnknownName(
            f"The specification {source} cannot be read: {error.strerror}",
            code="unknown.file",
            hint="Give a file, or an address that begins with https://.",
            file=source,
        ) from None


def _fetched(url: str) -> bytes:
    from urllib.request import urlopen  # one small download; the client for APIs would bring its limits and retries

    try:
        with urlopen(url, timeout=_WAIT) as answer:  # noqa: S310 - the address is the user's, and http or https
            content: bytes = answer.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise errors.UsageError(
            f"The specification at {url} cannot be fetched: {error}", hint="Download it and give the file."
        ) from None
    if len(content) > _LARGEST:
        raise errors.UsageError(f"The specification at {url} is over 64 MB", hint="Download it and give the file.")
    return content


def _no_specification(source: str, why: str) -> errors.UsageError:
    return errors.UsageError(
        f"{source} is no OpenAPI specification: {why}", hint="OpenAPI 3 or Swagger 2, as JSON or YAML."
    )
