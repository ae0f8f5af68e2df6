"""One resource from API to table: pages to the spool, segments to Parquet, all to the lake in one transaction."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from dinobase.catalog.annotations import Words, descriptions
from dinobase.core import clock
from dinobase.core.errors import DinobaseError, LoadError
from dinobase.core.secrets import redact_error
from dinobase.core.values import Batch, Event, Observer, ParentRow
from dinobase.extract import runner
from dinobase.extract.session import Counters, Session
from dinobase.lake.connection import ALIAS, STATE, Writer
from dinobase.lake.sql import literal
from dinobase.load import highwater, write
from dinobase.load.fit import fits
from dinobase.load.infer import Shaping
from dinobase.load.landing import Landing
from dinobase.load.schema import Column, TableSchema
from dinobase.load.spool import WORTH, Full, Spool
from dinobase.spec.models import Connector, Parent, Resource
from dinobase.sync import incremental, parents, plan
from dinobase.sync.loader import Loader
from dinobase.sync.parents import CAUGHT_UP, LOADS, Listed
from dinobase.sync.report import TableReport

IN_FLIGHT = 2  # segments that wait for the loader while the fetch goes on


class ResourceSync:
    """One run of one resource."""

    def __init__(
        self,
        connector: Connector,
        resource: Resource,
        *,
        loader: Loader,
        session: Session,
        spool: Path,
        identity: str,
        memory: Mapping[str, Mapping[str, str]],
        observe: Observer,
        run: str,
        full_refresh: bool,
        children: Sequence[Resource],
        words: Words,
        worth: float = WORTH,
    ) -> None:
        self._connector = connector
        self._words = words
        self._resource = resource
        self._loader = loader
        self._session = session
        self._memory = memory
        self._before = dict(memory.get(resource.name, {}))
        self._observe = observe
        self._run = run
        self._children = children
        self._notes: list[str] = []
        if resource.write_disposition != "append" and write.rekeyed(self._key(self._known_schema()), self._before):
            full_refresh = True  # rows are told apart by something else now: only a full listing is without doubles
            self._note("its primary key has changed: everything is listed anew")
        self._full_refresh = full_refresh
        plan_ = resource.incremental
        if plan_ is not None and (other := incremental.moved_from(plan_, self._before)):
            self._note(f"its cursor was {other} and is {incremental.of(plan_)} now: everything is listed anew")
        self._committed = None if full_refresh else incremental.committed(plan_, self._before)
        self._start = incremental.start_value(plan_, self._committed) if plan_ is not None else None
        self._continues = self._committed is not None
        # What a resumed spool must have in common with this run, to be of the same request.
        self._request = [identity, resource.name, self._start, full_refresh]
        self._folder, self._worth = spool, worth

    async def run(self, listed: Listed | None) -> tuple[TableReport, Listed]:
        """Fetch and load; `listed` is what the parent's run brought, where it ran too."""
        landing = Landing(
            self._loader.aside,
            self._known_schema(),
            self._shaping(),
            cursor=self._resource.incremental.cursor_path if self._resource.incremental else "",
            fits=self._fits,
        )
        # A parent that has changed since may have other children: they are asked for anew.
        self._spool = Spool(
            self._folder,
            json.dumps([*self._request, self._parent_loads(listed)]),
            labels=self._resource.parent is not None,
            worth=self._worth,
        )
        rows, everything = None, True
        if self._resource.parent is not None:
            rows, everything = await self._loader.run(self._parent_rows, self._resource.parent, listed)
        await asyncio.to_thread(self._spool.open)
        try:
            await self._fetch(landing, rows)
            files = landing.finished()
            if files is None:
                files = await self._loader.stage(landing.finish)
            load, mine = await self._loader.run(self._prepared, landing, files, rows, listed, everything)
            outcome = await self._loader.land(load)
        except BaseException as error:
            if isinstance(error, LoadError) or getattr(error, "error_code", "") == "fetch.loop":
                self._spool.discard()  # what came is at fault: the next run asks again
            elif getattr(error, "error_code", "") == "lake.disk_full":
                self._spool.shed()  # else nobody could as much as read what is there
            self._spool.close()
            raise
        self._spool.discard()
        self._notes += [*landing.notes, *outcome.changes]
        report = self._report("success" if outcome.changed else "unchanged", outcome)
        return report, replace(mine, loads=outcome.count or mine.loads)

    def _known_schema(self) -> TableSchema:
        """Return what the lake remembers of the columns."""
        return TableSchema.from_json(self._before["schema"]) if "schema" in self._before else TableSchema()

    def _key(self, schema: TableSchema) -> tuple[str, ...]:
        return tuple(_column(schema, name) for name in plan.key(self._connector, self._resource))

    def _parent_loads(self, listed: Listed | None) -> str:
        """Return how many loads have changed the parent's table."""
        own = self._resource.parent
        if listed is not None or own is None:
            return listed.loads if listed is not None else ""
        return self._memory.get(own.resource, {}).get(LOADS, "0")

    def _shaping(self) -> Shaping:
        resource = self._resource
        return Shaping(
            max_nesting=resource.max_nesting,
            lift=tuple(tuple(path.split(".")) for path in resource.lift),
            types={name: column.type for name, column in resource.columns.items() if column.type},
        )

    def _fits(self, column: Column, type_: str) -> bool:
        return self._loader.ask(fits, self._loader.writer, self._resource.name, column, type_)

    def _parent_rows(self, own: Parent, listed: Listed | None) -> tuple[list[ParentRow], bool]:
        """Return the request series and whether they cover all parents."""
        parent = self._connector.resource(own.resource)
        assert parent is not None
        whole = own.every or self._resource.write_disposition == "replace" or self._resource.deletes != "ignore"
        if (
            listed is not None
            and self._before.get(CAUGHT_UP) == listed.loads_before
            and (listed.complete or not (whole or self._full_refresh))
        ):
            only_changed = own.only_changed and not self._full_refresh
            values = (listed.changed if only_changed else listed.rows)[self._resource.name]
            return self._series(values), listed.complete and not only_changed
        schema = self._schema_of(parent)
        values = parents.all_of(self._loader.writer, self._connector, parent, self._resource, schema)
        return self._series(values), True

    def _series(self, values: Sequence[tuple[object, ...]]) -> list[ParentRow]:
        rows = parents.parent_rows(self._connector, self._resource, values)
        if not self._continues:
            return rows
        return parents.with_fresh(self._loader.writer, self._connector, self._resource, rows)

    def _schema_of(self, resource: Resource) -> TableSchema:
        found = self._loader.writer.one(
            f"SELECT value FROM {ALIAS}.{STATE} WHERE resource = {literal(resource.name)} AND key = 'schema'"
        )
        return TableSchema.from_json(found) if found else TableSchema()

    async def _fetch(self, landing: Landing, rows: list[ParentRow] | None) -> None:
        """Bring every page to the spool; segments are staged beside it."""
        staging: list[asyncio.Future[None]] = [
            asyncio.ensure_future(self._loader.stage(landing.stage, segment)) for segment in self._spool.segments
        ]
        try:
            await self._bring(landing, rows, staging)
            await asyncio.gather(*staging)
        except BaseException:
            for future in staging:
                future.cancel()
            await asyncio.gather(*staging, return_exceptions=True)
            await self._loader.stage(_nothing)  # what the staging thread had begun is over: the files are nobody's
            raise

    async def _bring(self, landing: Landing, rows: list[ParentRow] | None, staging: list[asyncio.Future[None]]) -> None:
        spool = self._spool
        if spool.resumed:
            self._note(f"goes on after {spool.progress.rows} rows that an interrupted run had fetched")
        todo = None
        labels: dict[int, str] = {}
        if rows is not None:
            named = [(_label(row), row) for row in rows]
            named = [(label, row) for label, row in named if label not in spool.progress.finished]
            todo = [row for _, row in named]
            labels = {spool.progress.next_stream + n: label for n, (label, _) in enumerate(named)}
        if not spool.progress.done:
            try:
                async with aclosing(self._batches(landing, todo)) as batches:
                    async for batch in batches:
                        full = spool.add(batch, labels.get(batch.stream, ""))
                        if full is not None:
                            await self._stage(landing, full, staging)
            finally:
                full = spool.flush()
            if full is not None:
                await self._stage(landing, full, staging)

    def _batches(self, landing: Landing, todo: list[ParentRow] | None) -> AsyncGenerator[Batch, None]:
        return runner.read(
            self._session,
            self._resource,
            parents=todo,
            start_value=self._start,
            resume=self._spool.progress.resume if todo is None else "",
            first_stream=self._spool.progress.next_stream if todo is not None else 0,
            cut=landing.cut,
        )

    async def _stage(self, landing: Landing, full: Full, staging: list[asyncio.Future[None]]) -> None:
        running = [f for f in staging if not f.done()]
        for future in staging:
            if future.done():
                future.result()  # a failed staging ends the fetch
        if len(running) >= IN_FLIGHT:
            await running[0]
        staging.append(asyncio.ensure_future(self._loader.stage(self._keep, landing, full)))

    def _keep(self, landing: Landing, full: Full) -> None:
        """Write the segment and make Parquet of it; in the staging thread."""
        self._spool.settle()
        landing.stage(full.segment, full.data, full.by)

    def _prepared(
        self,
        landing: Landing,
        files: Sequence[Path],
        rows: list[ParentRow] | None,
        listed: Listed | None,
        everything: bool,  # noqa: FBT001
    ) -> tuple[write.Load, Listed]:
        """Return what is to be written, and what children hear of it; in the loader's thread."""
        resource, writer = self._resource, self._loader.writer
        schema = landing.schema
        key = self._key(schema)
        loads = self._before.get(LOADS, "0")
        memory = {k: v for k, v in self._before.items() if k in {LOADS, CAUGHT_UP}}
        memory |= incremental.remembered(resource.incremental, self._before, self._cursor(writer, files, schema))
        if resource.parent is not None:
            memory[CAUGHT_UP] = self._parent_loads(listed)
        complete = not self._continues and everything
        found = {c.name: self._collect(writer, schema, files, c) for c in self._children}
        changed = {
            c.name: self._collect(writer, schema, files, c, key)
            for c in self._children
            if c.parent is not None and c.parent.only_changed
        }
        ready = self._plan(schema, key, memory, complete=complete, rows=rows, everything=everything)
        load = write.Load(ready, schema, files, landing.structures, self._before)
        return load, Listed(loads, loads, complete, found, changed)

    def _plan(
        self,
        schema: TableSchema,
        key: tuple[str, ...],
        memory: dict[str, str],
        *,
        complete: bool,
        rows: list[ParentRow] | None,
        everything: bool,
    ) -> write.Plan:
        resource, others = self._resource, self._connector.resources
        disposition = resource.write_disposition or ("merge" if key else "replace")
        boundary = ""
        if disposition == "append" and self._full_refresh:
            disposition, key = "replace", ()
        elif disposition == "append" and resource.incremental:
            column = schema.find(resource.incremental.cursor_path)
            boundary = column.name if column is not None else ""
        tags = tuple(plan.tags(self._connector, resource))
        visited = None
        if rows is not None and not everything:
            visited = (tags, [tuple(row.tags[t] for t in tags) for row in rows])
        return write.Plan(
            table=resource.name,
            disposition=disposition,
            key=key,
            run=self._run,
            moment=clock.iso(clock.now()),
            since=clock.iso(self._spool.progress.began),
            deletes=resource.deletes,
            complete=complete or (visited is not None and not self._continues),
            visited=visited,
            boundary=boundary,
            memory=memory,
            counter=LOADS if any(c.parent and c.parent.resource == resource.name for c in others) else "",
            description=resource.description or "",
            comments=descriptions(
                self._words, resource.name, {key: c.description for key, c in resource.columns.items() if c.description}
            ),
        )

    def _collect(
        self, writer: Writer, schema: TableSchema, files: Sequence[Path], child: Resource, key: Sequence[str] = ()
    ) -> list[tuple[object, ...]]:
        return parents.collect(writer, self._connector, self._resource, schema, files, child, changed_key=key)

    def _cursor(self, writer: Writer, files: Sequence[Path], schema: TableSchema) -> str | None:
        """Return the cursor to commit."""
        plan_ = self._resource.incremental
        if plan_ is None:
            return None
        previous = self._committed
        if plan_.token_path:
            return self._spool.progress.token or previous
        cap: datetime | None = None
        if plan_.order != "asc":
            cap = self._spool.progress.server_date or self._spool.progress.began
        column = schema.find(plan_.cursor_path)
        if column is None and files:
            self._note(f"no record has `{plan_.cursor_path}`, which `incremental.cursor_path` names")
        mark = highwater.advance(writer, files, column, previous, cap=cap, unit=self._unit(column) or plan_.format)
        if mark.note:
            self._note(mark.note)
        return mark.text

    def _unit(self, column: Column | None) -> str | None:
        notes = self._resource.columns
        known = (notes.get(column.name) or notes.get(".".join(column.path))) if column is not None else None
        return {"epoch_s": "unix", "epoch_ms": "unix_ms"}.get(known.unit or "") if known is not None else None

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._observe(Event("note", self._session.name, self._resource.name, reason=text))

    def _report(self, status: str, outcome: write.Outcome) -> TableReport:
        return TableReport(
            name=self._resource.name,
            status="success" if status == "success" else "unchanged",
            rows=self._spool.progress.rows,
            total_rows=outcome.total,
            inserted=outcome.inserted,
            updated=outcome.updated,
            deleted=outcome.deleted,
            mode="incremental" if self._continues else "full",
            resumed=self._spool.resumed,
            parents_without_rows=self._spool.progress.missing,
            listed_at=clock.iso(self._spool.progress.began) if self._spool.resumed else None,
            notes=list(self._notes),
        )

    def failed(self, error: DinobaseError) -> TableReport:
        """Report a failure; the table stays as it was, the spool keeps what came."""
        facts: dict[str, Any] = redact_error(json.loads(json.dumps(error.as_dict()["error"], default=str)))
        facts["context"].setdefault("resource", self._resource.name)
        return TableReport(
            name=self._resource.name,
            status="error",
            rows=0,
            error=facts,
            mode="incremental" if self._continues else "full",
            notes=list(self._notes),
        )

    def skipped(self, reason: str) -> TableReport:
        """Report that it was not tried."""
        return TableReport(name=self._resource.name, status="skipped", notes=[reason])

    def counted(self, report: TableReport, counters: Counters, seconds: float) -> TableReport:
        """Add what it cost."""
        return replace(
            report,
            requests=counters.requests,
            retries=counters.retries,
            bytes=counters.bytes,
            seconds=round(seconds, 3),
        )


def _nothing() -> None:
    return


def _label(row: ParentRow) -> str:
    return json.dumps(dict(row.params), sort_keys=True, ensure_ascii=True)


def _column(schema: TableSchema, name: str) -> str:
    column = schema.find(name)
    return name if column is None else column.name
