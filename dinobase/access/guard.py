"""What one identity may read, as views: under the connector's name stand views, the lake itself under a random alias.

A row condition stands behind a LIMIT that no filter passes: DuckDB would else run a query's own conditions on rows
that are not there for it, and a failing cast prints its value. What is not made here does not exist in the instance.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from dinobase.access import masks
from dinobase.access.conditions import checked
from dinobase.access.in_place import InPlace, of_connector, unreadable
from dinobase.access.key import workspace_key
from dinobase.access.pii import Declared, Pii, of_column
from dinobase.access.policy import Masking, Policy, policy_of
from dinobase.core.errors import DinobaseError
from dinobase.core.settings import Paths
from dinobase.lake import reader
from dinobase.lake.introspect import LakeColumn, LakeTable, LakeView, view_bodies
from dinobase.lake.metadata import open_metadata
from dinobase.lake.sql import ident, literal, qualified

if TYPE_CHECKING:
    from dinobase.extract.readers.base import Place

_BASE = "base"  # schema of tables as array views need them: hidden columns are there, empty
_BARRIER = "LIMIT 9223372036854775807"
# These plan by how many rows a table has and by its least and greatest values, those of rows that are not there too:
# a join that cannot match is left out, and whether the rest of the query then fails tells what they are.
_TELLING = (
    "statistics_propagation,join_order,build_side_probe_side,compressed_materialization,join_filter_pushdown,"
    "row_group_pruner,late_materialization,top_n_window_elimination"  # the last fails without the others
)


class FindPii(Protocol):
    """Says what is personal data in a connector; raises where that cannot be known."""

    def __call__(self, connector: str, table: str = "", /) -> Declared:
        """Return what is known of a connector, and what the rows of this table tell as they are now."""


@dataclass(slots=True)
class Opened:
    """What an instance holds for one identity: connector -> its lake's alias; the views made so far.

    placed: connector -> its tables that are read where they are.
    """

    aliases: dict[str, str] = field(default_factory=dict)
    placed: dict[str, Place] = field(default_factory=dict)
    views: dict[tuple[str, str, int | None], str] = field(default_factory=dict)
    schemas: set[str] = field(default_factory=set)


class Guard:
    """Applies one identity's policy; one for each engine."""

    def __init__(self, policy: Policy, pii: FindPii, key: Callable[[], str], in_place: InPlace | None = None) -> None:
        """`pii`: connector -> what its definition declares; raises where that cannot be known."""
        self.policy = policy
        self._in_place = in_place
        self._pii = pii
        self._key = key
        self._sealed = False
        self._known: dict[tuple[str, str], Mapping[str, str]] = {}

    def sealed(self) -> Guard:
        """Return a guard that opens nothing but through views: those have no columns that DuckLake adds to a table."""
        found = Guard(self.policy, self._pii, self._key, self._in_place)
        found._sealed = True
        return found

    def connectors(self, names: Mapping[str, float]) -> dict[str, float]:
        """Return those that may hold something for this identity."""
        return {name: freshness for name, freshness in names.items() if self.policy.connector(name)}

    def covers(self, connector: str) -> bool:
        """Say whether a connector's lake must be read through views."""
        return not self.policy.open(connector)

    def places(self, connector: str) -> bool:
        """Say whether a connector's rows stay where they are, so that its lake must be read through views too."""
        return self._in_place is not None and connector in self._in_place.names

    def visible(self, view: LakeView) -> LakeView:
        """Return a lake with the tables that are there for this identity."""
        return replace(view, tables=self.tables(view.location.name, view.tables))

    def tables(self, connector: str, tables: Mapping[str, LakeTable]) -> dict[str, LakeTable]:
        """Return the tables that are there; the view of an array is where its table and column are."""
        if self.policy.open(connector):
            return dict(tables)
        return {key: table for key, table in tables.items() if self._shown(connector, table, tables)}

    def _shown(self, connector: str, table: LakeTable, tables: Mapping[str, LakeTable]) -> bool:
        if table.table_id:
            return self.policy.table(connector, table.name)
        owner = owner_of(table.name, tables)
        if not owner or not (self.policy.table(connector, owner) or self.policy.table(connector, table.name)):
            return False
        return self.column(connector, owner, table.name[len(owner) + 2 :]) != "deny"

    def column(self, connector: str, table: str, column: str, path: Sequence[str] = ()) -> Masking:
        """Return what happens to a column; without its path its name alone must tell."""
        return self.policy.column(connector, table, column, self._meaning(connector, table, column, path).whole)

    def columns(
        self, connector: str, table: str, columns: Sequence[LakeColumn], tables: Mapping[str, LakeTable]
    ) -> list[LakeColumn]:
        """Return the columns that are there, with the types that they have for this identity."""
        owner = owner_of(table, tables) if table.lower() in tables and not tables[table.lower()].table_id else ""
        prefix = f"_{owner}_" if owner else ""
        found = []
        for column in columns:
            how = self.column(connector, table, column.name)
            if how != "deny" and prefix and column.name.startswith(prefix):
                how = self.column(connector, owner, column.name[len(prefix) :])
            if how != "deny":
                found.append(replace(column, type=masks.output_type(column.type, how)))
        return found

    def filtered(self, connector: str, table: str, tables: Mapping[str, LakeTable]) -> bool:
        """Say whether rows are taken away, so that counts of the whole table must not be shown."""
        names = [table, owner_of(table, tables)]
        return any(self.policy.conditions(connector, name) for name in names if name)

    def attach(
        self,
        connection: Any,
        views: Sequence[LakeView],
        *,
        wanted: Mapping[str, Collection[str]] | None = None,
    ) -> Opened:
        """Attach lakes: open ones under their names, the others where SQL cannot name them.

        wanted: connector -> its tables that will be read, all where it is not said.
        """
        names = [view.location.name for view in views]
        held = Opened({name: _alias() for name in names if self._sealed or self.covers(name) or self.places(name)})
        reader.attach_lakes(connection, [(view.location, view.snapshot) for view in views], held.aliases)
        for name in held.aliases:
            connection.execute(f"ATTACH ':memory:' AS {ident(name)}")
        self.open_places(connection, views, held, wanted)
        if any(self.policy.takes_rows(name) for name in held.aliases):
            connection.execute(f"SET disabled_optimizers = {literal(_TELLING)}")
        return held

    def open_places(
        self,
        connection: Any,
        views: Sequence[LakeView],
        held: Opened,
        wanted: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """Open what is read where it is, of the lakes that are attached; raises FetchError."""
        paths: list[str] = []
        for view in views:
            name = view.location.name
            if self._in_place is None or not self.places(name):
                continue
            tables = None if wanted is None else {_whole(t, view.tables) for t in wanted.get(name, ())}
            place = self._in_place.open(connection, name, held.aliases[name], _alias(), tables)
            held.placed[name] = place
            paths += place.paths
        if paths:
            connection.execute(f"SET allowed_paths = [{', '.join(map(literal, paths))}]")

    def prepare(
        self,
        connection: Any,
        held: Opened,
        view: LakeView,
        table: LakeTable,
        *,
        tables: Mapping[str, LakeTable] | None = None,
        version: int | None = None,
    ) -> None:
        """Make the view of one table, where it is not there yet; `version` and its `tables`: what AT names."""
        name = view.location.name
        if name not in held.aliases:
            return
        place, seal = (name, table.name.lower(), version), self._seal(name, table.name, view.tables)
        if held.views.get(place) == seal:
            return
        placed = held.placed.get(name)
        if placed is not None:
            fault = placed.faults.get(_whole(table.name, view.tables))
            if fault is not None:
                raise of_connector(name, fault)
        try:
            _Maker(self, connection, held, view, tables or view.tables, version).make(table)
        except reader.InterruptError:
            raise
        except reader.DuckDBError as error:
            if placed is not None and self.policy.open(name):
                raise unreadable(f"{name}.{table.name}", error) from None
            raise DinobaseError(
                f"The access rules of {name}.{table.name} do not fit its columns, so nothing of it is shown",
                code="access.rule",
                hint="Its row condition, in `access:` of config.yaml, must name columns that this version has.",
            ) from None
        held.views[place] = seal

    def _seal(self, connector: str, table: str, tables: Mapping[str, LakeTable]) -> str:
        """Return a text that differs where what is known of a table, or of an array's table, is another now."""
        if self.policy.pii == "show":
            return "-"
        names = dict.fromkeys((table, owner_of(table, tables) or table))
        self._known |= {(connector, name): self._of(connector, name) for name in names}
        return repr([self._known[connector, name] for name in names])

    def marks(self, tables: Iterable[str]) -> str:
        """Return a text that differs where what is personal data in these tables is another, "" where no rule asks."""
        if self.policy.pii == "show":
            return ""
        names = sorted(tuple(table.split(".", 1)) for table in tables)
        return json.dumps([[self._pii(connector), self._of(connector, table)] for connector, table in names])

    def _of(self, connector: str, table: str) -> Mapping[str, str]:
        return self._pii(connector, table).get(table, {})

    def _meaning(self, connector: str, table: str, column: str, path: Sequence[str]) -> Pii:
        if self.policy.pii == "show":
            return Pii()
        if (connector, table) not in self._known:
            self._known[connector, table] = self._of(connector, table)
        return of_column(self._known[connector, table], column, path or [column])

    def select(self, connector: str, table: str, column: str, kind: str, path: Sequence[str]) -> str | None:
        """Return the select item for a column, None where it is not there."""
        rule = self.policy.rule(connector, table, column)
        meaning = self._meaning(connector, table, column, path)
        how = rule or (self.policy.pii if meaning.whole else "show")
        inside = [] if rule else [(steps, self.policy.pii) for steps, _ in meaning.inside]
        key = self._key() if how == "hash" or any(each == "hash" for _, each in inside) else ""
        return masks.column(column, kind, how, inside, key)


def guard_of(paths: Paths, config: Mapping[str, Any], identity: str, pii: FindPii | None) -> Guard | None:
    """Return an identity's guard from config.yaml as plain data, None where it reads all lakes as they are."""
    policy = policy_of(config.get("access") or {}, identity)
    there = InPlace(paths, config)
    if policy.sees_everything and not there.names:
        return None
    return Guard(policy, pii or _unknown, lambda: workspace_key(paths), there)


def open_guard(identity: str) -> Guard:
    """Return a guard for an identity that reads all lakes as they are."""
    return Guard(Policy(identity), _unknown, str)


def _alias() -> str:
    return f"_dinobase_{os.urandom(12).hex()}"


def _whole(table: str, tables: Mapping[str, LakeTable]) -> str:
    """Return the table that has to be read for one or for the view of its array, in lower case."""
    found = tables.get(table.lower())
    return (owner_of(found.name, tables) if found is not None and not found.table_id else table).lower()


def _unknown(connector: str, _: str = "", /) -> Declared:
    raise DinobaseError(
        f"What is personal data in {connector} is not known here, so nothing of it is shown", code="access.pii"
    )


@dataclass(slots=True)
class _Maker:
    """Makes the views of one lake at one version."""

    guard: Guard
    connection: Any
    held: Opened
    view: LakeView
    tables: Mapping[str, LakeTable]
    version: int | None

    @property
    def connector(self) -> str:
        return self.view.location.name

    @property
    def schema(self) -> str:
        return schema_of(self.version)

    def make(self, table: LakeTable) -> None:
        self._schema(self.schema)
        if table.table_id:
            self._create(self.schema, table.name, self._table(table.name, keep=False))
        else:
            self._array(table.name)

    def _table(self, name: str, *, keep: bool) -> str:
        """Return a table's SELECT; `keep` leaves hidden columns in their places, empty."""
        alias = self.held.aliases[self.connector]
        at = "" if self.version is None else f" AT (VERSION => {self.version})"
        source = f"{qualified(alias, 'main', name)}{at}"
        placed = self.held.placed.get(self.connector)
        if placed is not None and name.lower() in placed.relations:
            source = f"({placed.relations[name.lower()]})"
        paths = self._paths(alias, name, at)
        picked = []
        for column, kind in self._columns(source):
            item = self.guard.select(self.connector, name, column, kind, paths.get(column, [column]))
            if item is None and keep:
                item = f"CAST(NULL AS {kind}) AS {ident(column)}"
            if item is not None:
                picked.append(item)
        return f"SELECT {', '.join(picked) or 'NULL AS _none'} FROM {self._filtered(name, source)}"

    def _filtered(self, name: str, source: str) -> str:
        conditions = [
            checked(self.connection, condition, f"{self.connector}.{name}")
            for condition in self.guard.policy.conditions(self.connector, name)
        ]
        return f"(SELECT * FROM {source} WHERE {' AND '.join(conditions)} {_BARRIER})" if conditions else source

    def _array(self, name: str) -> None:
        """Make the view of an array over its table as this identity sees it."""
        version = self.view.snapshot if self.version is None else self.version
        with open_metadata(self.view.location) as metadata:
            body = view_bodies(metadata, version)[name]
        owner = owner_of(name, self.tables)
        base = f"{_BASE}_{self.schema}"
        self._schema(base)
        before = self.connection.execute("SELECT current_database(), current_schema()").fetchone()
        self._create(base, owner, self._table(owner, keep=True))
        self.connection.execute(f"USE {qualified(self.connector, base)}")  # names in the body have no schema
        try:
            self._create(base, name, body)
        finally:
            self.connection.execute(f"USE {qualified(*before)}")
        source = qualified(self.connector, base, name)
        described = [LakeColumn(column, kind) for column, kind in self._columns(source)]
        items = [
            self.guard.select(self.connector, name, column.name, column.type, [column.name])
            for column in self.guard.columns(self.connector, name, described, self.tables)
        ]
        picked = ", ".join(item for item in items if item is not None)
        self._create(self.schema, name, f"SELECT {picked or 'NULL AS _none'} FROM {self._filtered(name, source)}")

    def _columns(self, source: str) -> list[tuple[str, str]]:
        rows = self.connection.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM {source})")
        return [(str(name), str(kind)) for name, kind in rows.fetchall()]

    def _paths(self, alias: str, table: str, at: str) -> dict[str, list[str]]:
        """Return where in the record each column comes from, as the lake remembers it."""
        if self.guard.policy.pii == "show":
            return {}
        sql = (
            f"SELECT value FROM {qualified(alias, 'main', '_dinobase_state')}{at} "
            f"WHERE key = 'schema' AND resource = {literal(table)}"
        )
        try:
            rows = self.connection.execute(sql).fetchall()
        except reader.DuckDBError:
            return {}  # another program made this lake
        return {entry["name"]: list(entry["path"]) for row in rows if row[0] for entry in json.loads(row[0])}

    def _schema(self, name: str) -> None:
        full = qualified(self.connector, name)
        if full not in self.held.schemas:
            self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {full}")
            self.held.schemas.add(full)

    def _create(self, schema: str, name: str, select: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE VIEW {qualified(self.connector, schema, name)} AS {select}")


def schema_of(version: int | None) -> str:
    """Return the schema in which the views of one version stand."""
    return "main" if version is None else f"v{version}"


def owner_of(view: str, tables: Mapping[str, LakeTable]) -> str:
    """Return the table that holds a view's array: the longest name that it begins with."""
    owners = [t.name for t in tables.values() if t.table_id and view.startswith(f"{t.name}__")]
    return max(owners, key=len, default="")
