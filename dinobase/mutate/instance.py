"""A locked instance in which copies of the targets stand beside what a statement reads; closed after planning.

What an identity may not see is not in it: lakes with access rules are seen through the same views as by queries.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dinobase.access.guard import Guard, Opened
from dinobase.core.errors import LakeError, QueryError, UnknownName, did_you_mean
from dinobase.core.settings import Paths
from dinobase.lake import reader
from dinobase.lake.connection import STATE
from dinobase.lake.introspect import LakeView, view_lake
from dinobase.lake.location import Storage
from dinobase.lake.sql import ident, literal, parse_tree, qualified, statements, tokenized
from dinobase.load.naming import snake
from dinobase.load.schema import TableSchema
from dinobase.mutate.change import Changed, Table
from dinobase.mutate.endpoints import aliases, extra_columns
from dinobase.mutate.parse import Statement, parse
from dinobase.mutate.shadow import Place, add_missing, prepare, run
from dinobase.query import faults, gate
from dinobase.query.decision import Refused, TableUse
from dinobase.query.watch import Watch, timed_out
from dinobase.spec.models import Connector, Resource

_DML = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE_INTO"})
MAX_SQL = 1_000_000


@dataclass(slots=True)
class Instance:
    """Answers what statements change; `views` are the lakes that they name, at one version each."""

    connection: Any
    views: Mapping[str, LakeView]
    opened: Opened
    guard: Guard | None

    def table(self, connector: Connector, name: str, resource: Resource) -> Table:
        """Return what is known of a target; a table that no sync has made yet has the columns that can be written."""
        view = self.views.get(name)
        found = view.tables.get(resource.name.lower()) if view is not None else None
        types: dict[str, str] = {}
        schema, key = TableSchema(), tuple[str, ...]()
        if found is not None:
            alias = self.opened.aliases[name]
            source = qualified(alias, "main", resource.name)
            rows = self.connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {source})").fetchall()
            types = {str(column): str(kind) for column, kind in rows}
            memory = self._memory(alias, resource.name)
            schema = TableSchema.from_json(memory["schema"]) if "schema" in memory else schema
            key = tuple(json.loads(memory.get("key", "[]")))
        own = resource.primary_key
        names = [own] if isinstance(own, str) else list(own or ())
        mine = tuple(column.name if (column := schema.find(n)) else snake(n.replace(".", "__")) for n in names)
        if not key:
            tags = [] if resource.unique == "global" else list(reversed(aliases(connector, resource).values()))
            key = tuple(dict.fromkeys((*tags, *mine))) if mine else ()
        extra = extra_columns(connector, resource.name, list(types))
        paths = {c.name: c.path for c in schema}
        return Table(name, resource.name, types, paths, key, mine or key, extra)

    def _memory(self, alias: str, table: str) -> dict[str, str]:
        sql = f"SELECT key, value FROM {qualified(alias, 'main', STATE)} WHERE resource = {literal(table)}"
        try:
            return dict(self.connection.execute(sql).fetchall())
        except reader.DuckDBError:
            return {}  # another program made this lake

    def show(self, uses: Sequence[TableUse], targets: Sequence[tuple[str, str]]) -> None:
        """Make the views of what is read; a target's copy comes later, in its place."""
        copied = {(connector, table.lower()) for connector, table in targets}
        for use in uses:
            view = self.views[use.connector]
            table = view.tables.get(use.table.lower())
            if table is None:
                if (use.connector, use.table.lower()) not in copied:
                    raise _unknown_table(use, view)
                continue
            if self.guard is not None and (self.guard.covers(use.connector) or self.guard.places(use.connector)):
                if table.name not in {t.name for t in self.guard.tables(use.connector, view.tables).values()}:
                    raise _unknown_table(use, self.guard.visible(view))
                self.guard.prepare(self.connection, self.opened, view, table)
            elif (use.connector, use.table.lower()) not in copied:
                here = qualified(use.connector, "main", table.name)
                there = qualified(self.opened.aliases[use.connector], "main", table.name)
                self.connection.execute(f"CREATE VIEW IF NOT EXISTS {here} AS SELECT * FROM {there}")

    def lock(self) -> None:
        """Close the instance for good."""
        reader.lock(self.connection, [view.location.data for view in self.views.values()])

    def changed(self, table: Table, statement: Statement) -> tuple[Table, Changed]:
        """Run one statement on a copy of its target; returns the table with the columns that the statement adds."""
        view = self.views[table.connector]
        there = table.name.lower() in view.tables
        lake = qualified(self.opened.aliases[table.connector], "main", table.name) if there else ""
        source, copy = lake, qualified(table.connector, "main", table.name)
        masked = there and self.guard is not None and self.guard.covers(table.connector)
        if masked:
            source = qualified(table.connector, "main", "_seen")
            self.connection.execute(f"CREATE OR REPLACE TABLE {source} AS SELECT * FROM {copy}")
            self.connection.execute(f"DROP VIEW {copy}")
        where = Place(copy, lake, source)
        seen = dict(table.types)
        try:
            if masked:
                rows = self.connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE {source})").fetchall()
                seen = {str(column): str(kind) for column, kind in rows}
            begun = Table(table.connector, table.name, seen, table.paths, table.key, table.own, table.extra)
            prepare(self.connection, begun, where)
            added = add_missing(self.connection, begun, where, statement)
            whole = Table(
                table.connector,
                table.name,
                {**seen, **added},
                table.paths,
                table.key,
                table.own,
                tuple(added) if seen else (),
            )
            return whole, run(self.connection, whole, where, statement)
        except reader.InterruptError:
            raise
        except reader.DuckDBError as error:
            columns = {*seen, *table.extra}
            raise faults.fault(error, columns) from None
        finally:
            self._put_back(copy, source if masked else "")

    def _put_back(self, copy: str, seen: str) -> None:
        self.connection.execute(f"DROP TABLE IF EXISTS {copy}")
        if seen:
            self.connection.execute(f"CREATE VIEW {copy} AS SELECT * FROM {seen}")


def cut(sql: str, limits: reader.Limits) -> list[Statement]:
    """Take a text apart into statements that change data; raises for anything else."""
    if len(sql) > MAX_SQL:
        raise QueryError(f"The statement is longer than {MAX_SQL} characters", code="query.refused")
    if "\x00" in sql or not _is_text(sql):
        raise QueryError(
            "The statement holds what is no text: a NUL or half of a character",
            code="query.faulty",
            hint="A NUL within a value is chr(0).",
        )
    connection = reader.open_reader(limits)
    try:
        reader.lock(connection, [])
        try:
            found = [(kind, text) for kind, text in statements(connection, sql) if text]
        except reader.DuckDBError as error:
            raise faults.fault(error, ()) from None
        strange = [kind for kind, _ in found if kind not in _DML]
        if strange or not found:
            raise QueryError(
                f"{(strange or ['Nothing'])[0]} stands among statements that change data",
                code="query.several",
                hint="Send one SELECT, or only INSERT, UPDATE, DELETE and MERGE.",
            )
        cutted = [parse(text.rstrip(";"), tokenized(text.rstrip(";"))) for _, text in found]
        for (kind, _), statement in zip(found, cutted, strict=True):
            if kind.removesuffix("_INTO").lower() != statement.kind:
                raise QueryError("Two parsers read this statement differently", code="write.unclear")
        return cutted
    finally:
        connection.close()


def _is_text(sql: str) -> bool:
    try:
        sql.encode()
    except UnicodeEncodeError:
        return False
    return True


def reads(statement: Statement, connection: Any, connectors: Sequence[str]) -> tuple[TableUse, ...]:
    """Return every table that a statement names, as the gate finds them in DuckDB's own trees."""
    uses: dict[TableUse, None] = {}
    for sql in (statement.probe, *statement.checks):
        tree = parse_tree(connection, sql)
        if tree.get("error"):
            raise QueryError(
                "A clause of the statement cannot be checked",
                code="write.unclear",
                hint="Write it more plainly; DEFAULT and parameters have no value here.",
            )
        decision = gate.decide(tree, sql, connectors)
        if isinstance(decision, Refused):
            kind = UnknownName if decision.code.startswith("unknown") else QueryError
            raise kind(decision.reason, code=decision.code, hint=decision.hint, **dict(decision.context))
        if decision.system or decision.information or decision.handles:
            raise QueryError(
                "A write reads connectors' tables alone",
                code="write.unclear",
                hint="Write the values into the statement.",
            )
        if any(use.at is not None for use in decision.uses):
            raise QueryError("A write reads present versions alone", code="query.at", hint="Leave AT out.")
        uses |= dict.fromkeys(decision.uses)
    return tuple(uses)


@contextmanager
def opened(
    storage: Storage,
    paths: Paths,
    names: Sequence[str],
    targets: Sequence[str],
    guard: Guard | None,
    timeout: float,
) -> Iterator[Instance]:
    """Open an instance with these connectors' lakes; the time limit holds until the block ends."""
    limits = reader.Limits(temp=str(paths.cache / "tmp" / f"write-{os.getpid()}"))
    connection = reader.open_reader(limits)
    try:
        with Watch(connection, timeout, None) as watch:
            try:
                yield _filled(connection, storage, names, targets, guard)
            except reader.InterruptError:
                raise timed_out(timeout) if watch.fired else KeyboardInterrupt from None
    finally:
        connection.close()


def _filled(
    connection: Any, storage: Storage, names: Sequence[str], targets: Sequence[str], guard: Guard | None
) -> Instance:
    there = next((n for n in targets if guard is not None and guard.places(n)), "")
    if there:
        raise QueryError(
            f"{there} is read where it is: nothing can be written to it",
            code="write.in_place",
            hint="Change it where it is. Writes go to APIs that have write endpoints.",
        )
    views = {}
    for name in names:
        try:
            views[name] = view_lake(storage.lake(name))
        except LakeError as error:
            if error.error_code != "lake.absent":
                raise
            raise UnknownName(f"{name} has no tables yet", code="unknown.table", hint=f"dinobase sync {name}") from None
    held = Opened({name: f"_dinobase_{os.urandom(12).hex()}" for name in views})
    reader.attach_lakes(connection, [(view.location, view.snapshot) for view in views.values()], held.aliases)
    for name in held.aliases:
        connection.execute(f"ATTACH ':memory:' AS {ident(name)}")
    if guard is not None:
        guard.open_places(connection, list(views.values()), held)
    return Instance(connection, views, held, guard)


def _unknown_table(use: TableUse, view: LakeView) -> UnknownName:
    near = did_you_mean(use.table.lower(), view.tables)
    known = ", ".join(f"{use.connector}.{t.name}" for t in list(view.tables.values())[:12])
    hint = f"Did you mean {use.connector}.{view.tables[near].name}?" if near else f"There are: {known}."
    return UnknownName(
        f"There is no table {use.connector}.{use.table}", code="unknown.table", hint=hint, table=use.table
    )
