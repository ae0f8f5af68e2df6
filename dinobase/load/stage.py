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
_SCALE = re.compile(r",\s*(\d+)")
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
        f"{_typed(c, n, quote(c.name) if cooked else _place(c.path), cooked=cooked, guarded=guarded)} AS {quote(c.name)}"
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


def as_text(column: Column) -> bool:
    """Tell whether the cooked value is a text, or a list of texts, that is cast only if its value stays."""
    return column.origin == "declared" and column.type != JSON


def _read_type(column: Column, *, cooked: bool) -> str:
    if cooked and as_text(column):
        return "VARCHAR[]" if column.type.endswith("[]") else "VARCHAR"
    if column.type in {"BIGINT", "DOUBLE", "BOOLEAN"}:
        return column.type
    if column.type.endswith("[]") and column.type[:-2] in {*BASIC, "UNKNOWN"}:
        return column.sql_type
    if column.type.endswith("[]"):
        return "VARCHAR[]"
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


def _typed(column: Column, number: int, place: str, *, cooked: bool, guarded: bool) -> str:
    """Return the expression of one column; text becomes a time or a declared type only if nothing is lost."""
    drift = f"error('drift:{number}')"
    if column.type == JSON:
        return f"CAST({place} AS JSON)"
    if column.origin == "declared" and (cooked or column.type.removesuffix("[]") not in {*BASIC} - TIMES):
        return _declared(column.type, place, drift)
    if column.type in TIMES:
        return (
            f"CASE WHEN {place} IS NULL THEN NULL WHEN regexp_full_match({place}, {literal(SQL_PATTERN[column.type])}) "
            f"THEN COALESCE(TRY_CAST({place} AS {column.type}), {drift}) ELSE {drift} END"
        )
    if column.type == "DOUBLE" and guarded:
        long = f"abs({place}) >= 9007199254740992 OR (abs({place}) >= 1e8 AND {place} <> trunc({place}))"
        return f"CASE WHEN {long} THEN error('{LONG}') ELSE {place} END"
    if column.type in BASIC or column.type.endswith("[]"):
        return place
    return _declared(column.type, place, drift)


def _declared(type_: str, place: str, drift: str) -> str:
    if not type_.endswith("[]"):
        return f"CASE WHEN {place} IS NULL THEN NULL ELSE COALESCE({kept(place, type_)}, {drift}) END"
    element = kept("x", type_[:-2])
    lost = f"list_filter({place}, lambda x: x IS NOT NULL AND {element} IS NULL)"
    return f"CASE WHEN len({lost}) > 0 THEN {drift} ELSE list_transform({place}, lambda x: {element}) END"


_WHOLE = {f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")} | {"HUGEINT"}


def kept(text: str, type_: str) -> str:
    """Return the expression that casts a text to a declared type, NULL where its value would change."""
    cast = f"TRY_CAST({text} AS {type_})"
    if type_ in _WHOLE:
        return f"CASE WHEN regexp_full_match({text}, '[+-]?\\d+(\\.0*)?') THEN {cast} END"
    if type_ in {"FLOAT", "DOUBLE"}:
        return f"CASE WHEN isfinite({cast}) THEN {cast} END"
    if type_ == "BOOLEAN":
        return f"CASE WHEN lower({text}) IN ('true', 'false', '0', '1') THEN {cast} END"
    if type_ == "DATE":  # of a moment only where it is midnight
        return f"CASE WHEN TRY_CAST({text} AS TIMESTAMP) = CAST({cast} AS TIMESTAMP) THEN {cast} END"
    if type_ == "TIMESTAMP":  # in UTC
        return f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
    if not type_.startswith("DECIMAL"):
        return cast
    digits = _SCALE.search(type_)
    scale = digits[1] if digits else "3"
    exact = f"regexp_full_match({text}, '[+-]?\\d*(\\.\\d{{0,{scale}}}0*)?')"
    wide = "DECIMAL(38, 18)"
    return f"CASE WHEN {exact} OR TRY_CAST({text} AS {wide}) = TRY_CAST({cast} AS {wide}) THEN {cast} END"
