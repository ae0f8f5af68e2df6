"""The SQL that reads a segment of NDJSON into typed Parquet; pure text, run by the lake's instance.

A value that its type would not keep raises `drift:<column number>` inside DuckDB, which ends the statement.
"""

from __future__ import annotations

import re

from dinobase.lake.sql import ident as quote
from dinobase.lake.sql import literal
from dinobase.load.check import Tree
from dinobase.load.lattice import SQL_PATTERN
from dinobase.load.schema import BASIC, JSON, TIMES, Column, Path, TableSchema

CURSOR = "__cursor"
LONG = "a double with many digits"
_DRIFT = re.compile(r"drift:(\d+)")
_SMALLEST_BUFFER = 1 << 20


def stage_sql(
    schema: TableSchema,
    source: str,
    target: str,
    *,
    cooked: bool,
    longest: int,
    cursor: Column | None,
    guarded: bool = False,
) -> str:
    """Return the COPY that turns one segment into one Parquet file, its rows in the order of the listing.

    guarded: doubles that may have had more digits than a double keeps raise `long`.
    """
    reads = _cooked_columns(schema) if cooked else _raw_columns(Tree(schema))
    fields = [
        f"{_typed(c, n, quote(c.name) if cooked else _place(c.path), guarded=guarded)} AS {quote(c.name)}"
        for n, c in enumerate(schema)
    ]
    if cursor is not None:
        place = quote(cursor.name) if cooked else _place(cursor.path)
        fields.append(f"CAST({place} AS VARCHAR) AS {quote(CURSOR)}")
    size = max(_SMALLEST_BUFFER, longest + 1024)
    return (
        f"COPY (SELECT {', '.join(fields)} FROM read_json({literal(source)}, format = 'newline_delimited', "
        f"compression = 'uncompressed', maximum_object_size = {size}, columns = {{{reads}}})) "
        f"TO {literal(target)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 20000)"
    )


def drifted(message: str) -> int | None:
    """Return the number of the column that a failed staging names."""
    found = _DRIFT.search(message)
    return int(found[1]) if found else None


def _read_type(column: Column, *, cooked: bool) -> str:
    if column.type in {"BIGINT", "DOUBLE", "BOOLEAN"}:
        return column.type
    if column.type.endswith("[]") and column.type[:-2] in {*BASIC, "UNKNOWN"}:
        return column.sql_type
    return JSON if column.type == JSON and not cooked else "VARCHAR"


def _cooked_columns(schema: TableSchema) -> str:
    return ", ".join(f"{literal(c.name)}: {literal(_read_type(c, cooked=True))}" for c in schema)


def _raw_columns(tree: Tree) -> str:
    return ", ".join(f"{literal(key)}: {literal(_raw_type(tree, (key,)))}" for key in tree.children[()])


def _raw_type(tree: Tree, path: Path) -> str:
    column = tree.leaves.get(path)
    if column is not None:
        return _read_type(column, cooked=False)
    inner = ", ".join(f"{quote(key)} {_raw_type(tree, (*path, key))}" for key in tree.children[path])
    return f"STRUCT({inner})"


def _place(path: Path) -> str:
    place = quote(path[0])
    for key in path[1:]:
        place = f"struct_extract({place}, {literal(key)})"
    return place


def _typed(column: Column, number: int, place: str, *, guarded: bool) -> str:
    """Return the expression of one column; text becomes a time or a declared type only if nothing is lost."""
    drift = f"error('drift:{number}')"
    if column.type in TIMES:
        pattern = literal(SQL_PATTERN[column.type]) if column.origin == "inferred" else "'.*'"
        return (
            f"CASE WHEN {place} IS NULL THEN NULL WHEN regexp_full_match({place}, {pattern}) "
            f"THEN COALESCE(TRY_CAST({place} AS {column.type}), {drift}) ELSE {drift} END"
        )
    if column.type == "DOUBLE" and guarded:
        long = f"abs({place}) >= 9007199254740992 OR (abs({place}) >= 1e8 AND {place} <> trunc({place}))"
        return f"CASE WHEN {long} THEN error('{LONG}') ELSE {place} END"
    if column.type == JSON:
        return f"CAST({place} AS JSON)"
    if column.type in BASIC or column.type.endswith("[]"):
        return place
    return f"CASE WHEN {place} IS NULL THEN NULL ELSE COALESCE({_kept(place, column.type)}, {drift}) END"


def _kept(place: str, type_: str) -> str:
    """Cast to a declared type, or NULL where the value would change."""
    cast = f"TRY_CAST({place} AS {type_})"
    if not type_.startswith("DECIMAL"):
        return cast
    wide = "DECIMAL(38, 18)"
    return f"CASE WHEN TRY_CAST({place} AS {wide}) IS NOT DISTINCT FROM TRY_CAST({cast} AS {wide}) THEN {cast} END"
