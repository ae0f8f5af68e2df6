"""The emulator's records: a few per listing, ids that differ, cursors that rise, children under the first parents."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias, cast

from dinobase.core.clock import now
from dinobase.kinds import duration
from dinobase.kinds.incremental import absolute
from dinobase.load.naming import snake
from dinobase.mutate.endpoints import table_name
from dinobase.spec.models import Connector, Resource
from tests.connectors.emulator import values
from tests.connectors.emulator.places import field_path, get, put, steps
from tests.connectors.emulator.shapes import Shapes, addressed, keys_of

Json: TypeAlias = Any

_CONDITION = re.compile(r"\?\(?@\.([\w.]+)\s*==\s*('[^']*'|\"[^\"]*\"|true|false|-?\d+)")
FIRST = 5  # records of a listing: two full pages and one of one
LAST_DAYS = date(2099, 2, 1)  # days of records that tell a start by themselves: no first sync begins there
_CHILDREN = (FIRST, 3, 0)  # records under the first parents; under all others one
_TIME = re.compile(r"time|date|created|updated|modified|changed|timestamp|(_|[a-z])(at|on)$", re.IGNORECASE)


@dataclass(slots=True)
class Record:
    """One record; `at` is its cursor as a moment or number, None where it has none."""

    data: dict[str, Json]
    number: int
    changed: bool = False


@dataclass(slots=True)
class Stream:
    """One listing: of a resource, or of one parent's children; `given` are the parents' params."""

    resource: Resource
    given: dict[str, Json]
    tags: dict[str, Json]
    parent: Record | None
    records: list[Record] = field(default_factory=list)


class Records:
    """All streams of a connector."""

    def __init__(self, connector: Connector, shapes: Shapes, server: str) -> None:
        self.connector = connector
        self.shapes = shapes
        self.server = server
        self.streams: dict[str, list[Stream]] = {resource.name: [] for resource in connector.resources}
        self._written = {table_name(connector, write) for write in connector.write_endpoints}
        self._count: dict[str, int] = dict.fromkeys(self.streams, 0)
        for resource in connector.resources:
            if resource.parent is None:
                self._grow(Stream(resource, {}, {}, None), 1 if shapes.resources[resource.name].single else FIRST)

    def all(self, resource: str) -> Iterator[tuple[Stream, Record]]:
        """Yield every record of a resource with its stream."""
        for stream in self.streams[resource]:
            for record in stream.records:
                yield stream, record

    def children(self, resource: str) -> Iterator[Resource]:
        """Yield the resources that are read per row of this one."""
        for child in self.connector.resources:
            if child.parent is not None and child.parent.resource == resource:
                yield child

    def _grow(self, stream: Stream, size: int) -> None:
        self.streams[stream.resource.name].append(stream)
        for _ in range(size):
            self.add(stream)

    def add(self, stream: Stream, *, changed: bool = False) -> Record:
        """Add a record at the end of a listing, and the listings of its children."""
        resource = stream.resource
        number = self._count[resource.name]
        self._count[resource.name] += 1
        place = len(stream.records)
        record = Record(self._data(stream, number, place, changed=changed), number, changed)
        stream.records.append(record)
        for child in self.children(resource.name):
            self._under(stream, record, child, place)
        return record

    def _under(self, stream: Stream, record: Record, child: Resource, place: int) -> None:
        assert child.parent is not None
        path = field_path(record.data, child.parent.field, stream.resource.lift)
        value = get(record.data, list(path or []))
        given = {**stream.given, child.parent.param: value}
        tag = snake(f"_{child.parent.resource}_{child.parent.field.replace('.', '_')}")
        first = stream.parent is None or stream.parent.number == 0
        size = _CHILDREN[place] if first and place < len(_CHILDREN) else 1
        if self.shapes.resources[child.name].single:
            size = min(size, 1)
        self._grow(Stream(child, given, {**stream.tags, tag: value}, record), size)

    def _data(self, stream: Stream, number: int, place: int, *, changed: bool) -> dict[str, Json]:
        resource = stream.resource
        schema = self.shapes.resources[resource.name].record
        data: dict[str, Json] = values.make(schema, resource.name, number)
        named = [name for name in addressed(self.connector, resource) if field_path(schema, name, resource.lift)]
        alone = resource.retrieve is None and resource.name not in self._written
        local = place if alone and resource.parent is not None and resource.unique != "global" else number
        mine = [field_path(schema, name, resource.lift) for name in keys_of(resource)]
        for name in [*keys_of(resource), *named]:
            path = field_path(schema, name, resource.lift)
            if path is not None:
                identity = values.identity(get(schema, list(path)), path[-1], local)
                if str(identity).startswith("https://"):  # records that are known by their address, which is here
                    identity = f"{self.server}/emulated/{resource.name}/{local}"
                data = put(data, list(path), identity)
        for name, value in stream.given.items():  # a child says itself whose it is
            path = field_path(schema, name, resource.lift)
            if path is not None and path not in mine and isinstance(value, type(get(data, list(path)))):
                data = put(data, list(path), value)
        for name, value in conditions(self.connector, resource):
            data = put(data, steps(name), value)
        for child in self.children(resource.name):
            data = self._handle(resource, child, data, schema, local, number)
        return self._dated(resource, data, schema, place, number, changed=changed)

    def _handle(
        self, resource: Resource, child: Resource, data: dict[str, Json], schema: Json, local: int, number: int
    ) -> dict[str, Json]:
        """Give a record the field that its children are asked for by: text, `a/b`, or an address of this server."""
        assert child.parent is not None
        path = field_path(schema, child.parent.field, resource.lift)
        if path is None or child.parent.field in keys_of(resource):
            return data
        value = values.identity(get(schema, list(path)), path[-1], number)
        for other in self.children(resource.name):  # several may be asked for by the same field
            if other.parent is None or other.parent.field != child.parent.field:
                continue
            where = other.endpoint.path or ""
            if where.startswith(f"{{+{other.parent.param}}}") or where == f"{{{other.parent.param}}}":
                value = f"{self.server}/emulated/{resource.name}/{number}"
                break
            if f"{{+{other.parent.param}}}" in where:
                value = f"some/{path[-1]}{number}"
        whole: dict[str, Json] = put(data, list(path), value)
        return whole

    def _dated(
        self, resource: Resource, data: dict[str, Json], schema: Json, place: int, number: int, *, changed: bool
    ) -> dict[str, Json]:
        incremental = resource.incremental
        if incremental is not None and (inside := token_inside(incremental.token_path)):
            day = LAST_DAYS + timedelta(days=number)
            return cast("dict[str, Json]", put(data, steps(inside), f"{day:%Y%m%d}"))
        if incremental is None or not incremental.cursor_path:
            return data
        path = field_path(schema, incremental.cursor_path, resource.lift)
        if path is None:
            return data
        whole: dict[str, Json] = put(data, list(path), self.cursor(resource, get(schema, list(path)), place, changed))
        return whole

    def cursor(self, resource: Resource, schema: Json, place: int, changed: bool) -> Json:
        """Return the cursor of the record at a place of its listing."""
        incremental = resource.incremental
        assert incremental is not None
        style = schema
        named = bool(_TIME.search(incremental.cursor_path)) or values.moment(incremental.initial_value) is not None
        if schema in {"integer", "number"}:
            if incremental.format not in {"unix", "unix_ms"} and not named:
                return 10_000 * (1 + changed) + place
            style = "unix_ms" if incremental.format == "unix_ms" else "unix"
        if not isinstance(schema, str) or (style not in values.TIMES):
            style = "date" if incremental.format == "date" else "date-time"
        first, last = span(resource)
        at = last + timedelta(hours=place) if changed else first + (last - first) / (FIRST + 3) * place
        if style == "date" and changed:
            at = last + timedelta(days=place % 3)
        return values.written(at, style)

    def change(self, stream: Stream) -> Record | None:
        """Change the first record of a listing, as its API would show it; None where there is none."""
        resource, record = stream.resource, next(iter(stream.records), None)
        if record is None:
            return None
        schema = self.shapes.resources[resource.name].record
        mine = [field_path(schema, name, resource.lift) for name in keys_of(resource)]
        mine += [field_path(schema, c.parent.field, resource.lift) for c in self.children(resource.name) if c.parent]
        for path in leaves(schema):
            if path not in mine and get(schema, list(path)) in ("string", "number", "integer", "json"):
                fresh = values.make(get(schema, list(path)), f"changed {path[-1]}", record.number + 7000)
                record.data = put(record.data, list(path), fresh)
                break
        record.data = self._dated(resource, record.data, schema, len(stream.records) + 1, record.number, changed=True)
        record.changed = True
        return record


def token_inside(token_path: str) -> str:
    """Return where in the last record the next start stands; '' where the body has it beside the records."""
    return token_path.partition("[-1].")[2]


def conditions(connector: Connector, resource: Resource) -> Iterator[tuple[str, Json]]:
    """Yield what a selector's filter asks of a record: `tables[?@.hidden == false]`."""
    selector = resource.data_selector if connector.type == "graphql" else resource.endpoint.data_selector
    for name, text in _CONDITION.findall(selector or ""):
        yield name, json.loads(text.replace("'", '"'))


def span(resource: Resource) -> tuple[datetime, datetime]:
    """Return the moment of a listing's first record, and that of the first change."""
    first, last = values.EPOCH, values.CHANGED
    incremental = resource.incremental
    begin = values.moment(absolute(str(incremental.initial_value), now())) if incremental else None
    if incremental is not None and incremental.window and begin is not None:
        window = timedelta(seconds=duration.seconds(incremental.window) or 86400)
        return begin + timedelta(seconds=60), begin + window * 2.5
    if begin is not None and begin >= first:
        first = begin + timedelta(days=1)
    return (first, last) if first + timedelta(days=200) < last else (first, first + timedelta(days=60))


def leaves(schema: Json, path: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """Yield the paths of a schema's plain fields."""
    for key, inner in schema.items():
        if isinstance(inner, dict):
            if values.ITEMS not in inner:
                yield from leaves(inner, (*path, key))
        else:
            yield [*path, key]
