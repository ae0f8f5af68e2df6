"""Create and change tables so that history keeps its meaning: a retype stays within one table id."""

from __future__ import annotations

from collections.abc import Sequence

from dinobase.lake.connection import ALIAS, Writer
from dinobase.lake.sql import ident, literal

_SPARE = "_dinobase_retype"


def columns_of(writer: Writer, table: str) -> dict[str, str]:
    """Return column -> SQL type as the lake has it; empty where there is no such table."""
    rows = writer.rows(
        "SELECT column_name, data_type FROM duckdb_columns() "
        f"WHERE database_name = '{ALIAS}' AND schema_name = 'main' AND table_name = {literal(table)} "
        "ORDER BY column_index"
    )
    return {str(name): _short(str(kind)) for name, kind in rows}


def _short(kind: str) -> str:
    return kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")


def create(writer: Writer, table: str, columns: Sequence[tuple[str, str]]) -> None:
    """Create a table."""
    fields = ", ".join(f"{ident(name)} {kind}" for name, kind in columns)
    writer.run(f"CREATE TABLE {ALIAS}.{ident(table)} ({fields})")


def add_column(writer: Writer, table: str, name: str, kind: str) -> None:
    """Add a column; old rows are null there."""
    writer.run(f"ALTER TABLE {ALIAS}.{ident(table)} ADD COLUMN {ident(name)} {kind}")


def retype(writer: Writer, table: str, name: str, old: str, new: str) -> None:
    """Give a column another type, old values kept as text where there is no closer way.

    The old column is renamed, never the new one: DuckLake 1.5.5 loses the element type of a list that is added and
    renamed in one transaction, and no reader opens the lake again.
    """
    target = f"{ALIAS}.{ident(table)}"
    writer.run(f"ALTER TABLE {target} RENAME COLUMN {ident(name)} TO {_SPARE}")
    writer.run(f"ALTER TABLE {target} ADD COLUMN {ident(name)} {new}")
    writer.run(f"UPDATE {target} SET {ident(name)} = {converted(_SPARE, old, new)} WHERE {_SPARE} IS NOT NULL")
    writer.run(f"ALTER TABLE {target} DROP COLUMN {_SPARE}")


def converted(place: str, old: str, new: str) -> str:
    """Return the expression that turns an old value into the new type; instants become ISO 8601 in UTC."""
    if new == "JSON" and old != "JSON":
        return f"to_json({place})"
    if new == "VARCHAR" and old in {"TIMESTAMP", "TIMESTAMPTZ"}:
        zone = "Z" if old == "TIMESTAMPTZ" else ""
        moment = f"CAST({place} AS TIMESTAMP)" if old == "TIMESTAMPTZ" else place
        whole = f"strftime({moment}, '%Y-%m-%dT%H:%M:%S')"
        fraction = f"rtrim(strftime({moment}, '.%f'), '0')"
        return f"{whole} || CASE WHEN {fraction} = '.' THEN '' ELSE {fraction} END || '{zone}'"
    return f"CAST({place} AS {new})"
