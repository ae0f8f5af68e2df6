"""The tables against the emulator's records: as many rows, each value the record's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, TypeAlias

from dinobase.spec.models import Resource
from tests.connectors.emulator import values
from tests.connectors.emulator.bench import Bench, Table, shown
from tests.connectors.emulator.places import get
from tests.connectors.emulator.records import Record, Stream, leaves

Json: TypeAlias = Any


def differences(bench: Bench, *, gone: bool = True) -> Iterator[str]:
    """Yield what the tables hold otherwise than the emulator."""
    tables = bench.tables()
    for resource in bench.connector.resources:
        expected = list(bench.server.records.all(resource.name))
        table = tables.get(resource.name)
        if table is None:
            if expected:
                yield f"{resource.name}: there is no table for {len(expected)} records"
            continue
        yield from _of_table(resource, table, expected)


def _of_table(resource: Resource, table: Table, expected: list[tuple[Stream, Record]]) -> Iterator[str]:
    rows = [row for row in table.rows if row.get("_dinobase_deleted_at") is None]
    if len(rows) != len(expected):
        yield f"{resource.name}: {len(rows)} rows of {len(expected)} records"
        return
    left = list(rows)
    for stream, record in expected:
        best, why = None, ""
        for row in left:
            wrong = wrong_in(table, row, stream, record)
            if wrong is None:
                best = row
                break
            why = wrong if not why or _alike(table, row, record) else why
        if best is None:
            yield f"{resource.name}: no row is {shown(record.data)}: {why}"
            return
        left.remove(best)
    missing = [path for path in leaves_of(expected) if not _held(path, table)]
    if missing:
        yield f"{resource.name}: no column holds {'.'.join(missing[0])}"


def _alike(table: Table, row: dict[str, Json], record: Record) -> bool:
    return sum(same(get(record.data, list(p)), row.get(c)) for c, p in table.places.items()) > len(table.places) // 2


def leaves_of(expected: list[tuple[Stream, Record]]) -> list[list[str]]:
    """Return the places of all values that are not null."""
    found: dict[tuple[str, ...], None] = {}
    for _, record in expected:
        for path in leaves(record.data):
            if get(record.data, list(path)) is not None:
                found[tuple(path)] = None
    return [list(path) for path in found]


def _held(path: list[str], table: Table) -> bool:
    places = set(table.places.values())
    return any(tuple(path[:length]) in places for length in range(1, len(path) + 1))


def wrong_in(table: Table, row: dict[str, Json], stream: Stream, record: Record) -> str | None:
    """Return which column differs, None where none does."""
    for column, path in table.places.items():
        if column.startswith("_dinobase") or column not in row:
            continue
        value = stream.tags[column] if column in stream.tags else get(record.data, list(path))
        if not same(value, row[column]):
            return f"{column} is {shown(row[column])}, not {shown(value)}"
    return None


def same(value: Json, held: Json) -> bool:
    """Tell whether a row holds a record's value, whatever type it has there."""
    if value is None or held is None or value == held:
        return (value is None or value in ({}, [])) if held is None else value == held
    if isinstance(held, datetime | date):
        mine = values.moment(value)
        if not isinstance(held, datetime) and mine is not None:
            return bool(mine.date() == held)
        theirs = values.moment(held.isoformat())
        return mine == theirs or str(held) == str(value)
    if isinstance(value, bool) or isinstance(held, bool):
        return str(value).lower() == str(held).lower()
    if isinstance(value, dict | list):
        try:
            return bool((json.loads(held) if isinstance(held, str) else held) == value)
        except ValueError:
            return False
    if isinstance(held, str) and held == json.dumps(value):
        return True
    try:
        return float(value) == float(held)
    except (TypeError, ValueError):
        return str(value) == str(held)
