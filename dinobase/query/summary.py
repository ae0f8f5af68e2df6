"""What is said of a result that is too large to show: its shape, and per column what a reader would ask first.

All of it is read from the handle, so that the summary and later queries on the handle speak of the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dinobase.lake.convert import Column, columns_of
from dinobase.lake.sql import ident, literal
from dinobase.query.handles import MAX_ROWS, Handle
from dinobase.query.result import ColumnSummary, Summary, TopValue, is_number

_EXACT_ROWS = 100_000
_FEW_VALUES = 50
_TOP = 3
_LONGEST = 40
_ORDERED = frozenset({"date", "time", "varchar", "uuid", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns",
                      "timestamp with time zone"})  # fmt: skip


def summarise(connection: Any, handle: Handle) -> Summary:
    """Read a handle's statistics."""
    source = f"read_parquet({literal(str(handle.path))})"
    relation = connection.sql(f"SELECT * FROM {source}")
    columns = columns_of(relation.columns, relation.types)
    return Summary(
        row_count=handle.rows,
        column_count=len(columns),
        complete=handle.rows < MAX_ROWS,
        columns=[_with_top(connection, source, column) for column in _counted(connection, source, columns, handle)],
    )


def first_rows(connection: Any, handle: Handle, count: int) -> tuple[list[Column], list[tuple[Any, ...]]]:
    """Return the first rows as they were kept, values converted."""
    source = f"read_parquet({literal(str(handle.path))})"
    relation = connection.sql(f"SELECT * FROM {source}")
    columns = columns_of(relation.columns, relation.types)
    picked = ", ".join(f"{column.select(place)} AS {ident(column.name)}" for place, column in enumerate(columns, 1))
    fetched = connection.execute(f"SELECT {picked} FROM (SELECT * FROM {source} LIMIT {count})").fetchall()
    rows = [tuple(c.convert(value) for c, value in zip(columns, row, strict=True)) for row in fetched]
    return columns, [tuple(c.finish(v) if c.wide else v for c, v in zip(columns, row, strict=True)) for row in rows]


def _counted(connection: Any, source: str, columns: Sequence[Column], handle: Handle) -> list[ColumnSummary]:
    exact = handle.rows <= _EXACT_ROWS
    wanted = []
    for column in columns:
        name = ident(column.name)
        plain = _is_plain(column)
        distinct = f"count(DISTINCT {name})" if exact else f"approx_count_distinct({name})"
        ordered = plain and column.base != "boolean"
        wanted += [
            f"count(*) - count({name})",
            distinct if plain else "NULL",
            f"left(CAST(min({name}) AS VARCHAR), {_LONGEST})" if ordered else "NULL",
            f"left(CAST(max({name}) AS VARCHAR), {_LONGEST})" if ordered else "NULL",
        ]
    row = connection.execute(f"SELECT {', '.join(wanted)} FROM {source}").fetchone()
    return [ColumnSummary(column.name, column.type, *row[4 * n : 4 * n + 4]) for n, column in enumerate(columns)]


def _with_top(connection: Any, source: str, column: ColumnSummary) -> ColumnSummary:
    """Where a column has few values, the most frequent say more than the least and the greatest."""
    if not column.distinct or column.distinct > _FEW_VALUES or is_number(column.type):
        return column
    name = ident(column.name)
    found = connection.execute(
        f"SELECT left(CAST({name} AS VARCHAR), {_LONGEST}), count(*) AS n FROM {source} WHERE {name} IS NOT NULL "
        f"GROUP BY {name} ORDER BY n DESC, {name} LIMIT {_TOP}"
    ).fetchall()
    top = [TopValue(value, count) for value, count in found]
    if column.type in {"VARCHAR", "BOOLEAN"}:
        return ColumnSummary(column.name, column.type, column.nulls, column.distinct, top=top)
    return ColumnSummary(column.name, column.type, column.nulls, column.distinct, column.min, column.max, top)


def _is_plain(column: Column) -> bool:
    """JSON is text to DuckDB, but neither its least nor its greatest means anything."""
    return column.type != "JSON" and (column.base in _ORDERED or column.base == "boolean" or is_number(column.type))
