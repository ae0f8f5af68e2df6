"""From SQL text to rows: parsed, decided, run on an instance that holds only the lakes which it names.

Each lake is attached at one version, read from its catalog first: names are resolved at it, rows are read at it, and
the proof in the answer names it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dinobase.catalog.freshness import freshness_of
from dinobase.catalog.runs import DEFAULT_FRESHNESS_S, RunLog
from dinobase.core.errors import (
    LakeError,
    QueryError,
    QueryTimeout,
    RequestError,
    UsageError,
)
from dinobase.core.settings import Paths, telemetry
from dinobase.lake import reader
from dinobase.lake.convert import columns_of
from dinobase.lake.introspect import LakeTable, LakeView, view_lake
from dinobase.lake.location import Storage
from dinobase.lake.sql import parse_tree, statement_kinds
from dinobase.query import faults, gate, in_place, named, statement
from dinobase.query.decision import Before, Lookup, Read, Refused, TableUse, Told, Wanted
from dinobase.query.handles import Handles, show
from dinobase.query.instances import Seat, Shelf
from dinobase.query.named import told as attributed
from dinobase.query.result import QueryResult, Source
from dinobase.query.stream import ResultStream, wrapped
from dinobase.query.watch import Watch, timed_out
from dinobase.spec.config_plain import may_stay

if TYPE_CHECKING:
    from dinobase.access.guard import FindPii, Guard
    from dinobase.catalog.metrics import Known
    from dinobase.query.guarded import Resolved
    from dinobase.query.metrics import Finding

_MANY_ROWS = 200_000
_MAX_SQL = 1_000_000


class QueryEngine:
    """Answers SELECTs over the workspace's lakes; safe to be used by one thread at a time."""

    def __init__(
        self,
        storage: Storage,
        paths: Paths,
        connectors: Mapping[str, float],
        *,
        stuck: Callable[[QueryTimeout], object] | None = None,
        memory: str = "1GB",
        keep: int = 0,
        identity: str = "cli",
        guard: Guard | None = None,
    ) -> None:
        """`connectors`: name -> seconds after which its data is stale; `stuck` ends the process when asked to.

        `keep`: how many instances stay warm between queries. `guard` where the identity has access rules.
        """
        self._storage = storage
        self._paths = paths
        self._identity = identity
        self._guard = guard
        self._connectors = guard.connectors(connectors) if guard else dict(connectors)
        self._stuck = stuck
        temp = paths.cache / "tmp" / str(os.getpid())  # DuckDB's files in it have the same names in all processes
        self._shelf = Shelf(reader.Limits(memory=memory, temp=str(temp)), keep)
        self._seat: Seat | None = None
        self._there: set[str] = set()  # connectors of the last query whose rows stay where they are
        self._log = RunLog(paths.state, storage.catalog)
        self.live: Callable[[tuple[Lookup, ...]], Told] | None = None  # reads single records at their source
        self.metrics: Callable[[], Known] | None = None  # in place of those that are there for the identity
        self.judge: Callable[[Finding], object] | None = None  # in place of the error for a test that does not hold
        rules = repr(guard.policy) if guard and not guard.policy.sees_everything else ""
        self.handles = Handles(paths, identity, rules, guard.marks if guard else None)

    @classmethod
    def from_config(
        cls,
        paths: Paths,
        config: Mapping[str, Any],
        *,
        stuck: Callable[[QueryTimeout], object] | None = None,
        keep: int = 0,
        identity: str = "cli",
        pii: FindPii | None = None,
    ) -> QueryEngine:
        """Wire an engine from config.yaml as plain data; `pii` is asked only where the identity's rules need it."""
        storage = Storage(paths.lakes, config["storage"]["url"], config["storage"]["catalog"])
        guard = None
        if config.get("access") or may_stay(config):
            from dinobase.access.guard import guard_of

            guard = guard_of(paths, config, identity, pii)
        return cls(storage, paths, freshness_of(config), stuck=stuck, keep=keep, identity=identity, guard=guard)

    def interrupt(self) -> None:
        """Stop the query that runs in another thread; it ends with KeyboardInterrupt."""
        seat = self._seat
        if seat is not None:
            seat.interrupt()

    def run(self, sql: str, *, max_rows: int = 10_000, timeout: float = 60.0, told: Told | None = None) -> QueryResult:
        """Answer one SELECT whole; `max_rows` 0 is all of them, `timeout` 0 no limit."""
        with self.stream(sql, max_rows=max_rows, timeout=timeout, told=told) as stream:
            return stream.whole()

    def look(self, sql: str) -> tuple[tuple[Lookup, ...], tuple[Source, ...]]:
        """Say which records a SELECT looks up, and how old each of its tables is; nothing is run."""
        from dinobase.query import live

        seat = self._shelf.take()
        try:
            read = self._decide(seat, sql)
            _, resolved = self._places(seat, read)
            self._there = in_place.among(read, self._guard)
            sql = read.sql if read.before else sql
            return live.lookups(parse_tree(seat.connection, sql), read), self._sources(read, resolved)
        finally:
            seat.leave(sound=False)

    @contextmanager
    def stream(
        self, sql: str, *, max_rows: int = 0, timeout: float = 60.0, native: bool = False, told: Told | None = None
    ) -> Iterator[ResultStream]:
        """Answer one SELECT batch by batch, in constant memory; the limits hold until the block ends.

        `native`: values as DuckDB has them, to be fetched from the connection itself. `told`: what was done about old
        data already; else single records of stale tables are looked up at the source, where `live` is set.
        """
        with ExitStack() as stack:
            if telemetry():
                from dinobase.catalog import telemetry as spans  # it imports OpenTelemetry

                stack.enter_context(spans.query())
            try:
                found = stack.enter_context(self._stream(sql, max_rows, timeout, told, native=native))
            except Wanted as wanted:
                assert self.live is not None
                told = self.live(wanted.lookups)
                found = stack.enter_context(self._stream(sql, max_rows, timeout, told, native=native))
            yield found

    @contextmanager
    def _stream(
        self, sql: str, max_rows: int, timeout: float, told: Told | None, *, native: bool
    ) -> Iterator[ResultStream]:
        if max_rows < 0 or timeout < 0:
            raise UsageError("max_rows and timeout cannot be negative", hint="0 means no limit.")
        if len(sql) > _MAX_SQL:
            raise QueryError(f"The statement is longer than {_MAX_SQL} characters", code="query.refused")
        seat = self._seat = self._shelf.take()
        sound = False
        try:
            with Watch(seat, timeout, self._stuck) as watch:
                try:
                    yield self._answer(seat, sql, max_rows, told, native=native)
                    sound = True
                except (RequestError, Wanted):
                    sound = True
                    raise
                except reader.InterruptError:
                    if watch.fired:
                        raise timed_out(timeout) from None
                    raise KeyboardInterrupt from None
                except reader.DuckDBError as error:
                    fault = in_place.fault(error, self._there, self._guard) or faults.fault(error, (), sql)
                    raise timed_out(timeout) if watch.fired else fault from None
                except RuntimeError as error:
                    if "interrupted" not in str(error):
                        raise
                    raise KeyboardInterrupt from None  # the driver's own word for Ctrl-C
                except MemoryError:
                    raise faults.memory_error() from None
        finally:
            self._seat = None
            seat.leave(sound=sound)

    def _answer(self, seat: Seat, sql: str, max_rows: int, told: Told | None, *, native: bool) -> ResultStream:
        self._there = set()
        read = self._decide(seat, sql)
        sql = read.sql if read.before else sql
        views, resolved = self._places(seat, read)
        there = self._there = in_place.among(read, self._guard)
        sources = self._aged(seat, sql, read, self._sources(read, resolved), told)
        many = bool(there) or sum(named.rows(use, views) for use in read.every_use) > _MANY_ROWS
        kept = self.handles.find(read.handles, self._connectors)
        sources += tuple(source for handle in kept for source in handle.sources if source not in sources)
        files = read.files or any(part.read.files for part in read.before)
        guard = self._sealed() if files else self._guard
        seat.hold(
            list(views.values()),
            threads=(os.cpu_count() or 1) if many else 1,
            # what is elsewhere changes unseen
            private=bool(read.system or read.information or kept or there or files),
            guard=guard,
            wanted=in_place.wanted(read),
        )
        connection = seat.connection
        if kept:
            show(connection, kept)
        if read.system or read.information:
            self._fill(connection, read)
        seat.lock([self.handles.folder, *(view.location.data for view in views.values())])
        if guard is not None and seat.opened is not None:
            from dinobase.query.guarded import prepare

            before = [
                replace(part, read=prepare(connection, guard, seat.opened, part.read, views, resolved))
                for part in read.before
            ]
            read = replace(prepare(connection, guard, seat.opened, read, views, resolved), before=tuple(before))
        for part in read.before:
            self._judge(connection, part)
        try:
            if read.explain:
                relation = connection.execute(read.explain + read.sql)
                names = [entry[0] for entry in relation.description]
                columns = columns_of(names, [entry[1] for entry in relation.description])
            else:
                relation = connection.sql(read.sql)
                columns = columns_of(relation.columns, relation.types)
                connection.execute(read.sql if native else wrapped(read.sql, columns))
        except reader.InterruptError:
            raise
        except reader.DuckDBError as error:
            columns_there = named.columns(connection, read) if faults.about_a_column(error) else ()
            raise (in_place.fault(error, there, self._guard) or faults.fault(error, columns_there, read.sql)) from None
        stream = ResultStream(connection, columns, sources, max_rows, "" if read.explain else read.sql)
        if there and seat.opened is not None:
            stream.said = in_place.notes(read, seat.opened)
        stream.said += told.notes if told is not None else ()
        return stream

    def _sealed(self) -> Guard:
        from dinobase.access.guard import open_guard

        return (self._guard or open_guard(self._identity)).sealed()

    def _judge(self, connection: Any, part: Before) -> None:
        from dinobase.query import metrics

        (self.judge or metrics.refuse)(metrics.judged(connection, part, self._there, self._guard))

    def _places(self, seat: Seat, read: Read) -> tuple[dict[str, LakeView], Resolved]:
        """Return the lakes, and the tables in them, that a statement and what comes before it name."""
        views: dict[str, LakeView] = {}
        resolved: dict[TableUse, tuple[Mapping[str, LakeTable], int]] = {}
        for part in (*read.before, None):
            with attributed(part):
                for use in read.uses if part is None else part.read.uses:
                    if use.connector not in views:
                        views[use.connector] = self._view(use.connector)
                    if use not in resolved:
                        resolved[use] = self._resolve(seat.connection, use, views[use.connector])
        return views, resolved

    def _metrics(self) -> Known:
        from dinobase.catalog.metric_sight import Sight
        from dinobase.catalog.metrics import MetricBook

        known = MetricBook(self._paths.state, self._storage.catalog).current()
        return Sight(self._guard, self._storage).of(known)

    def _aged(
        self, seat: Seat, sql: str, read: Read, sources: tuple[Source, ...], told: Told | None
    ) -> tuple[Source, ...]:
        """Mark what was read at its source; raises Wanted where records of stale tables are to be looked up first."""
        if told is not None:
            return tuple(replace(s, live=True, is_stale=False) if s.table in told.live else s for s in sources)
        if self.live is not None and not read.explain and any(source.is_stale for source in sources):
            from dinobase.query import live

            wanted = live.old(live.lookups(parse_tree(seat.connection, sql), read), sources)
            if wanted:
                raise Wanted(wanted)
        return sources

    def _decide(self, seat: Seat, sql: str) -> Read:
        connection = seat.connection
        tree = parse_tree(connection, sql)
        explain = ""
        if tree.get("error") and tree.get("error_type") != "parser":
            explain, inner = statement.explained(sql)
            if explain:
                sql, tree = inner, parse_tree(connection, inner)
        if tree.get("error"):
            if tree.get("error_type") == "parser":
                raise faults.syntax_error(tree, sql)
            seat.lock([self.handles.folder])
            try:
                refused = statement.refuse(statement_kinds(connection, sql))
            except reader.DuckDBError:
                refused = statement.refuse([])
            raise named.error(refused)
        before: tuple[Before, ...] = ()
        if "metric" in sql.lower():
            from dinobase.query.metrics import expanded

            sql, tree, before = expanded(connection, sql, tree, self.metrics or self._metrics, self._connectors)
        decision = gate.decide(tree, sql, self._connectors, explain=explain)
        if isinstance(decision, Refused):
            raise named.error(decision)
        altered = decision.sql != sql or decision.information
        if altered and not decision.ours and not gate.means(parse_tree(connection, decision.sql), tree):
            raise named.error(
                Refused(
                    "query.refused",
                    "Where the parts of the statement begin and end cannot be told",
                    "Write it with plain spaces alone, without a semicolon.",
                )
            )
        return replace(decision, before=before) if before else decision

    def _view(self, connector: str) -> LakeView:
        try:
            return view_lake(self._storage.lake(connector))
        except LakeError as error:
            if error.error_code != "lake.absent":
                raise
            from dinobase.catalog.absent import no_tables

            raise no_tables(connector, self._log) from None

    def _resolve(self, connection: Any, use: TableUse, view: LakeView) -> tuple[Mapping[str, LakeTable], int]:
        """Return all tables of the version that a use means, the used one among them, and the version's number."""
        tables, version = view.tables, view.snapshot
        if self._guard is not None and self._guard.places(use.connector):
            in_place.refuse_past(use)
        if use.at is not None:
            from dinobase.query.versions import resolve

            tables, version = resolve(connection, view, use.at)
        shown = self._guard.tables(use.connector, tables) if self._guard else tables
        if use.table.lower() not in shown:
            from dinobase.catalog.absent import no_table, not_then

            now = self._guard.tables(use.connector, view.tables) if self._guard else view.tables
            if use.at is not None and use.table.lower() in now:
                raise not_then(use.connector, now[use.table.lower()].name, version)
            raise no_table(use.connector, use.table, shown, self._log, self._guard)
        return tables, version

    def _sources(self, read: Read, resolved: Resolved) -> tuple[Source, ...]:
        found: list[Source] = []
        log = self._log.last_syncs({use.connector for use in read.uses})
        for use in read.uses:
            tables, version = resolved[use]
            table = tables[use.table.lower()]
            last = named.last_of(log, use.connector, table.name)
            if use.connector in self._there:
                found.append(in_place.present(f"{use.connector}.{table.name}", version, last.status))
                continue
            stale = last.is_stale(self._connectors.get(use.connector, DEFAULT_FRESHNESS_S))
            source = Source(f"{use.connector}.{table.name}", version, last.synced_at, stale, last.status)
            if source not in found:
                found.append(source)
        return tuple(found)

    def _fill(self, connection: Any, read: Read) -> None:
        from dinobase.query.system import fill

        fill(
            connection,
            system=read.system,
            information=read.information,
            lakes=lambda: [self._storage.lake(name) for name in self._connectors],
            log=self._log,
            identity=self._identity,
            guard=self._guard,
        )
