"""One record by its key: what `retrieve` says is answered from the same records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote

from dinobase.spec.models import Connector, Resource
from tests.connectors.emulator.matching import Pattern, address, pattern
from tests.connectors.emulator.places import columns, field_path, get, put, steps
from tests.connectors.emulator.records import Record, Records, Stream
from tests.connectors.emulator.shapes import keys_of
from tests.servers.vendor import Received, Reply

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Got:
    """Whose record it is, and the answer."""

    resource: Resource
    reply: Reply


class Retrieving:
    """Finds records by what stands in an address."""

    def __init__(self, connector: Connector, records: Records) -> None:
        self.records = records
        self.known: list[tuple[Resource, Pattern, list[tuple[str, Pattern]]]] = []
        for resource in connector.resources:
            if resource.retrieve is not None:
                base = resource.endpoint.base_url or connector.client.base_url
                whole = address(base, resource.retrieve.path).partition("?")[0]
                # `?ids={id}`: a list that a parameter narrows down; `?fields=...`: what tells equal paths apart.
                narrowed = [(k, pattern(v)) for k, v in resource.retrieve.params.items() if isinstance(v, str)]
                self.known.append((resource, pattern(whole, in_path=True), narrowed))

    def find(self, request: Received) -> Got | None:
        """Return the answer to a request for one record, None where it is none."""
        if request.method != "GET":
            return None
        missing = None
        for resource, path, narrowed in self.known:
            found = [path.read(request.path), *(param.read(request.get(name)) for name, param in narrowed)]
            if any(holes is None for holes in found):
                continue
            wanted = {name: unquote(value) for holes in found for name, value in (holes or {}).items()}
            for stream, record in self.records.all(resource.name):
                if names(stream, record, wanted, self.records.server):
                    selector = resource.retrieve.data_selector if resource.retrieve else ""
                    return Got(resource, Reply(put(None, steps(selector or "$"), record.data)))
            missing = missing or Got(resource, Reply({"message": "not found"}, 404))
        return missing


def names(stream: Stream, record: Record, wanted: dict[str, str], server: str) -> bool:
    """Tell whether a record is the one that an address names, by its columns, its key or its parents' values."""
    row = row_of(stream, record)
    return all(name in row and _text(row[name], server) == _text(value, server) for name, value in wanted.items())


def row_of(stream: Stream, record: Record) -> dict[str, Json]:
    """Return what an address may name of a record: columns, `id` for the key, the parents' tags and params."""
    resource = stream.resource
    row = {**columns(record.data, list(resource.lift), 9), **record.data, **stream.given, **stream.tags}
    keys = keys_of(resource)
    if len(keys) == 1:
        path = field_path(record.data, keys[0], resource.lift)
        row["id"] = get(record.data, list(path or []))
    return row


def _text(value: Json, server: str) -> str:
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return text.removeprefix(server).strip("/")
