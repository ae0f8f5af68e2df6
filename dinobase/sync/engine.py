"""One connector's sync: its resources run side by side, each lands complete or not at all; a failure stops no other.

Extract feeds the spool, the loader's thread turns segments into typed rows beside it and commits each resource with its
cursor in one transaction.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from dinobase.catalog.runs import RunLog, TableRun
from dinobase.core import clock
from dinobase.core.errors import DinobaseError, LakeError
from dinobase.core.settings import Paths
from dinobase.core.values import Event, Observer
from dinobase.extract.session import Session
from dinobase.extract.sessions import session_for
from dinobase.lake import disk, state
from dinobase.lake.location import LakeLocation
from dinobase.lake.lock import sync_lock
from dinobase.load import write
from dinobase.load.spool import WORTH
from dinobase.spec.models import Connector, Resource
from dinobase.sync.loader import Loader
from dinobase.sync.parents import Listed
from dinobase.sync.reading import Order, Source, read_all
from dinobase.sync.report import ConnectorReport, TableReport, status_of, together
from dinobase.sync.resource import ResourceSync


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What to sync: `connector` with its credentials in it, `identity` the text that makes a spool its own.

    catalog: the PostgreSQL URL that records go to, "" for the workspace's own file. resume_after: seconds of fetching
    from which an interrupted listing goes on where it was; a shorter one begins anew. choose: takes the definition as
    the open session knows it to the resources, where only the source itself can tell which there are. source: what is
    read in place of requests, where the kind is one in Python.
    """

    name: str
    connector: Connector
    resources: Sequence[Resource]
    location: LakeLocation
    paths: Paths
    identity: str
    observe: Observer
    full_refresh: bool = False
    catalog: str = ""
    resume_after: float = WORTH
    by: str = "cli"
    choose: Callable[[Connector], Sequence[Resource]] | None = None
    source: Source | None = None


async def sync_connector(request: SyncRequest) -> ConnectorReport:
    """Sync one connector; what fails is in the report, only cancellation is raised."""
    began = clock.monotonic()
    run = clock.new_id("run")
    log = RunLog(request.paths.state, request.catalog)
    try:
        request.paths.make(request.paths.state)
        with sync_lock(request.location, request.paths.state):
            await asyncio.to_thread(
                log.start, run, request.name, mode="full" if request.full_refresh else "incremental", by=request.by
            )
            if request.source is None:
                tables = await _Run(request, run).all()
            else:
                tables = await read_all(_order(request, run), request.source, _fault)
            unrecorded = _record(log, run, request.name, tables)
    except Exception as error:  # noqa: BLE001 - a fault in one connector must not stop the others
        known = error if isinstance(error, DinobaseError) else _fault(error)
        with suppress(DinobaseError):
            log.finish(run, status="error", error=known.message)
        return ConnectorReport(request.name, "error", 0, [], known.as_dict()["error"], clock.monotonic() - began)
    return ConnectorReport(
        request.name,
        status_of([*(t.status for t in tables), *(["error"] if unrecorded else [])]),
        sum(t.rows for t in tables),
        tables,
        unrecorded.as_dict()["error"] if unrecorded else None,
        seconds=round(clock.monotonic() - began, 3),
    )


def _order(request: SyncRequest, run: str) -> Order:
    return Order(request.name, run, request.location, request.paths, request.observe, request.full_refresh)


def _record(log: RunLog, run: str, name: str, tables: Sequence[TableReport]) -> DinobaseError | None:
    """Record how the run ended; what keeps it from being recorded does not undo what is committed."""
    try:
        _tell(log, run, name, tables)
    except DinobaseError as error:
        return error
    return None


def _tell(log: RunLog, run: str, name: str, tables: Sequence[TableReport]) -> None:
    from datetime import timedelta

    finished = clock.now()
    for table in tables:
        log.table(
            run,
            name,
            TableRun(
                table=table.name,
                status=table.status,
                started_at=finished - timedelta(seconds=table.seconds),
                finished_at=finished,
                rows=table.rows,
                inserted=table.inserted,
                updated=table.updated,
                deleted=table.deleted,
                total_rows=table.total_rows if table.status in {"success", "unchanged"} else None,
                bytes=table.bytes,
                requests=table.requests,
                retries=table.retries,
                error=table.error["message"] if table.error else None,
                listed_at=table.listed_at,
            ),
        )
    failed = next((t.error["message"] for t in tables if t.error), None)
    log.finish(run, status=status_of(t.status for t in tables), rows=sum(t.rows for t in tables), error=failed)


class _Run:
    """One run of one connector: what its resources share."""

    def __init__(self, request: SyncRequest, run: str) -> None:
        self._request = request
        self._run = run
        self._connector = request.connector
        spool = request.paths.make(request.paths.spool) / request.name
        self._loader = Loader(request.location, request.paths.state, spool / ".temp")
        self._spool = spool
        self._listed: dict[str, asyncio.Future[Listed | None]] = {}
        self._resources: Sequence[Resource] = request.resources

    async def all(self) -> list[TableReport]:
        request = self._request
        loop = asyncio.get_running_loop()
        try:
            opening = self._loader.opening()
            async with session_for(
                request.connector, name=request.name, state_dir=request.paths.state, observe=request.observe
            ) as session:
                memory = await opening
                self._connector = await session.definition()
                self._resources = request.resources if request.choose is None else request.choose(self._connector)
                self._listed = {r.name: loop.create_future() for r in self._resources}
                tasks = [asyncio.create_task(self._one(session, r, memory)) for r in self._resources]
                try:
                    return list(await asyncio.gather(*tasks))
                except BaseException:
                    for task in tasks:
                        task.cancel()
                    await asyncio.gather(*tasks, return_exceptions=True)
                    raise
        finally:
            await asyncio.to_thread(self._loader.close)

    async def _one(self, session: Session, resource: Resource, memory: dict[str, dict[str, str]]) -> TableReport:
        request = self._request
        began = clock.monotonic()
        request.observe(Event("started", request.name, resource.name))
        sync = self._resource(session, resource, memory, full_refresh=request.full_refresh)
        listed: Listed | None = None
        try:
            report, listed = await self._after_parent(sync, resource)
            if report.resumed and listed is not None and resource.incremental is not None:
                # What changed between the interrupted run's beginning and now is asked for at once.
                memory = {**memory, resource.name: await self._loader.run(self._memory, resource.name)}
                again, later = await self._resource(session, resource, memory, full_refresh=False).run(None)
                report, listed = together(report, again), listed.with_later(later)
        except DinobaseError as error:
            report = sync.failed(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one resource must not stop the others
            report = sync.failed(_fault(error))
        finally:
            self._listed[resource.name].set_result(listed)
        if report.status in {"error", "skipped"}:
            with suppress(DinobaseError):
                held = await self._loader.run(lambda: write.held(self._loader.writer, resource.name))
                report = replace(report, total_rows=held)
        counters = session.count(resource.name)
        report = sync.counted(report, counters, clock.monotonic() - began)
        request.observe(Event("finished", request.name, resource.name, rows=report.rows, status=report.status))
        return report

    def _memory(self, name: str) -> dict[str, str]:
        return state.read(self._loader.writer).get(name, {})

    def _resource(
        self, session: Session, resource: Resource, memory: Mapping[str, Mapping[str, str]], *, full_refresh: bool
    ) -> ResourceSync:
        request = self._request
        return ResourceSync(
            self._connector,
            resource,
            loader=self._loader,
            session=session,
            spool=self._spool / resource.name,
            identity=request.identity,
            memory=memory,
            observe=request.observe,
            run=self._run,
            full_refresh=full_refresh,
            children=[c for c in self._resources if c.parent is not None and c.parent.resource == resource.name],
            worth=request.resume_after,
        )

    async def _after_parent(self, sync: ResourceSync, resource: Resource) -> tuple[TableReport, Listed | None]:
        if resource.parent is None or resource.parent.resource not in self._listed:
            return await sync.run(None)
        listed = await asyncio.shield(self._listed[resource.parent.resource])
        if listed is None:
            return sync.skipped(f"its parent {resource.parent.resource} failed"), None
        return await sync.run(listed)


def _fault(error: Exception) -> DinobaseError:
    if isinstance(error, OSError):
        if disk.is_full(str(error), str(error.filename or "")):
            return disk.full()
        of = f" ({error.filename})" if error.filename else ""
        hint = "`dinobase doctor` checks the workspace"
        return LakeError(f"{error.strerror or type(error).__name__}{of}", code="lake.files", hint=hint)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return DinobaseError(
        f"a fault in dinobase: {type(error).__name__}: {error}",
        hint="please report it with this message",
        where=f"{Path(place.filename).name}:{place.lineno} {place.name}",
    )
