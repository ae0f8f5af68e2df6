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
# What most APIs write, told by LIKE in half the time of the pattern. With digits in all places but one or two the cast
# fails or gives the instant that is meant, so nothing is lost by it.
_USUAL = [f"____-__-__T__:__:__{rest}" for rest in ("Z", "+__:__", ".___Z")]
_SMALLEST_BUFFER = 1 << 20


def stage_sql(
    schema: TableSchema,
    source: str,
    target: str,
    *,
    cooked: bool,
    longest: int,
    cursor: Column | None,
    array: bool = False,
    guarded: bool = False,
    group: int = 20_000,
) -> str:
    """Return the COPY that turns one segment into one Parquet file, its rows in the order of the listing.

    array: the source is one array, else it has a record a line.
    guarded: doubles that may have had more digits than a double keeps raise `long`. group: rows of a row group, which
    is in memory as a whole.
    """
    reads = _cooked_columns(schema) if cooked else _raw_columns(Tree(schema))
    places = [quote(c.name) if cooked else _place(c.path) for c in schema]
    fields = [
        f"{_typed(c, n, place, cooked=cooked, guarded=guarded)} AS {quote(c.name)}"
        for n, (c, place) in enumerate(zip(schema, places, strict=True))
    ]
    if cursor is not None:
        place = quote(cursor.name) if cooked else _place(cursor.path)
        fields.append(f"CAST({place} AS VARCHAR) AS {quote(CURSOR)}")
    form = "array" if array else "newline_delimited"
    size = max(_SMALLEST_BUFFER, longest + 1024)
    return (
        f"COPY (SELECT {', '.join(fields)} FROM read_json({literal(source)}, format = '{form}', "
        f"records = 'true', compression = 'uncompressed', maximum_object_size = {size}, columns = {{{reads}}})) "
        f"TO {literal(target)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE {group})"
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
        cast = f"COALESCE(TRY_CAST({place} AS {column.type}), {drift})"
        usual = " OR ".join(f"{place} LIKE '{shape}'" for shape in _USUAL)
        quick = f"WHEN {usual} THEN {cast} " if column.type == "TIMESTAMPTZ" else ""
        return (
            f"CASE {quick}WHEN {place} IS NULL THEN NULL "
            f"WHEN regexp_full_match({place}, {literal(SQL_PATTERN[column.type])}) THEN {cast} ELSE {drift} END"
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


_WHOLE = [f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")]
# Under which condition a text's value stays: {t} is the text, {c} the cast.
_KEPT = {
    **dict.fromkeys([*_WHOLE, "HUGEINT"], r"regexp_full_match({t}, '[+-]?\d+(\.0*)?')"),
    **dict.fromkeys(["FLOAT", "DOUBLE"], "isfinite({c})"),
    "BOOLEAN": "lower({t}) IN ('true', 'false', '0', '1')",
    "DATE": "TRY_CAST({t} AS TIMESTAMP) = CAST({c} AS TIMESTAMP)",  # of a moment only where it is midnight
}


def kept(text: str, type_: str) -> str:
    """Return the expression that casts a text to a declared type, NULL where its value would change."""
    cast = f"TRY_CAST({text} AS {type_})"
    if type_ == "TIMESTAMP":  # in UTC
        return f"CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
    if type_.startswith("DECIMAL"):
        digits = _SCALE.search(type_)
        exact = f"regexp_full_match({text}, '[+-]?\\d*(\\.\\d{{0,{digits[1] if digits else 3}}}0*)?')"
        wide = "DECIMAL(38, 18)"
        return f"CASE WHEN {exact} OR TRY_CAST({text} AS {wide}) = TRY_CAST({cast} AS {wide}) THEN {cast} END"
    condition = _KEPT.get(type_)
    return f"CASE WHEN {condition.replace('{t}', text).replace('{c}', cast)} THEN {cast} END" if condition else cast
