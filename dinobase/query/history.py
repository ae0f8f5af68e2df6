"""The versions of a lake that touched one table, newest first, with what each changed as its writer counted it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dinobase.core.clock import iso
from dinobase.core.errors import LakeError, UnknownName, did_you_mean
from dinobase.lake.introspect import LakeTable, Snapshot, snapshot_rows, tables_at
from dinobase.lake.location import Storage
from dinobase.lake.metadata import Metadata, open_metadata
from dinobase.query.versions import moment

if TYPE_CHECKING:
    from dinobase.access.guard import Guard


@dataclass(frozen=True, slots=True)
class Version:
    """One version; the counts are absent where the writer said nothing."""

    version: int
    time: str
    message: str
    changes: Sequence[str] = ()
    inserted: int | None = None
    updated: int | None = None
    deleted: int | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True)
class TableHistory:
    """`at` shows how a version is queried."""

    table: str
    versions: Sequence[Version]
    at: str = ""


def history(
    name: str, storage: Storage, connectors: Sequence[str], *, limit: int = 0, guard: Guard | None = None
) -> TableHistory:
    """Return the versions of `connector.table`; raises UnknownName."""
    if guard is not None:
        connectors = [one for one in connectors if guard.policy.connector(one)]
    schema, _, table = name.replace('"', "").partition(".")
    table = table.removeprefix("main.")
    known = {one.lower(): one for one in connectors}
    if schema.lower() not in known:
        near = did_you_mean(schema.lower(), known)
        hint = f"Did you mean {known[near]}.{table}?" if near else f"Connectors: {', '.join(connectors) or 'none'}."
        raise UnknownName(f"There is no connector {schema}", code="unknown.connector", hint=hint, connector=schema)
    connector = known[schema.lower()]
    try:
        with open_metadata(storage.lake(connector)) as metadata:
            return _history(metadata, connector, table, limit, guard)
    except LakeError as error:
        if error.error_code != "lake.absent":
            raise
        raise UnknownName(
            f"{connector} has no tables yet", code="unknown.table", hint=f"dinobase sync {connector}"
        ) from None


def _history(metadata: Metadata, connector: str, table: str, limit: int, guard: Guard | None) -> TableHistory:
    kept = snapshot_rows(metadata)
    every = tables_at(metadata, kept[0].version)
    tables = guard.tables(connector, every) if guard else every
    found = tables.get(table.lower())
    if found is None:
        raise _unknown(connector, table, tables)
    ids = [
        row[0]
        for row in metadata.rows("SELECT DISTINCT table_id FROM ducklake_table WHERE table_name = ?", [found.name])
    ]
    versions = [_version(s, found.name, ids) for s in kept if _touches(s, found.name, ids)]
    if guard is not None and guard.filtered(connector, found.name, every):  # the counts are of all rows
        versions = [replace(v, inserted=None, updated=None, deleted=None) for v in versions]
    full = f"{connector}.{found.name}"
    past = bool(versions) and not (guard is not None and guard.places(connector))  # there are columns alone, no rows
    at = f"SELECT * FROM {full} AT (VERSION => {versions[0].version})" if past else ""
    return TableHistory(full, versions[:limit] if limit else versions, at)


def _unknown(connector: str, table: str, tables: Mapping[str, LakeTable]) -> UnknownName:
    near = did_you_mean(table.lower(), tables)
    listed = ", ".join(f"{connector}.{one.name}" for one in tables.values())
    hint = f"Did you mean {connector}.{tables[near].name}?" if near else f"There are: {listed}."
    return UnknownName(f"There is no table {connector}.{table}", code="unknown.table", hint=hint)


def _said(snapshot: Snapshot, name: str) -> Mapping[str, Any]:
    """Return what the writer said of one table: a version may be of several."""
    tables = snapshot.extra.get("tables")
    if not isinstance(tables, dict):
        return snapshot.extra
    said = tables.get(name)
    return {**said, "run": snapshot.extra.get("run"), "resource": name} if isinstance(said, dict) else {}


def _touches(snapshot: Snapshot, name: str, ids: Sequence[int]) -> bool:
    """Read DuckLake's own list: `created_table:"main"."customers",inserted_into_table:3`; comments are no change."""
    said = _said(snapshot, name)
    if "annotated" in said:
        return False
    if "compacted" not in snapshot.changes and any(_of(change, name, ids) for change in _changes(snapshot)):
        return True
    return f'"{name}"' in snapshot.changes or said.get("resource") == name


def _changes(snapshot: Snapshot) -> list[str]:
    """Split DuckLake's list; a comma in a quoted name is none of the list's."""
    return re.findall(r'(?:"(?:[^"]|"")*"|[^,"])+', snapshot.changes)


def _of(change: str, name: str, ids: Sequence[int]) -> bool:
    quoted = name.replace('"', '""')
    return change.endswith((*(f"_table:{number}" for number in ids), f'."{quoted}"'))


_KINDS = {
    "created_table": "created",
    "inserted_into_table": "inserted",
    "deleted_from_table": "deleted",
    "altered_table": "altered",
    "dropped_table": "dropped",
}


def _version(snapshot: Snapshot, name: str, ids: Sequence[int]) -> Version:
    said = _said(snapshot, name)
    mine = [change for change in _changes(snapshot) if _of(change, name, ids)]
    seen = dict.fromkeys(word for key, word in _KINDS.items() if any(c.startswith(key) for c in mine))
    if said.get("altered") is False:  # its comments alone
        seen.pop("altered", None)
    counts = {key: _count(said.get(key)) for key in ("inserted", "updated", "deleted")}
    run = said.get("run")
    several = isinstance(snapshot.extra.get("tables"), dict)
    return Version(
        snapshot.version,
        iso(moment(snapshot.time)),
        f"{snapshot.message.partition(' ')[0]} {name}" if several else snapshot.message,
        tuple(seen),
        counts["inserted"],
        counts["updated"],
        counts["deleted"],
        str(run) if run else None,
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
