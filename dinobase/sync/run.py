"""One run of one connector that is asked by HTTP: its resources side by side; each lands complete or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from dinobase.catalog.annotations import Book, Words
from dinobase.core import clock
from dinobase.core.errors import DinobaseError
from dinobase.core.values import Event
from dinobase.extract.session import Session
from dinobase.extract.sessions import session_for
from dinobase.lake import state
from dinobase.load import write
from dinobase.spec.models import Resource
from dinobase.sync import own_fields as own
from dinobase.sync.faults import fault_of
from dinobase.sync.loader import Loader, Memory
from dinobase.sync.parents import Listed
from dinobase.sync.report import TableReport, together
from dinobase.sync.request import SyncRequest
from dinobase.sync.resource import ResourceSync


class Run:
    """One run of one connector: what its resources share."""

    def __init__(self, request: SyncRequest, run: str, loader: Loader) -> None:
        self._request = request
        self._run = run
        self._connector = request.connector
        self._loader = loader
        self._spool = request.paths.spool / request.name
        self._listed: dict[str, asyncio.Future[Listed | None]] = {}
        self._resources: Sequence[Resource] = request.resources
        self._words = Words()

    async def all(self, opening: asyncio.Future[Memory]) -> list[TableReport]:
        """Sync every resource; `opening` is the lake that is being opened, and gives what it remembers."""
        request = self._request
        loop = asyncio.get_running_loop()
        async with session_for(
            request.connector, name=request.name, state_dir=request.paths.state, observe=request.observe
        ) as session:
            self._words = await asyncio.to_thread(Book(request.paths.state, request.catalog).words, request.name)
            memory = await self._loader.memory(opening)
            self._connector = await session.definition()
            self._resources = request.resources if request.choose is None else request.choose(self._connector)
            self._listed = {r.name: loop.create_future() for r in self._resources}
            tasks = [asyncio.create_task(self._one(session, r, memory)) for r in self._resources]
            try:
                tables = list(await asyncio.gather(*tasks))
            except BaseException:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                raise
            await opening  # a lake that cannot be opened is the connector's fault, not its tables'
            return tables

    async def _one(self, session: Session, resource: Resource, memory: dict[str, dict[str, str]]) -> TableReport:
        request = self._request
        began = clock.monotonic()
        request.observe(Event("started", request.name, resource.name))
        resource = await self._with_fields(session, resource)
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
            report = sync.failed(fault_of(error))
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

    async def _with_fields(self, session: Session, resource: Resource) -> Resource:
        """Return a resource that asks for the account's own fields too, after what they mean was annotated."""
        if resource.fields is None:
            return resource
        request = self._request
        try:
            found = await own.listed(session, resource)
            await asyncio.to_thread(own.say, Book(request.paths.state, request.catalog), request.name, resource, found)
            self._words = await asyncio.to_thread(Book(request.paths.state, request.catalog).words, request.name)
            own.remember(request.paths, request.name, resource, found)
        except DinobaseError as error:  # the rows come all the same, and what was known of them stays
            why = f"what the account says of its fields could not be read: {error.message}"
            request.observe(Event("note", request.name, resource.name, reason=why))
        return own.asking(resource, own.remembered(request.paths, request.name).get(resource.name, {}))

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
            words=self._words,
            worth=request.resume_after,
        )

    async def _after_parent(self, sync: ResourceSync, resource: Resource) -> tuple[TableReport, Listed | None]:
        if resource.parent is None or resource.parent.resource not in self._listed:
            return await sync.run(None)
        listed = await asyncio.shield(self._listed[resource.parent.resource])
        if listed is None:
            return sync.skipped(f"its parent {resource.parent.resource} failed"), None
        return await sync.run(listed)
