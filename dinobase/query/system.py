"""Our own catalog as SQL tables: `information_schema` over all connectors, and `_dinobase.*`, both in memory.

They are filled only when a query names them. Asking a hundred attached lakes would take seconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dinobase.catalog.runs import RUN_COLUMNS, TABLE_COLUMNS, RunLog
from dinobase.core.errors import LakeError
from dinobase.lake.introspect import LakeColumn, columns_at, tables_at, view_bodies
from dinobase.lake.location import LakeLocation
from dinobase.lake.metadata import open_metadata
from dinobase.lake.sql import ident
from dinobase.query.gate import SYSTEM

if TYPE_CHECKING:
    from dinobase.access.guard import Guard

CLI = "cli"
Rows = Iterable[Sequence[Any]]
_RUN_TYPES = {
    **dict.fromkeys(("started_at", "finished_at", "created_at", "expires_at", "approved_at", "sent_at"), "TIMESTAMPTZ"),
    "duration_s": "DOUBLE",
}
_NUMBERS = frozenset(
    {
        "rows", "inserted", "updated", "deleted", "total_rows", "bytes", "requests", "retries", "snapshot",
        "ordinal_position", "place", "step", "call_number", "http_status",
    }
)  # fmt: skip
_INFORMATION = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "columns": (
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "is_nullable", "data_type",
    ),
}  # fmt: skip
_SHAPES = "_dinobase_shapes"
_COUNTS = frozenset({"rows", "inserted", "updated", "deleted", "total_rows"})
_SIZES = frozenset({"bytes", "requests", "retries", "duration_s"})
_WITHHELD = "The sync failed"
_RUNS = {"sync_runs": RUN_COLUMNS, "sync_run_tables": TABLE_COLUMNS}


def fill(
    connection: Any,
    *,
    system: Iterable[str],
    information: Iterable[str],
    lakes: Callable[[], Iterable[LakeLocation]],
    log: RunLog,
    identity: str = CLI,
    guard: Guard | None = None,
) -> None:
    """Make the tables that a query names, with the rows that the identity may see."""
    connection.execute(f"ATTACH ':memory:' AS {SYSTEM}; CREATE SCHEMA {SYSTEM}.info")
    for table in system:
        if table not in _RUNS:
            _writes(connection, table, log, identity, guard)
            continue
        rows = log.rows(table, _RUNS[table], by="" if identity == CLI else identity)
        if guard is not None:
            rows = _told(guard, _RUNS[table], rows)
        _make(connection, f"{SYSTEM}.main.{ident(table)}", _RUNS[table], rows)
    wanted = list(information)
    if wanted:
        found = _information(connection, lakes(), guard, columns="columns" in wanted)
        for table in wanted:
            _make(connection, f"{SYSTEM}.info.{ident(table)}", _INFORMATION[table], found[table])


def _writes(connection: Any, table: str, log: RunLog, identity: str, guard: Guard | None) -> None:
    """Make a table of the journal of writes; values in it are not shown where access rules may hide them."""
    from dinobase.catalog.mutations import HIDDEN_STEP_COLUMNS, MUTATION_COLUMNS, STEP_COLUMNS

    columns = MUTATION_COLUMNS if table == "mutations" else STEP_COLUMNS
    rows = log.writes(table, columns, by="" if identity == CLI else identity)
    if guard is not None:
        rows = [
            tuple(None if c in HIDDEN_STEP_COLUMNS else v for c, v in zip(columns, row, strict=True)) for row in rows
        ]
    _make(connection, f"{SYSTEM}.main.{ident(table)}", columns, rows)


def _make(connection: Any, name: str, columns: Sequence[str], rows: Rows) -> None:
    kinds = [(column, "BIGINT" if column in _NUMBERS else _RUN_TYPES.get(column, "VARCHAR")) for column in columns]
    connection.execute(f"CREATE TABLE {name} ({', '.join(f'{ident(c)} {kind}' for c, kind in kinds)})")
    shape = json.dumps([dict(kinds)])
    values = json.dumps([dict(zip(columns, row, strict=True)) for row in rows])
    connection.execute(f"INSERT INTO {name} SELECT unnest(from_json(?, ?), recursive := true)", [values, shape])


def _told(guard: Guard, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Return the runs that are there for an identity: where rules hold, without a source's words and what counts rows.

    An error repeats the first letters of an answer, and a whole run counts tables that are not there.
    """
    found = []
    for row in rows:
        record = dict(zip(columns, row, strict=True))
        connector, table = str(record["connector"]), record.get("table_name")
        if not (guard.policy.table(connector, str(table)) if table else guard.policy.connector(connector)):
            continue
        if guard.covers(connector):
            record["error"] = _WITHHELD if record["error"] else record["error"]
            whole = table and not guard.policy.conditions(connector, str(table))
            for column in _SIZES & record.keys() if whole else (_SIZES | _COUNTS) & record.keys():
                record[column] = None
        found.append(tuple(record.values()))
    return found


def _information(
    connection: Any, lakes: Iterable[LakeLocation], guard: Guard | None, *, columns: bool
) -> dict[str, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {"schemata": [], "tables": [], "columns": []}
    for location in lakes:
        found["schemata"].append(("dinobase", location.name))
        try:
            with open_metadata(location) as metadata:
                version = metadata.rows("SELECT max(snapshot_id) FROM ducklake_snapshot")[0][0]
                tables = tables_at(metadata, version)
                listed = columns_at(metadata, version) if columns else {}
                bodies = view_bodies(metadata, version) if columns else {}
        except LakeError as error:
            if error.error_code == "lake.absent":
                continue  # added, never synced: a schema without tables
            raise
        by_name = {t.name: listed.get(t.table_id, []) for t in tables.values() if t.table_id}
        by_name |= _view_columns(connection, by_name, bodies)
        shown = tables
        if guard is not None and guard.covers(location.name):
            shown = guard.tables(location.name, tables)
            by_name = {name: guard.columns(location.name, name, listed, tables) for name, listed in by_name.items()}
            if not shown:
                found["schemata"].pop()
        for table in shown.values():
            kind = "BASE TABLE" if table.table_id else "VIEW"
            found["tables"].append(("dinobase", location.name, table.name, kind))
            found["columns"].extend(
                ("dinobase", location.name, table.name, c.name, place, "YES" if c.nullable else "NO", c.type)
                for place, c in enumerate(by_name.get(table.name, []), 1)
            )
    return found


def _view_columns(
    connection: Any, tables: Mapping[str, Sequence[LakeColumn]], bodies: Mapping[str, str]
) -> dict[str, list[LakeColumn]]:
    """Bind views over empty tables of the same shape: attaching the lake for it would take ten times as long."""
    if not bodies:
        return {}
    found = {}
    connection.execute(f"ATTACH ':memory:' AS {_SHAPES}; USE {_SHAPES}")
    try:
        for table, columns in tables.items():
            shape = ", ".join(f"{ident(c.name)} {c.type}" for c in columns)
            connection.execute(f"CREATE TABLE {ident(table)} ({shape})")
        for view, body in bodies.items():
            relation = connection.sql(body)
            names = zip(relation.columns, relation.types, strict=True)
            found[view] = [LakeColumn(name, str(kind)) for name, kind in names]
    finally:
        connection.execute(f"USE memory; DETACH {_SHAPES}")
    return found
