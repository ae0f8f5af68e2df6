"""A decided SELECT on an instance of views: they are made here, and references with AT become views of their version.

What changes is the tree that the parser gave; the text that runs is parsed again and must have that very tree.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from dinobase.access.guard import schema_of
from dinobase.core.errors import QueryError
from dinobase.lake.introspect import LakeTable, LakeView
from dinobase.lake.sql import literal, parse_tree
from dinobase.query.decision import Read, TableUse

if TYPE_CHECKING:
    from dinobase.access.guard import Guard, Opened

Resolved: TypeAlias = Mapping[TableUse, tuple[Mapping[str, LakeTable], int]]


def prepare(
    connection: Any, guard: Guard, held: Opened, read: Read, views: Mapping[str, LakeView], resolved: Resolved
) -> Read:
    """Make the views that a query names, and return it on them; `resolved`: per use all tables, and the version."""
    covered = [use for use in read.uses if use.connector in held.aliases]
    if not covered:
        return read
    if read.explain and any(guard.covers(use.connector) for use in covered):
        raise QueryError(
            "EXPLAIN would show what access rules hide",
            code="query.refused",
            hint="Send the SELECT itself, or DESCRIBE it.",
        )
    for use in covered:
        tables, version = resolved[use]
        table = tables[use.table.lower()]
        pinned = None if use.at is None else version
        guard.prepare(connection, held, views[use.connector], table, tables=tables, version=pinned)
    past = {use: resolved[use][1] for use in covered if use.at is not None}
    return replace(read, sql=_at_views(connection, read.sql, past)) if past else read


def _at_views(connection: Any, sql: str, past: Mapping[TableUse, int]) -> str:
    tree = parse_tree(connection, sql)
    known = {(use.connector.lower(), use.table.lower(), _bare(use.at)): version for use, version in past.items()}
    _point(tree["statements"][0]["node"], known)
    text = connection.execute(f"SELECT json_deserialize_sql({literal(json.dumps(tree))}::JSON)").fetchone()[0]
    if _bare(parse_tree(connection, text)) != _bare(tree):
        raise QueryError(
            "A past version cannot be read in a statement of this form",
            code="query.at",
            hint="Put `SELECT ... FROM t AT (...)` into a WITH clause of its own.",
        )
    return str(text)


def _point(value: Any, known: Mapping[tuple[str, str, str], int]) -> None:
    if isinstance(value, list):
        for item in value:
            _point(item, known)
    elif isinstance(value, dict):
        if value.get("type") == "BASE_TABLE" and value.get("at_clause"):
            connector = str(value.get("catalog_name") or value["schema_name"])
            place = (connector.lower(), str(value["table_name"]).lower(), _bare(value["at_clause"]))
            if place in known:
                value |= {"catalog_name": connector, "schema_name": schema_of(known[place]), "at_clause": None}
        for item in value.values():
            _point(item, known)


def _bare(value: Any) -> str:
    """Return a tree as text that is the same wherever in a statement it stands."""
    return json.dumps(_without_places(value), sort_keys=True)


def _without_places(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_places(item) for key, item in value.items() if key != "query_location"}
    return [_without_places(item) for item in value] if isinstance(value, list) else value
