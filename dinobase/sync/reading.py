"""A source in Python, table by table: it is read as one state, each table lands with its cursor in one transaction."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from dinobase.catalog.annotations import Book, Words, descriptions
from dinobase.core import clock
from dinobase.core.errors import DinobaseError
from dinobase.core.secrets import redact_error
from dinobase.core.settings import Paths
from dinobase.core.values import Event, Observer
from dinobase.extract.readers.base import Ask, Brought, Capturing, Opened, SourceKind, SourceTable
from dinobase.lake import state
from dinobase.lake.location import LakeLocation
from dinobase.load import typed, write
from dinobase.load.schema import TableSchema
from dinobase.load.structure import Structure
from dinobase.sync import facts, in_place, lines, plan
from dinobase.sync.loader import Loader, Memory
from dinobase.sync.report import TableReport

CURSOR, CURSOR_OF = "cursor", "cursor_of"
Fault = Callable[[Exception], DinobaseError]


@dataclass(frozen=True, slots=True)
class Source:
    """A source to read: its kind, the values that open it, and which of its tables `add` kept and `sync` asks for."""

    kind: SourceKind
    values: Mapping[str, str]
    kept: Sequence[str] = ()
    asked: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """One run over a source: for which connector and lake, and who is told."""

    name: str
    run: str
    location: LakeLocation
    paths: Paths
    observe: Observer
    full_refresh: bool
    catalog: str = ""


async def read_all(request: Order, source: Source, fault: Fault) -> list[TableReport]:
    """Read the tables one after another; raises where the source cannot be opened."""
    folder = request.paths.make(request.paths.spool) / request.name
    loader = Loader(request.location, request.paths.state, folder / ".temp")
    opened: Opened | None = None
    try:
        memory = await loader.opening()
        opened = await loader.run(_open, source, loader)
        tables = await loader.run(opened.tables)
        facts.save(request.name, request.paths, tables)
        definition = facts.connector_of(request.name, opened.address, tables)
        words = await asyncio.to_thread(Book(request.paths.state, request.catalog).words, request.name)
        by_name = {table.name: table for table in tables}
        names = [by_name[r.name].of or r.name for r in plan.choose(definition, source.kept, source.asked)]
        chosen = [by_name[name] for name in dict.fromkeys(names)]
        if isinstance(opened, Capturing):
            kept = [by_name[r.name] for r in plan.choose(definition, source.kept, ())]
            await loader.run(opened.begin, kept, chosen, memory)
        several = [await _one(request, loader, opened, table, memory, words, folder, fault) for table in chosen]
        reports = [report for each in several for report in each]
        if isinstance(opened, Capturing):
            reports = await _settled(loader, opened, reports)
        return reports
    finally:
        if opened is not None:
            opened.interrupt()
            await asyncio.shield(loader.run(opened.close))
        await asyncio.to_thread(loader.close)
        shutil.rmtree(folder / ".read", ignore_errors=True)


async def _settled(loader: Loader, opened: Capturing, reports: list[TableReport]) -> list[TableReport]:
    """Tell the source what the lake has; where it cannot be told, the next run does, and reads the same again."""
    try:
        await loader.run(opened.settle, await loader.run(loader.locked, state.read))
    except DinobaseError as error:
        said = f"the source still keeps what is here already: {error.message}"
        return [replace(report, notes=[*report.notes, said]) for report in reports]
    return reports


def _open(source: Source, loader: Loader) -> Opened:
    opened: Opened = source.kind.open(source.values, loader.writer)
    return opened


async def _one(
    request: Order,
    loader: Loader,
    opened: Opened,
    table: SourceTable,
    memory: Memory,
    words: Words,
    folder: Path,
    fault: Fault,
) -> list[TableReport]:
    began = clock.monotonic()
    request.observe(Event("started", request.name, table.name))
    place = folder / ".read" / _safe(table.name)
    before = memory.get(table.name, {})
    work = _Table(loader, opened, table, before, words, request.run, place, request.full_refresh)
    others: list[TableReport] = []
    try:
        brought = await loader.run(work.read)
        request.observe(Event("page", request.name, table.name, rows=brought.rows, bytes=brought.bytes))
        for other, found in brought.beside:  # first: what was read is told by the table's own cursor
            known = memory.get(other.name, {})
            if found.rows or "schema" in known:
                aside = _Table(loader, opened, other, known, words, request.run, place, full_refresh=True)
                others.append(await loader.run(aside.commit, found))
        report = await loader.run(work.commit, brought)
    except Exception as error:  # noqa: BLE001 - a fault in one table must not stop the others
        report = await loader.run(work.failed, error if isinstance(error, DinobaseError) else fault(error))
    finally:
        shutil.rmtree(work.folder, ignore_errors=True)
    report = replace(report, seconds=round(clock.monotonic() - began, 3))
    request.observe(Event("finished", request.name, table.name, rows=report.rows, status=report.status))
    return [report, *others]


class _Table:
    """One table of one run; everything runs in the loader's thread."""

    def __init__(
        self,
        loader: Loader,
        opened: Opened,
        table: SourceTable,
        before: Mapping[str, str],
        words: Words,
        run: str,
        folder: Path,
        full_refresh: bool,  # noqa: FBT001
    ) -> None:
        self.folder = folder
        self._loader, self._opened, self._table, self._run = loader, opened, table, run
        self._before = dict(before)
        self._words = words
        self._schema = TableSchema.from_json(before["schema"]) if "schema" in before else TableSchema()
        self._names = typed.names_of([c.name for c in table.columns], self._schema)
        self._key = tuple(self._names[c] for c in table.key)
        self._notes: list[str] = []
        other = before.get(CURSOR_OF) != table.cursor
        if write.rekeyed(self._key, before) or ("key" in before and not self._key and json.loads(before["key"])):
            self._notes.append("its primary key has changed: everything is read anew")
            other = True
        self._anew = full_refresh or bool(self._notes)
        self._start = None if full_refresh or other or not (table.cursor or table.landing) else before.get(CURSOR)
        self._since = clock.iso(clock.now())

    def read(self) -> Brought:
        """Bring the rows into Parquet."""
        types = {c.name: c.type for c in self._schema}
        recipe = self._before.get(in_place.RECIPE, "")
        return self._opened.read(Ask(self._table, self._names, types, self._start, self.folder, recipe, self._anew))

    def commit(self, brought: Brought) -> TableReport:
        """Write them in one transaction."""
        writer, table = self._loader.writer, self._table
        structures: Mapping[str, Structure] = {}
        if brought.lines:
            landed = lines.land(writer, table.name, self._schema, brought.files, brought.types)
            schema, files, structures, notes = landed
            self._notes += notes
        else:
            schema = typed.settled(self._schema, self._names, brought.types, partial(typed.keeps, writer, table.name))
            files = [*brought.files, *typed.placeholder(writer, schema, brought.types, self.folder)]
            if not brought.types and brought.touched is not None:
                files = []  # nothing has changed, and no column came
        if brought.recipe:  # the lake has the columns alone
            files = in_place.emptied(writer, self._opened, table.name, brought.recipe, schema, files, self.folder)
        load = write.Load(self._plan(brought), schema, files, structures, self._before)
        outcome = self._loader.locked(lambda writer: write.commit(writer, load))
        changed = outcome.changed or self._before.get(in_place.RECIPE, "") != brought.recipe
        return TableReport(
            name=table.name,
            status="success" if changed else "unchanged",
            rows=0 if brought.recipe else brought.rows,
            total_rows=max(brought.there, 0) if brought.recipe else outcome.total,
            inserted=outcome.inserted,
            updated=outcome.updated,
            deleted=outcome.deleted,
            requests=1,
            bytes=brought.bytes,
            mode="full" if self._whole(brought) else "incremental",
            notes=[*self._notes, *brought.notes, *outcome.changes],
        )

    @property
    def _mode(self) -> Literal["full", "incremental"]:
        return "full" if self._start is None else "incremental"

    def _whole(self, brought: Brought) -> bool:
        return brought.parts is None and brought.touched is None and (brought.whole or self._start is None)

    def _plan(self, brought: Brought) -> write.Plan:
        table = self._table
        memory: dict[str, str] = dict(brought.memory)
        if brought.cursor is not None and (table.cursor or table.landing):
            memory = {CURSOR: brought.cursor, CURSOR_OF: table.cursor}
        if brought.recipe:
            memory[in_place.RECIPE] = brought.recipe
        whole = self._whole(brought)
        disposition: Literal["merge", "replace", "append"] = "append"
        if self._key or whole or brought.parts is not None:
            disposition = "merge" if self._key else "replace"
        first = self._names[table.columns[0].name] if table.columns else ""
        return write.Plan(
            table=table.name,
            disposition=disposition,
            key=self._key,
            run=self._run,
            moment=clock.iso(clock.now()),
            since=self._since,
            deletes="hard",
            complete=whole or brought.touched is not None,
            touched=brought.touched,
            visited=None if brought.parts is None else ((first,), [(part,) for part in brought.parts]),
            boundary=self._names[table.cursor] if disposition == "append" and table.cursor else "",
            memory=memory,
            description=table.description,
            distinct=table.unique,
            comments=descriptions(
                self._words,
                table.name,
                {self._names[c.name]: c.description for c in table.columns if c.description},
            ),
        )

    def failed(self, error: DinobaseError) -> TableReport:
        """Report a failure; the table stays as it was."""
        known = redact_error(json.loads(json.dumps(error.as_dict()["error"], default=str)))
        known["context"].setdefault("resource", self._table.name)
        return TableReport(
            name=self._table.name,
            status="error",
            total_rows=write.held(self._loader.writer, self._table.name),
            error=known,
            mode=self._mode,
            notes=list(self._notes),
        )


def _safe(name: str) -> str:
    """Return a folder's name for a table's, which may hold anything."""
    import hashlib

    return hashlib.sha256(name.encode()).hexdigest()[:16]
