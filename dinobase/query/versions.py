"""AT (VERSION => n) and AT (TIMESTAMP => t): which version of a lake that is, and what it held."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dinobase.core.errors import UnknownName
from dinobase.lake import reader
from dinobase.lake.introspect import LakeTable, LakeView, Snapshot, snapshot_rows, tables_at
from dinobase.lake.metadata import open_metadata
from dinobase.lake.sql import parse_tree
from dinobase.query.faults import fault


def resolve(connection: Any, view: LakeView, at: Mapping[str, Any]) -> tuple[dict[str, LakeTable], int]:
    """Return the tables of the version that an AT clause names, and its number."""
    by_time = str(at.get("unit", "")).upper() == "TIMESTAMP"
    value = _evaluate(connection, at["expr"], "VARCHAR" if not by_time else "TIMESTAMPTZ")
    with open_metadata(view.location) as metadata:
        kept = snapshot_rows(metadata)
        version = _at_time(view, kept, value) if by_time else _at_version(view, kept, value)
        return tables_at(metadata, version), version


def moment(text: str) -> datetime:
    """Read the catalog's own spelling of a time."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _evaluate(connection: Any, expression: Any, kind: str) -> str:
    tree = parse_tree(connection, "SELECT 1")
    tree["statements"][0]["node"]["select_list"] = [expression]
    try:
        sql = connection.execute("SELECT json_deserialize_sql(?::JSON)", [json.dumps(tree)]).fetchone()[0]
        row = connection.execute(f"SELECT CAST(CAST(#1 AS {kind}) AS VARCHAR) FROM ({sql})").fetchone()
    except reader.DuckDBError as error:
        raise fault(error, ()) from None
    return str(row[0])


def _at_version(view: LakeView, kept: list[Snapshot], value: str) -> int:
    if value.isdigit() and any(snapshot.version == int(value) for snapshot in kept):
        return int(value)
    raise UnknownName(
        f"{view.location.name} has no version {value}",
        code="unknown.version",
        hint=f"Kept are {kept[-1].version} to {kept[0].version}; dinobase history shows what each changed.",
    )


def _at_time(view: LakeView, kept: list[Snapshot], value: str) -> int:
    asked = moment(value)
    for snapshot in kept:
        if moment(snapshot.time) <= asked:
            return snapshot.version
    raise UnknownName(
        f"{view.location.name} has no version as old as {value}",
        code="unknown.version",
        hint=f"The oldest is of {kept[-1].time}.",
    )
