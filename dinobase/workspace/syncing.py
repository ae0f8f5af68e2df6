"""From names to reports: all connectors are prepared, then run in one event loop; a failure stops no other."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dinobase.core import errors, secrets
from dinobase.core.settings import Paths, resume_after, telemetry
from dinobase.core.values import Observer
from dinobase.lake import reader
from dinobase.lake.connection import STATE
from dinobase.lake.location import LakeLocation, Storage
from dinobase.lake.metadata import lake_exists
from dinobase.lake.sql import qualified
from dinobase.spec import compiled, credentials
from dinobase.spec.resolve import resolve
from dinobase.spec.vault import Vault
from dinobase.sync import plan, registry
from dinobase.sync.engine import sync_connector
from dinobase.sync.report import ConnectorReport, DryRun, SyncReport, status_of
from dinobase.sync.request import SyncRequest
from dinobase.workspace import upkeep

if TYPE_CHECKING:
    from dinobase.catalog.telemetry import Watch
    from dinobase.spec.config import Config, ConnectorConfig
    from dinobase.spec.models import Connector, Resource

_AT_ONCE = 4  # connectors; each has a DuckDB instance of its own


@dataclass(frozen=True, slots=True)
class Prepared:
    """A connector that can run: its file valid, its resources known."""

    name: str
    entry: ConnectorConfig
    path: Path
    connector: Connector
    resources: Sequence[Resource]


def sync(
    names: Sequence[str],
    *,
    resources: Sequence[str],
    full_refresh: bool,
    observe: Observer,
    config: Config,
    paths: Paths,
    by: str = "cli",
) -> SyncReport:
    """Sync these connectors; what cannot be prepared raises where it was asked for alone, else it is in the report."""
    with _watch(observe) as watch:
        told = watch or observe
        requests: list[SyncRequest] = []
        failed: dict[str, ConnectorReport] = {}
        for name in names:
            try:
                asked = _request(name, resources, full_refresh=full_refresh, observe=told, config=config, paths=paths)
                requests.append(replace(asked, by=by))
            except errors.DinobaseError as error:
                if len(names) == 1:
                    raise
                failed[name] = ConnectorReport(name, "error", 0, [], _facts(error))
        done = {report.name: report for report in asyncio.run(_all(requests))}
        worked = [r.location for r in requests if done[r.name].status != "error"]
        upkeep.where_needed(worked, config, paths, told)
        reports = [_redacted(done[name]) if name in done else failed[name] for name in names]
        if watch is not None:
            for one in reports:
                watch.connector(one.name, one.status, one.seconds, str(one.error["code"]) if one.error else "")
    return SyncReport(status_of(r.status for r in reports), reports)


def _watch(observe: Observer) -> AbstractContextManager[Watch | None]:
    if not telemetry():
        return nullcontext()
    from dinobase.catalog import telemetry as spans  # it imports OpenTelemetry

    return spans.sync(observe)


def dry_run(
    names: Sequence[str], *, resources: Sequence[str], full_refresh: bool, config: Config, paths: Paths
) -> DryRun:
    """Say what a sync would ask for."""
    from dinobase.sync import dry

    planned = []
    for name in names:
        prepared = prepare(name, resources, config, paths, offline=True)
        memories = {} if full_refresh else _memories(_location(name, config, paths), paths)
        tables = dry.planned(prepared.resources, memories, full_refresh=full_refresh)
        planned.append({"name": name, "tables": tables})
    return DryRun(planned)


def prepare(name: str, resources: Sequence[str], config: Config, paths: Paths, *, offline: bool = False) -> Prepared:
    """Read a connector's file and choose its resources; of a source in Python, what it said when last looked at.

    offline: of an MCP server too; else it is asked when it is met, and chooses nothing here.
    """
    entry = config.connectors[name]
    if registry.is_python(entry.type, paths):
        from dinobase.sync import facts
        from dinobase.workspace import python_kinds

        connector = python_kinds.definition(name, paths)
        chosen = plan.choose(connector, entry.resources, resources)
        return Prepared(name, entry, facts.path_of(name, paths), connector, chosen)
    path = registry.definition(entry.type, paths)
    connector = compiled.load(path, paths)
    if connector.type == "mcp":
        if not offline:
            return Prepared(name, entry, path, connector, ())
        from dinobase.workspace import servers

        connector = servers.expanded(name, connector, paths)
    return Prepared(name, entry, path, connector, plan.choose(connector, entry.resources, resources))


def _request(
    name: str, resources: Sequence[str], *, full_refresh: bool, observe: Observer, config: Config, paths: Paths
) -> SyncRequest:
    entry = config.connectors[name]
    if registry.is_python(entry.type, paths):
        from dinobase.workspace import python_kinds

        return python_kinds.request(
            name,
            entry,
            resources,
            _location(name, config, paths),
            full_refresh=full_refresh,
            observe=observe,
            catalog=config.storage.catalog,
            paths=paths,
        )
    prepared = prepare(name, resources, config, paths)
    declared = prepared.connector.credentials
    answers = credentials.recall(prepared.name, declared, Vault(paths), prepared.entry.params)
    connector = resolve(prepared.connector, credentials.values(declared, answers))
    chosen = {resource.name: resource for resource in connector.resources}

    def choose(found: Connector) -> Sequence[Resource]:
        return plan.choose(found, entry.resources, resources)

    return SyncRequest(
        name=prepared.name,
        connector=connector,
        resources=[chosen[resource.name] for resource in prepared.resources],
        location=_location(prepared.name, config, paths),
        paths=paths,
        # Another file or other credentials: what an interrupted run fetched is not this one's. Kept as a salted hash.
        identity=hashlib.sha256(prepared.path.read_bytes()).hexdigest() + connector.model_dump_json(),
        observe=observe,
        full_refresh=full_refresh,
        catalog=config.storage.catalog,
        resume_after=resume_after(),
        choose=choose if connector.type == "mcp" else None,
    )


async def _all(requests: Sequence[SyncRequest]) -> list[ConnectorReport]:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(request: SyncRequest) -> ConnectorReport:
        async with slots:
            return await sync_connector(request)

    return await asyncio.gather(*(one(request) for request in requests))


def _location(name: str, config: Config, paths: Paths) -> LakeLocation:
    return Storage(paths.lakes, config.storage.url, config.storage.catalog).lake(name)


def _memories(location: LakeLocation, paths: Paths) -> dict[str, dict[str, str]]:
    if not lake_exists(location):
        return {}
    connection = reader.open_reader(reader.Limits(temp=str(paths.cache / "tmp")))
    try:
        reader.attach_lakes(connection, [(location, None)])
        table = qualified(location.name, "main", STATE)
        memories: dict[str, dict[str, str]] = {}
        for resource, key, value in connection.execute(f"SELECT resource, key, value FROM {table}").fetchall():
            memories.setdefault(resource, {})[key] = value
    except reader.DuckDBError as error:
        raise errors.LakeError(str(error).splitlines()[0], code="lake.read", hint="dinobase doctor") from None
    finally:
        connection.close()
    return memories


def _redacted(report: ConnectorReport) -> ConnectorReport:
    """Errors quote what the API said, which may be what we sent."""
    tables = [replace(t, error=_clean(t.error), notes=[secrets.redact(n) for n in t.notes]) for t in report.tables]
    return replace(report, tables=tables, error=_clean(report.error))


def _clean(error: dict[str, object] | None) -> dict[str, object] | None:
    return secrets.redact_error(error) if error else None


def _facts(error: errors.DinobaseError) -> dict[str, object] | None:
    return _clean(error.as_dict()["error"])
