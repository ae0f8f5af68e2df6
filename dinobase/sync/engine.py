"""One connector's sync: its resources run side by side, each lands complete or not at all; a failure stops no other.

Extract feeds the spool, the loader's thread turns segments into typed rows beside it and commits each resource with its
cursor in one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from dinobase.catalog.runs import RunLog, TableRun
from dinobase.core import clock
from dinobase.core.errors import DinobaseError
from dinobase.lake.lock import sync_lock
from dinobase.sync.faults import fault_of
from dinobase.sync.loader import Loader
from dinobase.sync.report import ConnectorReport, TableReport, status_of
from dinobase.sync.request import SyncRequest


async def sync_connector(request: SyncRequest) -> ConnectorReport:
    """Sync one connector; what fails is in the report, only cancellation is raised."""
    began = clock.monotonic()
    run = clock.new_id("run")
    log = RunLog(request.paths.state, request.catalog)
    try:
        request.paths.make(request.paths.state)
        with sync_lock(request.location, request.paths.state):
            tables = await _read(request, run, log)
            unrecorded = _record(log, run, request.name, tables)
    except Exception as error:  # noqa: BLE001 - a fault in one connector must not stop the others
        known = error if isinstance(error, DinobaseError) else fault_of(error)
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


async def _read(request: SyncRequest, run: str, log: RunLog) -> list[TableReport]:
    """Begin to open the lake; what reads is imported meanwhile, which takes as long."""
    mode = "full" if request.full_refresh else "incremental"
    if request.source is not None:
        from dinobase.sync.reading import Order, read_all

        await asyncio.to_thread(log.start, run, request.name, mode=mode, by=request.by)
        order = Order(
            request.name,
            run,
            request.location,
            request.paths,
            request.observe,
            request.full_refresh,
            request.catalog,
        )
        return await read_all(order, request.source, fault_of)
    temp = request.paths.make(request.paths.spool) / request.name / ".temp"
    loader = Loader(request.location, request.paths.state, temp)
    try:
        opening = loader.opening()
        from dinobase.sync.run import Run

        await asyncio.to_thread(log.start, run, request.name, mode=mode, by=request.by)
        return await Run(request, run, loader).all(opening)
    finally:
        await asyncio.to_thread(loader.close)


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
