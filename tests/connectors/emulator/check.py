"""The emulator's part of the conformance check: all that one connector promises, driven end to end.

One connector: `pytest tests/connectors -k NAME`, or `python -m tests.connectors.emulator NAME` for a report.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from dinobase.spec.models import Resource
from dinobase.sync.report import ConnectorReport
from tests.connectors.catalogue import asks_for_changes
from tests.connectors.emulator.again import brought_again
from tests.connectors.emulator.bench import Bench, bench
from tests.connectors.emulator.driving import driven
from tests.connectors.emulator.landing import differences
from tests.connectors.emulator.shapes import SHAPES, keys_of
from tests.connectors.prove import CONFIGS

Json: TypeAlias = Any


@dataclass(slots=True)
class Outcome:
    """What was found wrong, and how long each part took."""

    name: str
    problems: list[str] = field(default_factory=list)
    resources: int = 0
    writes: int = 0
    requests: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def check(name: str, folder: Path) -> Outcome:
    """Sync, change, sync again, write."""
    raw = yaml.load((CONFIGS / f"{name}.yaml").read_bytes(), Loader=yaml.CSafeLoader)
    return check_raw(raw, folder)


def check_raw(raw: Json, folder: Path, known: Path = SHAPES, vendor: Json = None) -> Outcome:
    """Check any connector's data; `known` is the folder of its shape, `vendor` what the API is where it is another."""
    found = Outcome(raw["name"])
    begun = time.process_time()
    with bench(raw, folder, known, vendor) as running:
        found.resources = len(running.connector.resources)
        found.writes = len(running.connector.write_endpoints)
        begun = _lap(found, "connect", begun)
        found.problems += _first(running)
        begun = _lap(found, "first sync", begun)
        found.problems += _second(running)
        begun = _lap(found, "second sync", begun)
        found.problems += driven(running)
        _lap(found, "writes", begun)
        found.problems += running.server.problems
        found.requests = len(running.server.requests)
    found.problems = list(dict.fromkeys(found.problems))
    return found


def _lap(found: Outcome, name: str, begun: float) -> float:
    now = time.process_time()
    found.seconds[name] = now - begun
    return now


def _first(running: Bench) -> Iterator[str]:
    report = running.sync()
    yield from _errors(report)
    yield from differences(running)
    server = running.server
    for resource in running.connector.resources:
        served = len(server.served.get(resource.name, ()))
        if served < len(list(server.records.all(resource.name))):
            yield f"{resource.name}: {served} records were asked for, not all"


def _errors(report: ConnectorReport) -> Iterator[str]:
    if report.error:
        yield f"{report.name}: {report.error}"
    for table in report.tables:
        if table.status == "error":
            facts = table.error or {}
            yield f"{table.name}: {facts.get('message')} {facts.get('context')}"


def _second(running: Bench) -> Iterator[str]:
    """Change some records and sync: only they come, where the API can be asked so; what did not change stays."""
    server, connector = running.server, running.connector
    known = {r.name: {record.number for _, record in server.records.all(r.name)} for r in connector.resources}
    touched = _change(running)
    server.served.clear()
    server.starts.clear()
    server.largest.clear()
    report = running.sync()
    yield from _errors(report)
    yield from differences(running)
    states = {table.name: table.status for table in report.tables}
    for resource in connector.resources:
        wanted = "success" if resource.name in touched else "unchanged"
        if states.get(resource.name) not in {wanted, "error"} and resource.write_disposition != "append":
            yield f"{resource.name}: the second sync was `{states.get(resource.name)}`, not `{wanted}`"
        if asks_for_changes(resource):
            yield from brought_again(running, resource, known[resource.name])


def _change(running: Bench) -> set[str]:
    """Change and add records: in every resource that has a cursor, and in every other of the rest."""
    records, connector = running.server.records, running.connector
    touched: set[str] = set()
    chosen = {r.name for n, r in enumerate(connector.resources) if r.incremental is not None or n % 2 == 0}
    for resource in connector.resources:
        if resource.name in chosen and resource.parent is not None and resource.parent.only_changed:
            chosen |= _ancestors(running, resource)
    for resource in connector.resources:
        if resource.name not in chosen:
            continue
        stream = next(iter(records.streams[resource.name]), None)
        if stream is None:
            continue
        before = {name: len(list(records.all(name))) for name in records.streams}
        of_a_key = resource.incremental is not None and resource.incremental.cursor_path in keys_of(resource)
        if resource.write_disposition != "append" and not of_a_key:
            records.change(stream)
        if not running.server.shapes.resources[resource.name].single:
            records.add(stream, changed=True)
        touched.add(resource.name)
        touched |= {name for name, count in before.items() if len(list(records.all(name))) > count}
    return touched


def _ancestors(running: Bench, resource: Resource) -> set[str]:
    found: set[str] = set()
    while resource.parent is not None:
        found.add(resource.parent.resource)
        above = running.connector.resource(resource.parent.resource)
        assert above is not None
        resource = above
    return found
