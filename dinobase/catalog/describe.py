"""Describes tables: what is there, from the lake; what it means, from the connector's file. One version a lake."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dinobase.catalog import json_paths, relationships
from dinobase.catalog.absent import no_table, no_tables
from dinobase.catalog.relations import shown
from dinobase.catalog.relations.orphans import orphans
from dinobase.catalog.relations.store import Ledger
from dinobase.catalog.runs import DEFAULT_FRESHNESS_S, LastSync, RunLog
from dinobase.catalog.tables import ColumnDescription, RelatedTable, TableDescription
from dinobase.core.errors import LakeError, UnknownName, did_you_mean
from dinobase.core.settings import Paths
from dinobase.lake import reader
from dinobase.lake.introspect import LakeTable, LakeView, view_lake
from dinobase.lake.location import Storage
from dinobase.lake.rows import rows_of
from dinobase.lake.sql import ident, literal, qualified

if TYPE_CHECKING:
    from dinobase.access.guard import Guard, Opened
    from dinobase.catalog.relations.values import Place, Relationship
    from dinobase.spec.models import Column, Connector, Resource

FindConnector = Callable[[str], "Connector | None"]
SAMPLES = 3
_LONGEST = 200
_STRUCTURE_ROWS = 500


class Describer:
    """Describes tables of a workspace; `find_connector` takes a connector's name in SQL to its definition."""

    def __init__(
        self,
        storage: Storage,
        paths: Paths,
        connectors: Mapping[str, float],
        find_connector: FindConnector = lambda _name: None,
        *,
        guard: Guard | None = None,
    ) -> None:
        self._storage = storage
        self._paths = paths
        self._guard = guard
        self._connectors = guard.connectors(connectors) if guard else dict(connectors)
        self._opened: Opened | None = None
        self._find = find_connector
        self._log = RunLog(paths.state, storage.catalog)
        self._ledger = Ledger(paths.state, storage.catalog)
        self._views: dict[str, LakeView] = {}
        self._definitions: dict[str, Connector | None] = {}

    def describe(self, names: Sequence[str], *, samples: int = SAMPLES, full: bool = False) -> list[TableDescription]:
        """Describe tables named `connector.table`, or `connector` for all of its; raises UnknownName.

        full: tells of joins what a parent does not have, too.
        """
        wanted = [found for name in names for found in self._resolve(name)]
        views = {schema: self._view(schema) for schema, _ in wanted}
        if full:
            views |= {schema: self._view(schema) for schema in self._parents(wanted)}
        syncs = self._log.last_syncs(views)
        temp = self._paths.cache / "tmp" / "describe"
        connection = reader.open_reader(reader.Limits(temp=str(temp)))
        try:
            self._attach(connection, list(views.values()))
            reader.lock(connection, [view.location.data for view in views.values()])
            return [self._table(connection, schema, table, syncs, samples, full=full) for schema, table in wanted]
        except reader.DuckDBError as error:
            reason = str(error).split("\n", maxsplit=1)[0]
            if self._guard is not None and any(self._guard.covers(schema) for schema in views):
                reason = "what its data says of that may hold what you may not read"
            raise LakeError(f"The lake could not be read: {reason}", code="lake.read", hint="dinobase doctor") from None
        finally:
            connection.close()

    def _attach(self, connection: Any, views: Sequence[LakeView]) -> None:
        if self._guard is None:
            reader.attach_lakes(connection, [(view.location, view.snapshot) for view in views])
        else:
            self._opened = self._guard.attach(connection, views)

    def _tables(self, connector: str) -> Mapping[str, LakeTable]:
        """Return the tables that are there for who asks."""
        tables = self._view(connector).tables
        return self._guard.tables(connector, tables) if self._guard else tables

    def _resolve(self, name: str) -> list[tuple[str, LakeTable]]:
        schema, _, table = name.replace('"', "").partition(".")
        table = table.removeprefix("main.")
        known = {one.lower(): one for one in self._connectors}
        if schema.lower() not in known:
            near = did_you_mean(schema.lower(), known)
            dot = f".{table}" if table else ""
            hint = (
                f"Did you mean {known[near]}{dot}?" if near else f"Connectors: {', '.join(self._connectors) or 'none'}."
            )
            raise UnknownName(f"There is no connector {schema}", code="unknown.connector", hint=hint, connector=schema)
        connector = known[schema.lower()]
        tables = self._tables(connector)
        if not table and tables:
            return [(connector, one) for one in tables.values()]
        if not table:
            raise no_tables(connector, self._log)
        if table.lower() not in tables:
            raise no_table(connector, table, tables, self._log, self._guard)
        return [(connector, tables[table.lower()])]

    def _view(self, connector: str) -> LakeView:
        if connector not in self._views:
            try:
                self._views[connector] = view_lake(self._storage.lake(connector))
            except LakeError as error:
                if error.error_code != "lake.absent":
                    raise
                raise no_tables(connector, self._log) from None
        return self._views[connector]

    def _definition(self, connector: str) -> Connector | None:
        if connector not in self._definitions:
            self._definitions[connector] = self._find(connector)
        return self._definitions[connector]

    def _table(
        self,
        connection: Any,
        schema: str,
        table: LakeTable,
        syncs: Mapping[tuple[str, str], LastSync],
        samples: int,
        *,
        full: bool,
    ) -> TableDescription:
        name = qualified(schema, "main", table.name)
        tables = self._views[schema].tables
        owners = relationships.views_of(
            [t.name for t in tables.values() if not t.table_id], {t.name: t for t in tables.values() if t.table_id}
        )
        owner = owners.get(table.name, table.name)
        alias = schema
        if self._guard is not None and self._opened is not None:
            self._guard.prepare(connection, self._opened, self._views[schema], table)
            alias = self._opened.aliases.get(schema, schema)
        state = _state(connection, alias, owner)
        key = [column for column in json.loads(state.get("key", "[]")) if self._readable(schema, owner, column)]
        definition = self._definition(schema)
        resource = definition.resource(owner) if definition else None
        last = syncs.get((schema, owner), LastSync())
        of_array = owner != table.name
        return TableDescription(
            schema=schema,
            table=table.name,
            row_count=self._rows(connection, name, schema, table, last),
            description=f"One row per element of {owner}.{table.name[len(owner) + 2 :]}"
            if of_array
            else resource.description
            if resource
            else None,
            primary_key=[f"_{owner}_{k}" for k in key] + ["_index"] if of_array and key else key or None,
            columns=_columns(connection, name, state, None if of_array else resource),
            related_tables=self._related(connection if full else None, schema, table.name, owners, key),
            sample_rows=_samples(connection, name, samples),
            last_sync=last.synced_at,
            is_stale=last.is_stale(self._connectors.get(schema, DEFAULT_FRESHNESS_S)),
        )

    def _rows(self, connection: Any, name: str, schema: str, table: LakeTable, last: LastSync) -> int:
        """Count rows; of a table that is read where it is, take what the last look counted."""
        guard, tables = self._guard, self._views[schema].tables
        elsewhere = guard is not None and guard.places(schema) and not guard.filtered(schema, table.name, tables)
        if elsewhere and table.table_id and last.total_rows is not None:
            return last.total_rows
        return int(connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0])

    def _related(
        self, connection: Any, schema: str, table: str, owners: Mapping[str, str], key: Sequence[str]
    ) -> list[RelatedTable]:
        """Return a table's joins; with a connection what their parents do not have is looked up."""
        declared = [
            related
            for related in relationships.related(self._definition(schema), schema, table, self._known)
            if all(self._readable(*column) for column in relationships.columns_of(related.join))
        ]
        missing = None if connection is None else lambda one: self._orphans(connection, one)
        found = shown.related(self._ledger.of(schema, table), schema, table, declared, self._clear, missing)
        if not key:
            return found
        if table in owners:
            if not self._known(schema, owners[table]):
                return found
            return [*found, relationships.array_view(schema, table, owners[table], key, from_view=True)]
        arrays = [view for view, owner in owners.items() if owner == table and self._known(schema, view)]
        return found + [relationships.array_view(schema, view, table, key, from_view=False) for view in arrays]

    def _parents(self, wanted: Sequence[tuple[str, LakeTable]]) -> list[str]:
        """Return the other connectors that tables lead to and that are there for who asks."""
        found = [
            one.pair.parent
            for schema, table in wanted
            for one in self._ledger.of(schema, table.name)
            if (one.pair.child.connector, one.pair.child.table) == (schema, table.name)
        ]
        return [side.connector for side in dict.fromkeys(found) if self._known(side.connector, side.table)]

    def _orphans(self, connection: Any, one: Relationship) -> list[Any]:
        for side in one.pair.sides:
            if self._guard is not None and self._opened is not None:
                view = self._view(side.connector)
                self._guard.prepare(connection, self._opened, view, self._tables(side.connector)[side.table.lower()])
        with suppress(reader.DuckDBError):  # what was counted is of older columns
            return orphans(connection, one)
        return []

    def _known(self, schema: str, table: str) -> bool:
        if schema not in self._connectors:
            return False
        try:
            return table.lower() in self._tables(schema)
        except (UnknownName, LakeError):
            return False

    def _clear(self, side: Place) -> bool:
        """Say whether all rows and these columns of a table are there as they are."""
        if not self._known(side.connector, side.table):
            return False
        guard = self._guard
        return guard is None or (
            not guard.filtered(side.connector, side.table, self._view(side.connector).tables)
            and all(guard.column(side.connector, side.table, column) == "show" for column in side.columns)
        )

    def _readable(self, schema: str, table: str, column: str) -> bool:
        return self._guard is None or self._guard.column(schema, table, column) != "deny"


def _state(connection: Any, schema: str, resource: str) -> dict[str, str]:
    """Return what the lake remembers of a table; nothing where another program made the lake."""
    sql = f"SELECT key, value FROM {ident(schema)}.main._dinobase_state WHERE resource = {literal(resource)}"
    with suppress(reader.DuckDBError):
        return {key: value for key, value in connection.execute(sql).fetchall() if value is not None}
    return {}


def _columns(
    connection: Any, name: str, state: Mapping[str, str], resource: Resource | None
) -> list[ColumnDescription]:
    sources = {entry["name"]: list(entry["path"]) for entry in json.loads(state.get("schema", "[]"))}
    declared: Mapping[str, Column] = resource.columns if resource else {}
    described = connection.execute(f'SELECT column_name, column_type, "null" FROM (DESCRIBE {name})').fetchall()
    structures = _structures(connection, name, [column for column, kind, _ in described if kind == "JSON"])
    found = []
    for column, kind, nullable in described:
        source = ".".join(sources.get(column, [column]))
        meant = declared.get(column) or declared.get(source)
        paths = json_paths.paths_of(structures.get(column), declared, source) if kind == "JSON" else []
        facts = {} if meant is None else {k: getattr(meant, k) for k in _FACTS if getattr(meant, k)}
        found.append(ColumnDescription(column, kind, nullable != "NO", **facts, paths=paths or None))
    return found


_FACTS = ("description", "note", "unit", "pii", "values", "deprecated")


def _structures(connection: Any, name: str, columns: Sequence[str]) -> dict[str, str]:
    if not columns:
        return {}
    picked = ", ".join(f"CAST(json_group_structure({ident(column)}) AS VARCHAR)" for column in columns)
    sql = f"SELECT {picked} FROM (SELECT * FROM {name} LIMIT {_STRUCTURE_ROWS})"
    try:
        row = connection.execute(sql).fetchone()
    except reader.DuckDBError:
        return {}  # JSON that DuckDB cannot take apart, such as a lone surrogate, is described without its inside
    return {column: text for column, text in zip(columns, row, strict=True) if text}


def _samples(connection: Any, name: str, count: int) -> list[dict[str, Any]]:
    if count <= 0:
        return []
    rows = rows_of(connection, f"SELECT * FROM {name} LIMIT {count}")
    return [{column: _short(value) for column, value in row.items()} for row in rows]


def _short(value: Any) -> Any:
    return f"{value[: _LONGEST - 1]}…" if isinstance(value, str) and len(value) > _LONGEST else value
