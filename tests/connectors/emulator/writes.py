"""What a write endpoint does to the emulator's records, and what is wrong with a request that asks for it."""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from dinobase.kinds.template import strings
from dinobase.load.naming import snake
from dinobase.mutate.endpoints import operation, table_name
from dinobase.spec.models import Connector, Resource, WriteEndpoint
from tests.connectors.emulator.bodies import wrong_in
from tests.connectors.emulator.matching import Pattern, address, pattern
from tests.connectors.emulator.places import field_path, get, put, steps
from tests.connectors.emulator.records import Record, Records, Stream
from tests.connectors.emulator.retrieving import names
from tests.connectors.emulator.shapes import Shapes, keys_of
from tests.servers.vendor import Received, Reply

Json: TypeAlias = Any
_TEXT = re.compile(r"[^\[\]]+")


class Writes:
    """`expected` are the endpoints that are driven just now; `done` those that a request came for."""

    def __init__(self, connector: Connector, shapes: Shapes, records: Records, problems: list[str]) -> None:
        self.connector = connector
        self.shapes = shapes
        self.records = records
        self.problems = problems
        self.expected: list[str] = []
        self.done: list[str] = []
        self._paths = [(write, self._path(write)) for write in connector.write_endpoints]

    def resource(self, write: WriteEndpoint) -> Resource:
        """Return the table that an endpoint changes."""
        found = self.connector.resource(table_name(self.connector, write))
        assert found is not None
        return found

    def _path(self, write: WriteEndpoint) -> Pattern:
        base = write.base_url or self.resource(write).endpoint.base_url or self.connector.client.base_url
        return pattern(address(base, write.path).partition("?")[0], in_path=True)

    def find(self, request: Received) -> WriteEndpoint | None:
        """Return the endpoint that a request is for; of several those that are expected, then the most exact path."""
        body = _json(request)
        document = body.get("query") if isinstance(body, dict) else None
        fits = [
            (write.name in self.expected, -len(path.names), write)
            for write, path in self._paths
            if write.method == request.method
            and path.read(request.path) is not None
            and (not write.mutation or write.mutation == document)
        ]
        return max(fits, key=lambda fit: fit[:2])[2] if fits else None

    def apply(self, write: WriteEndpoint, request: Received) -> Reply:
        """Do what is asked for and answer as the connector expects it."""
        self.done.append(write.name)
        if write.name in self.expected:
            self.expected.remove(write.name)
        path = next(p for w, p in self._paths if w is write)
        wanted = {name: unquote(value) for name, value in (path.read(request.path) or {}).items()}
        if not wanted and operation(write) != "create":
            wanted = _in_params(write, request)
        content = self._content(write, request)
        wanted = wanted or in_body(write, content)
        shape = self.shapes.writes.get(write.name)
        self.problems.extend(
            f"write_endpoints.{write.name}: {wrong}" for wrong in wrong_in(write, content, shape, self.connector)
        )
        content = self._without_key(write, content)
        rows = self._rows(write, content)
        made = [self._one(write, wanted, row, content) for row in rows]
        shown = [record.data for record in made if record is not None]
        if operation(write) == "delete" and not write.response_path:
            return Reply(None, 204)
        body: Json = {"data": {}} if self.connector.type == "graphql" else {}
        if write.response_path and shown:
            where = steps(write.response_path)
            inside = shown if write.bulk and where and None not in where else shown[0]
            if write.bulk and where == []:
                inside = shown
            body = put(body, where, inside)
        return Reply(body, 200)

    def _content(self, write: WriteEndpoint, request: Received) -> Json:
        if not request.body:
            return None
        kind = request.headers.get("content-type", "")
        if write.body_format == "form":
            if kind != "application/x-www-form-urlencoded":
                self.problems.append(f"write_endpoints.{write.name}: the body is {kind}")
            return nested(request.body)
        if "json" not in kind:
            self.problems.append(f"write_endpoints.{write.name}: the body is {kind}")
        return _json(request)

    def _without_key(self, write: WriteEndpoint, content: Json) -> Json:
        """Take the idempotency key out of a body: it is no part of the record."""
        if not write.idempotency_body_path:
            return content
        where = steps(write.idempotency_body_path)
        if not get(content, where):
            self.problems.append(f"write_endpoints.{write.name}: the body has no idempotency key")
            return content
        inner = get(content, where[:-1])
        return put(content, where[:-1], {key: value for key, value in inner.items() if key != where[-1]})

    def _rows(self, write: WriteEndpoint, content: Json) -> list[dict[str, Json]]:
        """Return the rows' parts of a body, each less its nest."""
        if write.mutation:
            variables = content.get("variables", {}) if isinstance(content, dict) else {}
            alone = {name: value for name, value in variables.items() if name not in write.variables}
            inner = get(variables, steps(write.request_body_path)) if write.request_body_path else alone
            return [{**variables, "\0": inner or {}}]
        items = [content]
        if write.bulk:
            items = get(content, steps(write.bulk_body_path)) if write.bulk_body_path else content
        found = []
        for item in items if isinstance(items, list) else []:
            inner = get(item, steps(write.request_body_path)) if write.request_body_path else item
            outer = item if isinstance(item, dict) and write.bulk else {}
            found.append({**outer, "\0": inner if isinstance(inner, dict) else {}})
        return found

    def _one(self, write: WriteEndpoint, wanted: dict[str, str], row: dict[str, Json], content: Json) -> Record | None:
        resource, values = self.resource(write), row.pop("\0")
        what = operation(write)
        named = {**wanted, **self._keys(write, resource, row)}
        if write.mutation and what != "create":
            named = self._mutated(write, resource, row) or named
        found = self._record(resource, named)
        if found is None and what in {"update", "delete"}:
            self.problems.append(f"write_endpoints.{write.name}: no record is {named}")
            return None
        if what == "delete":
            assert found is not None
            found[0].records.remove(found[1])
            return found[1]
        if found is None or what == "create":
            stream = self._stream(resource, wanted)
            if stream is None:
                self.problems.append(f"write_endpoints.{write.name}: no parent is {wanted}")
                return None
            found = stream, self.records.add(stream, changed=True)
        self._set(write, found[1], resource, values)
        return found[1]

    def _keys(self, write: WriteEndpoint, resource: Resource, row: dict[str, Json]) -> dict[str, str]:
        """Return the keys in a bulk call's item."""
        if not write.bulk or operation(write) == "create":
            return {}
        found = {}
        for name in keys_of(resource):
            last = steps(name)[-1]
            if isinstance(last, str) and last in row:
                found["id" if len(keys_of(resource)) == 1 else name] = str(row[last])
        return found

    def _mutated(self, write: WriteEndpoint, resource: Resource, row: dict[str, Json]) -> dict[str, str]:
        """Return what a mutation's variables name a record by: its key, or else all that are taken from the row."""
        del resource
        named: dict[str, str] = {}

        def walk(template: Json, sent: Json) -> None:
            if isinstance(template, dict):
                for key, inner in template.items():
                    walk(inner, sent.get(key) if isinstance(sent, dict) else None)
            elif isinstance(template, str) and re.fullmatch(r"\{\w+\}", template) and sent is not None:
                name = template[1:-1]
                if name != write.request_body_path:
                    named[name] = str(sent)

        walk(write.variables, {**row})
        return {"id": named["id"]} if "id" in named else named

    def _record(self, resource: Resource, wanted: dict[str, str]) -> tuple[Stream, Record] | None:
        if not wanted:
            return None
        server = self.records.server
        return next(((s, r) for s, r in self.records.all(resource.name) if names(s, r, wanted, server)), None)

    def _stream(self, resource: Resource, wanted: dict[str, str]) -> Stream | None:
        streams = self.records.streams[resource.name]
        for stream in streams:
            known = {k: str(v).removeprefix(self.records.server) for k, v in {**stream.given, **stream.tags}.items()}
            if all(
                known[name] == value.removeprefix(self.records.server)
                for name, value in wanted.items()
                if name in known
            ):
                return stream
        return None

    def _set(self, write: WriteEndpoint, record: Record, resource: Resource, values: dict[str, Json]) -> None:
        """Put the values of a body where the record has them."""
        nest = [s for s in steps(write.request_body_path or "") if isinstance(s, str)]
        places = write.columns if isinstance(write.columns, dict) else {}
        back = {path: column for column, path in places.items()}
        for path, value in _flat(values, _whole(write, resource)):
            name = back.get(".".join(path))
            where = field_path(record.data, name, resource.lift) if name else None
            if where is None and get(record.data, [*nest, *path]) is not None:
                where = [*nest, *path]
            if where is None:
                where = field_path(record.data, "__".join(path), resource.lift) or [*path]
            known = get(record.data, list(where))
            record.data = put(record.data, list(where), _like(value, known, form=write.body_format == "form"))
        record.changed = True


def _in_params(write: WriteEndpoint, request: Received) -> dict[str, str]:
    """Return what an address whose path names no record says of it in its parameters."""
    found: dict[str, str] = {}
    for name, template in write.params.items():
        if isinstance(template, str) and "{" in template:
            found |= pattern(template).read(request.get(name)) or {}
    return found


def _whole(write: WriteEndpoint, resource: Resource) -> set[tuple[str, ...]]:
    """Return the places in a body that hold a column of type JSON: what is sent takes the place of what was there."""
    columns = write.columns if isinstance(write.columns, dict) else {name: name for name in write.columns or []}
    kinds = {snake(name): column.type for name, column in resource.columns.items()}
    return {tuple(path.split(".")) for name, path in columns.items() if kinds.get(snake(name)) == "JSON"}


def in_body(write: WriteEndpoint, content: Json) -> dict[str, str]:
    """Return what the fixed part of a body names by placeholders, for an address that names nothing."""
    if write.bulk or write.mutation:
        return {}
    return {
        text[1:-1]: str(sent)
        for path, text in strings(write.body)
        if re.fullmatch(r"\{\w+\}", text) and (sent := get(content, list(path))) is not None
    }


def _flat(
    value: dict[str, Json], whole: set[tuple[str, ...]], path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], Json]]:
    found: list[tuple[tuple[str, ...], Json]] = []
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and (*path, key) not in whole:
            found += _flat(inner, whole, (*path, key))
        else:
            found.append(((*path, key), inner))
    return found


def _like(value: Json, known: Json, *, form: bool) -> Json:
    """Return a form's text as what the record has there."""
    if not form or not isinstance(value, str):
        return value
    if value == "":
        return None
    if isinstance(known, bool):
        return value == "true"
    if isinstance(known, int | float):
        return type(known)(value)
    return value


def _json(request: Received) -> Json:
    try:
        return json.loads(request.body) if request.body else None
    except ValueError:
        return None


def nested(body: bytes) -> dict[str, Json]:
    """Read `a[b]=c&d[0]=e`."""
    found: dict[str, Json] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        first, *rest = _TEXT.findall(name)
        place, way = found, [first, *rest]
        for step in way[:-1]:
            place = place.setdefault(step, {})
        place[way[-1]] = value
    return {key: _listed(value) for key, value in found.items()}


def _listed(value: Json) -> Json:
    if isinstance(value, dict) and value and all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(inner) for key, inner in value.items()} if isinstance(value, dict) else value
