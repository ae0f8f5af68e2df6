"""A few rows of a query, with values that JSON holds without loss."""

from __future__ import annotations

from typing import Any

from dinobase.lake.convert import columns_of
from dinobase.lake.sql import ident


def rows_of(connection: Any, query: str) -> list[dict[str, Any]]:
    """Return all rows of a query by the names of its columns."""
    relation = connection.sql(query)
    columns = columns_of(relation.columns, relation.types)
    picked = ", ".join(f"{column.select(place)} AS {ident(column.name)}" for place, column in enumerate(columns, 1))
    rows = connection.execute(f"SELECT {picked} FROM ({query})").fetchall()
    converted = [[column.convert(value) for column, value in zip(columns, row, strict=True)] for row in rows]
    return [
        {c.name: c.finish(value) if c.wide else value for c, value in zip(columns, row, strict=True)}
        for row in converted
    ]
