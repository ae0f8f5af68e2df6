"""Values of a child that its parent does not have: looked up when somebody asks, and kept nowhere."""

from __future__ import annotations

from typing import Any

from dinobase.catalog.relations.forms import joined, written
from dinobase.catalog.relations.values import Relationship
from dinobase.lake.rows import rows_of
from dinobase.lake.sql import ident, qualified

MOST = 5


def orphans(connection: Any, one: Relationship) -> list[Any]:
    """Return the values that most rows of the child have and no row of the parent; several columns make a list."""
    here, there = (qualified(side.connector, "main", side.table) for side in one.pair.sides)
    pairs = [
        (written(one.pair.forms[0], f"c.{ident(left)}"), written(one.pair.forms[1], f"p.{ident(right)}"))
        for left, right in zip(*(side.columns for side in one.pair.sides), strict=True)
    ]
    filled = " AND ".join(f"{left} IS NOT NULL AND CAST({left} AS VARCHAR) <> ''" for left, _ in pairs)
    names = [f"c.{ident(name)}" for name in one.pair.child.columns]
    rows = rows_of(
        connection,
        f"SELECT {', '.join(names)} FROM {here} AS c WHERE {filled} "
        f"AND NOT EXISTS (SELECT 1 FROM {there} AS p WHERE {joined(pairs)}) "
        f"GROUP BY ALL ORDER BY count(*) DESC, {', '.join(names)} LIMIT {MOST}",
    )
    return [next(iter(row.values())) if len(row) == 1 else list(row.values()) for row in rows]
