"""Staged rows become the table's, with their cursor, in one transaction: a kill leaves the old or the new state.

The caller holds the connector's write lock. Rows that do not differ are not written; nothing written leaves no version.
Tables that are ready together share a transaction: half of what a small one costs is the COMMIT.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from dinobase.core.errors import LoadError
from dinobase.lake import ddl, state
from dinobase.lake.connection import ALIAS, STATE, Writer
from dinobase.lake.sql import ident, literal
from dinobase.load import comments, views
from dinobase.load.merge import Stage, bag_differs, insert_all, merge_all
from dinobase.load.schema import JSON, TableSchema
from dinobase.load.structure import Structure

DELETED_AT = "_dinobase_deleted_at"
LIVE = "live"  # the work of reading records anew because the copy is old
WRITTEN = "written"  # memory of rows that were written back: [[moment, [key as text]], ...]
Written: TypeAlias = Sequence[Sequence[str]]
_AT_ONCE = 200  # parents in one INSERT


@dataclass(frozen=True, slots=True)
class Plan:
    """How a resource's rows are written.

    key: columns that identify a row; complete: the stage holds the whole listing; visited: of a child whose listing was
    not of all parents, the key values of those it was; boundary: the cursor column by which rows of an append
    are found that may be there already; memory: what the lake is to remember of the resource after this, less `schema`
    and `views`; counter: the memory that counts loads which changed the table; work: the first
    word of the version's message; since: when the listing began - what was written back later is newer than it;
    distinct: the source vouches that no two rows have one key. comments: what columns mean, by name or source path, the
    table by ``; the last of several counts; None: they stay. touched: files with the keys of which the stage holds
    all rows that there are, no other row is gone; None: of any key.
    """

    table: str
    disposition: Literal["merge", "replace", "append"]
    key: tuple[str, ...]
    run: str
    moment: str
    deletes: Literal["ignore", "soft", "hard"] = "ignore"
    complete: bool = True
    visited: tuple[tuple[str, ...], Sequence[tuple[object, ...]]] | None = None
    boundary: str = ""
    memory: Mapping[str, str] = field(default_factory=dict)
    counter: str = ""
    description: str = ""
    work: str = "sync"
    since: str = ""
    distinct: bool = False
    comments: Sequence[tuple[str, str]] | None = None
    touched: Sequence[Path] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a load did; `total` counts the table's rows afterwards (not the soft-deleted ones)."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    total: int = 0
    changes: tuple[str, ...] = ()
    count: str = ""

    @property
    def changed(self) -> bool:
        """Tell whether the table has a new version."""
        return bool(self.inserted or self.updated or self.deleted or self.changes)


@dataclass(frozen=True, slots=True)
class Load:
    """One resource's rows, ready to be written; `before` is what the lake remembers of it now."""

    plan: Plan
    schema: TableSchema
    files: Sequence[Path]
    structures: Mapping[str, Structure]
    before: Mapping[str, str]


def commit(writer: Writer, load: Load) -> Outcome:
    """Write one resource. Raises LakeError, LoadError."""
    return commit_all(writer, [load])[0]


def commit_all(writer: Writer, loads: Sequence[Load]) -> list[Outcome]:
    """Write resources of one run, all or none of them. Raises LakeError, LoadError."""
    stages = [_checked(writer, load) for load in loads]
    first = loads[0].plan
    said: dict[str, dict[str, object]] = {load.plan.table: {} for load in loads}

    def extra() -> str:
        if len(said) == 1:
            return json.dumps({"run": first.run, "resource": first.table, **said[first.table]})
        return json.dumps({"run": first.run, "tables": {table: what for table, what in said.items() if what}})

    with writer.transaction(f"{first.work} {', '.join(said)}", extra):
        return [_load(writer, load, stage, said[load.plan.table]) for load, stage in zip(loads, stages, strict=True)]


def _checked(writer: Writer, load: Load) -> Stage:
    stage = Stage(writer, load.files, load.plan.key, load.schema)
    check_key(load.schema, load.plan.key, load.plan.table)
    stage.check_keys(load.plan.table)
    return stage


def _load(writer: Writer, load: Load, stage: Stage, extra: dict[str, object]) -> Outcome:
    """Write one resource inside a transaction; `extra` takes what its version says of it, nothing where it has none."""
    plan, schema, before = load.plan, load.schema, load.before
    have = ddl.columns_of(writer, plan.table) if "schema" in before else {}
    changes = _evolve(writer, plan, schema, have)
    unclear = _drop_unclear(writer, plan) if rekeyed(plan.key, before) and plan.disposition != "append" else 0
    written = written_since(writer, plan.table, plan.since) if have else ()
    outcome = _write(writer, plan, schema, stage, written)
    outcome = replace(outcome, deleted=outcome.deleted + unclear)
    stamped = DELETED_AT in have or plan.deletes == "soft"
    total = _living(writer, plan.table, stamped=stamped) if have or schema.columns else 0
    outcome = replace(outcome, total=total, changes=tuple(changes))
    after = {**plan.memory, "key": json.dumps(plan.key)}
    if plan.work == LIVE and not outcome.changed:
        after.pop(WRITTEN, None)  # the copy was right: nothing new to remember, and no version
        after |= {name: text for name, text in before.items() if name == WRITTEN}
    commented = 0
    if plan.counter and outcome.changed:
        outcome = replace(outcome, count=str(int(after.get(plan.counter, "0")) + 1))
        after[plan.counter] = outcome.count
    if schema.columns:
        after["schema"] = schema.to_json()
        there = _commented(schema, have, before)
        said = there if plan.comments is None else comments.wanted(schema, plan.description, plan.comments)
        commented = comments.write(writer, plan.table, there, said)
        if commented and not changes:
            extra["altered"] = False
        if said:
            after[comments.MEMORY] = json.dumps(said)
    known_views = _views(writer, plan, load.structures, before, rebuild=bool(changes))
    if known_views:
        after["views"] = json.dumps(known_views)
    if commented and not outcome.changed and {**before, comments.MEMORY: ""} == {**after, comments.MEMORY: ""}:
        extra["annotated"] = [plan.table]  # what history leaves out
    if not state.write(writer, plan.table, before, after) and not outcome.changed and not commented:
        return outcome
    extra |= {"inserted": outcome.inserted, "updated": outcome.updated, "deleted": outcome.deleted}
    return outcome


def rekeyed(key: Sequence[str], before: Mapping[str, str]) -> bool:
    """Tell whether rows were told apart by something else so far."""
    return bool(key) and "key" in before and json.loads(before["key"]) != list(key)


def _drop_unclear(writer: Writer, plan: Plan) -> int:
    """Remove the rows that a new key does not tell apart; the full listing it calls for brings those that still are."""
    table = f"{ALIAS}.{ident(plan.table)}"
    if not ddl.columns_of(writer, plan.table):
        return 0
    keys = ", ".join(ident(k) for k in plan.key)
    twice = f"SELECT {keys} FROM {table} GROUP BY {keys} HAVING count(*) > 1"
    unclear = " OR ".join([*(f"{ident(k)} IS NULL" for k in plan.key), f"({keys}) IN ({twice})"])
    count = int(writer.one(f"SELECT count(*) FROM {table} WHERE {unclear}"))
    if count:
        writer.run(f"DELETE FROM {table} WHERE {unclear}")
    return count


def _evolve(writer: Writer, plan: Plan, schema: TableSchema, have: Mapping[str, str]) -> list[str]:
    """Bring the table's columns to the schema; returns what changed, for the report."""
    want = {c.name: c.sql_type for c in schema}
    if plan.deletes == "soft":
        want[DELETED_AT] = "TIMESTAMPTZ"
    if not have:
        if schema.columns:
            writer.run(f"DROP VIEW IF EXISTS {ALIAS}.{ident(plan.table)}")  # of another table's array
            ddl.create(writer, plan.table, list(want.items()))
        return []
    changes = []
    for name, kind in want.items():
        if name not in have:
            ddl.add_column(writer, plan.table, name, kind)
            changes.append(f"new column {name} ({kind})")
        elif have[name] != kind:
            ddl.retype(writer, plan.table, name, have[name], kind)
            changes.append(f"{name}: {have[name]} is {kind} now")
    return changes


def _commented(schema: TableSchema, have: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """Return the comments that are still there: a column that is new or of another type has none."""
    types = {c.name: c.sql_type for c in schema}
    return {
        name: text
        for name, text in comments.known(before).items()
        if (name in have and have[name] == types.get(name)) or (not name and have)
    }


def _write(writer: Writer, plan: Plan, schema: TableSchema, stage: Stage, written: Written) -> Outcome:
    if not schema.columns:
        return Outcome()
    table = f"{ALIAS}.{ident(plan.table)}"
    empty = not writer.rows(f"SELECT 1 FROM {table} LIMIT 1")
    if plan.disposition == "append":
        if empty or not plan.boundary:
            return Outcome(inserted=insert_all(writer, table, stage))
        return Outcome(inserted=insert_all(writer, table, stage, _not_there(table, schema, stage, plan.boundary)))
    if plan.disposition == "replace" and not plan.key:
        return _swap(writer, table, plan, stage)
    if written or not plan.distinct:
        stage.find_losers(of_keys(plan.key, written))
    soft = plan.deletes == "soft"
    if empty:
        return Outcome(inserted=insert_all(writer, table, stage))
    rows = _rows(writer, table)
    touched = merge_all(writer, table, stage, DELETED_AT if soft else "")
    inserted = _rows(writer, table) - rows
    deleted = _delete(writer, table, plan, stage, written) if plan.complete else 0
    return Outcome(inserted=inserted, updated=touched - inserted, deleted=deleted)


def _swap(writer: Writer, table: str, plan: Plan, stage: Stage) -> Outcome:
    """Replace all rows, of a child those of the parents that were visited, unless they are the same ones."""
    mine = f"{table} t" + (f" WHERE {_of_visited(writer, plan)}" if plan.visited is not None else "")
    if not bag_differs(writer, mine, stage):
        return Outcome()
    deleted = _rows(writer, mine)
    writer.run(f"DELETE FROM {mine}")
    return Outcome(inserted=insert_all(writer, table, stage), deleted=deleted)


def _not_there(table: str, schema: TableSchema, stage: Stage, boundary: str) -> str:
    """Return the condition that leaves out staged rows that are there already, from the least staged cursor on."""
    column = ident(boundary)
    same = " AND ".join(f"t.{ident(c.name)} IS NOT DISTINCT FROM s.{ident(c.name)}" for c in schema if c.type != JSON)
    same_json = " AND ".join(
        f"CAST(t.{ident(c.name)} AS VARCHAR) IS NOT DISTINCT FROM CAST(s.{ident(c.name)} AS VARCHAR)"
        for c in schema
        if c.type == JSON
    )
    at = f"(t.{column} IS NULL OR t.{column} >= (SELECT min({column}) FROM ({stage.select(stage.files)})))"
    return f"NOT EXISTS (SELECT 1 FROM {table} t WHERE {' AND '.join(filter(None, (at, same, same_json)))})"


def _delete(writer: Writer, table: str, plan: Plan, stage: Stage, written: Written) -> int:
    """Remove or stamp the rows that a complete listing did not bring."""
    mode = "hard" if plan.disposition == "replace" else plan.deletes
    if mode == "ignore":
        return 0
    match = " AND ".join(f"s.{ident(k)} = t.{ident(k)}" for k in plan.key)
    gone = f"NOT EXISTS (SELECT 1 FROM {stage.relation} s WHERE {match})" if stage.files else "true"
    if plan.visited is not None:
        gone += f" AND {_of_visited(writer, plan)}"
    if plan.touched is not None:
        names = ", ".join(literal(str(f)) for f in plan.touched)
        same = " AND ".join(f"k.{ident(c)} = t.{ident(c)}" for c in plan.key)
        gone += f" AND EXISTS (SELECT 1 FROM read_parquet([{names}]) k WHERE {same})" if names else " AND false"
    if written:
        gone += f" AND NOT ({of_keys(plan.key, written)})"
    if mode == "hard":
        count = writer.one(f"SELECT count(*) FROM {table} t WHERE {gone}")
        if count:
            writer.run(f"DELETE FROM {table} t WHERE {gone}")
        return int(count)
    gone += f" AND t.{DELETED_AT} IS NULL"
    count = writer.one(f"SELECT count(*) FROM {table} t WHERE {gone}")
    if count:
        writer.run(f"UPDATE {table} t SET {DELETED_AT} = {literal(plan.moment)}::TIMESTAMPTZ WHERE {gone}")
    return int(count)


def written_since(writer: Writer, table: str, since: str) -> Written:
    """Return the keys, as text, of rows that were written back after a moment: an older listing is behind them."""
    if not since:
        return ()
    found = writer.rows(
        f"SELECT value FROM {ALIAS}.{STATE} WHERE resource = {literal(table)} AND key = {literal(WRITTEN)}"
    )
    entries = json.loads(found[0][0]) if found else []
    begun = datetime.fromisoformat(since)
    return [key for moment, key in entries if datetime.fromisoformat(moment) >= begun]


def of_keys(columns: Sequence[str], keys: Written) -> str:
    """Return the condition that a row has one of these keys, '' for none."""
    return " OR ".join(
        "("
        + " AND ".join(f"CAST({ident(c)} AS VARCHAR) = {literal(v)}" for c, v in zip(columns, key, strict=True))
        + ")"
        for key in keys
        if len(key) == len(columns)
    )


def _of_visited(writer: Writer, plan: Plan) -> str:
    """Return the condition that a row is of a parent that was visited."""
    assert plan.visited is not None
    columns, values = plan.visited
    have = ddl.columns_of(writer, plan.table)
    if any(c not in have for c in columns):
        return "false"
    writer.run(f"CREATE OR REPLACE TEMP TABLE visited ({', '.join(f'{ident(c)} {have[c]}' for c in columns)})")
    for n in range(0, len(values), _AT_ONCE):
        rows = [", ".join("NULL" if v is None else literal(str(v)) for v in row) for row in values[n : n + _AT_ONCE]]
        writer.run(f"INSERT INTO visited VALUES ({'), ('.join(rows)})")
    match = " AND ".join(f"v.{ident(c)} = t.{ident(c)}" for c in columns)
    return f"EXISTS (SELECT 1 FROM temp.main.visited v WHERE {match})"


def _rows(writer: Writer, table: str) -> int:
    return int(writer.one(f"SELECT count(*) FROM {table}"))


def held(writer: Writer, table: str) -> int:
    """Count a table's rows, less the soft-deleted ones; 0 where it is not there."""
    columns = ddl.columns_of(writer, table)
    return _living(writer, table, stamped=DELETED_AT in columns) if columns else 0


def _living(writer: Writer, table: str, *, stamped: bool) -> int:
    living = f" WHERE {DELETED_AT} IS NULL" if stamped else ""
    return int(writer.one(f"SELECT count(*) FROM {ALIAS}.{ident(table)}{living}"))


def _views(
    writer: Writer, plan: Plan, structures: Mapping[str, Structure], before: Mapping[str, str], *, rebuild: bool
) -> dict[str, dict[str, str]]:
    """Make the views of arrays whose elements have fields that the lake does not know yet; returns column -> fields."""
    known = {name: Structure(fields) for name, fields in json.loads(before.get("views", "{}")).items()}
    merged = {name: structure.join(known.get(name)) for name, structure in structures.items()}
    merged = {**known, **merged}
    if merged == known and not rebuild:
        return {name: structure.fields for name, structure in merged.items()}
    # Which tables there are is asked of the lake's own memory: duckdb_tables() takes 40 ms.
    tables = {plan.table}
    tables |= {str(row[0]) for row in writer.rows(f"SELECT resource FROM {ALIAS}.{STATE} WHERE key = 'schema'")}
    for name, sql in views.wanted(plan.table, plan.key, merged, tables).items():
        writer.run(f"DROP VIEW IF EXISTS {ALIAS}.{ident(name)}")
        writer.run(sql)
    return {name: structure.fields for name, structure in merged.items()}


def check_key(schema: TableSchema, key: Sequence[str], table: str) -> None:
    """Raise LoadError where a key column is in no record."""
    missing = [k for k in key if schema.by_name(k) is None]
    if missing and schema.columns:
        raise LoadError(
            f"{table}: no record has `{missing[0]}`, which `primary_key` names",
            hint=f"fields there are: {', '.join(c.name for c in schema.columns[:20])}",
            resource=table,
        )
