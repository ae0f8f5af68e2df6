"""The versions of a lake that touched one table, newest first, with what each changed as its writer counted it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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
    versions = [_version(s) for s in kept if _touches(s, found.name, ids)]
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


def _touches(snapshot: Snapshot, name: str, ids: Sequence[int]) -> bool:
    """Read DuckLake's own list: `created_table:"main"."customers",inserted_into_table:3`; comments are no change."""
    if "annotated" in snapshot.extra:
        return False
    if any(
        re.search(rf"_table:{number}(?!\d)", snapshot.changes) for number in ids if "compacted" not in snapshot.changes
    ):
        return True
    return f'"{name}"' in snapshot.changes or snapshot.extra.get("resource") == name


_KINDS = {
    "created_table": "created",
    "inserted_into_table": "inserted",
    "deleted_from_table": "deleted",
    "altered_table": "altered",
    "dropped_table": "dropped",
}


def _version(snapshot: Snapshot) -> Version:
    seen = dict.fromkeys(word for key, word in _KINDS.items() if key in snapshot.changes)
    if snapshot.extra.get("altered") is False:  # its comments alone
        seen.pop("altered", None)
    counts = {key: _count(snapshot.extra.get(key)) for key in ("inserted", "updated", "deleted")}
    run = snapshot.extra.get("run")
    return Version(
        snapshot.version,
        iso(moment(snapshot.time)),
        snapshot.message,
        tuple(seen),
        counts["inserted"],
        counts["updated"],
        counts["deleted"],
        str(run) if run else None,
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
