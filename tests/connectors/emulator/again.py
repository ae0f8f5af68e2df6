"""What a second sync brings again although it had not changed: nothing, but for what an API cannot leave out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeAlias

from dinobase.core.clock import now
from dinobase.kinds import duration
from dinobase.spec.models import Resource
from tests.connectors.emulator import values
from tests.connectors.emulator.bench import Bench
from tests.connectors.emulator.places import field_path, get
from tests.connectors.emulator.records import Record

Json: TypeAlias = Any

_DAY = 86_400.0  # a start that is written as a date may lie so far before its cursor


def brought_again(running: Bench, resource: Resource, known: Collection[int]) -> Iterator[str]:
    """Yield it for a resource that asks for changes; `known` are the numbers of the records that were there before."""
    server, incremental = running.server, resource.incremental
    newest_first = incremental is not None and incremental.order == "desc"
    starts = server.starts.get(resource.name, [])
    if resource.parent is None and any(start is None for start in starts) and not newest_first:
        yield f"{resource.name}: the second sync asked from the beginning"
    served = server.served.get(resource.name, set())
    old = [r for _, r in server.records.all(resource.name) if r.number in known and not r.changed]
    rightly = _from_the_cursor(running, resource, old)
    again = {r.number for r in old if r.number in served} - rightly
    # Of a listing that has the newest first one page goes back behind what changed: it shows that the rest is old.
    page = server.largest.get(resource.name, 0) if newest_first else 0
    for stream in server.records.streams[resource.name]:
        of_a_changed_parent = incremental is None and stream.parent is not None and stream.parent.changed
        count = sum(record.number in again for record in stream.records)
        if count > page and not of_a_changed_parent:
            yield f"{resource.name}: the second sync brought {count} records of a listing again that had not changed"
            return


def _from_the_cursor(running: Bench, resource: Resource, old: Sequence[Record]) -> set[int]:
    """Return the records that may come again: those at the last cursor, and what `lookback` takes before it."""
    incremental = resource.incremental
    if incremental is None or not incremental.cursor_path:
        return set()
    schema = running.server.shapes.resources[resource.name].record
    path = list(field_path(schema, incremental.cursor_path, resource.lift) or [])
    if not path:
        return set()  # no record has it: whatever comes comes again
    places = {record.number: _place(get(record.data, path)) for record in old}
    dated = any(values.moment(get(record.data, path)) is not None for record in old)
    latest = now().timestamp() if dated else math.inf  # no cursor is kept that is yet to come
    end = max((place for place in places.values() if place <= latest), default=0.0) - _DAY * dated
    back = duration.seconds(incremental.lookback) if incremental.lookback else 0.0
    back = float(incremental.lookback) if back is None else back
    return {number for number, place in places.items() if place >= end - back}


def _place(cursor: Json) -> float:
    """Return a cursor as a number, of a moment its seconds."""
    moment = values.moment(cursor)
    return moment.timestamp() if moment is not None else float(cursor)
