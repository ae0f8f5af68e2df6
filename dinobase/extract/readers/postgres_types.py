"""PostgreSQL's types and the way each is read: as DuckDB's own where it keeps every value, else as text. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dinobase.extract.readers.live import LEFT_OUT
from dinobase.extract.readers.staging import Reading
from dinobase.lake.sql import ident

DIGITS = 38  # of DuckDB's widest decimal
TEXT = "VARCHAR"
_LATEST = "'294246-12-31'"  # DuckDB's timestamps end some days later, PostgreSQL's 30 years before that year's end
_PLAIN = {
    "int2": "SMALLINT", "int4": "INTEGER", "int8": "BIGINT", "float4": "FLOAT", "float8": "DOUBLE", "bool": "BOOLEAN",
    "text": TEXT, "varchar": TEXT, "bpchar": TEXT, "date": "DATE", "time": "TIME", "uuid": "UUID", "bytea": "BLOB",
}  # fmt: skip
_CAST = {
    "oid": ("{0}::int8", "BIGINT"),
    "money": ("{0}::numeric(22,4)", "DECIMAL(22,4)"),
    "inet": ("abbrev({0})", TEXT),
    "json": ("{0}::text", "JSON"),
    "jsonb": ("{0}::text", "JSON"),
}
_IN_ARRAYS = {"int2", "int4", "int8", "float4", "float8", "bool", "text", "varchar", "bpchar", "date", "uuid"}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_GIVEN_DECIMAL = re.compile(r"DECIMAL\((\d+),(-?\d+)\)")
_LIVE = {
    "oid": ("{0}", "BIGINT"),
    "citext": ("({0} || '')", TEXT),  # the server would compare without regard to case
    "bpchar": ("rtrim({0}, ' ')", TEXT),
    # As the server's own abbrev() writes it.
    "inet": ("regexp_replace({0}, '^([0-9.]+)/32$|^([0-9a-f:.]*:[0-9a-f:.]*)/128$', '\\1\\2')", TEXT),
}
_DRAWN = {"polygon", "circle", "path", "box", "line", "lseg"}  # what the scanner takes for lists, and cannot read


@dataclass(frozen=True, slots=True)
class NativeType:
    """A column's type, domains resolved: `modifier` is PostgreSQL's typmod; of an array `name` is its element's."""

    name: str
    modifier: int = -1
    array: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at all values of a column found; None where there is none."""

    scale: int | None = None
    digits: int | None = None
    special: bool = False
    dimensions: int | None = None
    shifted: bool = False
    late: bool = False


def reading(column: str, native: NativeType, known: str = "", seen: Seen | None = None) -> Reading | None:
    """Return how a column is read, None where its values have to be seen first.

    known: its type in the lake; seen: what a look at its values found.
    """
    place = ident(column)
    if native.array:
        return _array(column, native, known, seen)
    if native.name == "numeric":
        return _numeric(column, native, known, seen)
    if native.name in {"timestamp", "timestamptz"} and known != TEXT and not (seen and seen.late):
        type_ = "TIMESTAMPTZ" if native.name == "timestamptz" else "TIMESTAMP"
        return Reading(column, place, type_, f"{place} > {_LATEST} AND {place} < 'infinity'")
    remote, type_ = _CAST.get(native.name) or ("{0}", _PLAIN.get(native.name, ""))
    return Reading(column, remote.format(place), type_) if type_ else Reading(column, f"{place}::text", TEXT)


def live_reading(column: str, native: NativeType, given: str) -> tuple[str, str] | None:
    """Return how a column is taken from what DuckDB's scanner gives, None where as it comes."""
    place = ident(column)
    decimal = _GIVEN_DECIMAL.fullmatch(given)
    if native.name in _DRAWN or (decimal and not 0 <= int(decimal[2]) <= int(decimal[1])):
        return LEFT_OUT
    if not native.array and native.name in _LIVE:
        expression, type_ = _LIVE[native.name]
        return expression.format(place), type_
    if not native.array and given == TEXT and native.name != "money":  # JSON, domains
        copied = reading(column, native)
        return (place, copied.type) if copied is not None else None
    return (place, TEXT) if given.startswith("ENUM(") and not native.array else None


def declared_decimal(modifier: int) -> tuple[int, int] | None:
    """Return precision and scale of `numeric(p, s)`, as the decimal that holds it; None where none does."""
    if modifier < 4:
        return None
    precision, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
    scale = scale - 2048 if scale > 1023 else scale
    if scale < 0:
        precision, scale = precision - scale, 0
    precision = max(precision, scale)
    return (precision, scale) if precision <= DIGITS else None


def _numeric(column: str, native: NativeType, known: str, seen: Seen | None) -> Reading | None:
    place = ident(column)
    as_text = Reading(column, f"{place}::text", TEXT)
    if known == TEXT:
        return as_text
    declared = declared_decimal(native.modifier)
    if declared is not None:
        if seen is not None and seen.special:
            return as_text
        precision, scale = declared
        return Reading(
            column, f"{place}::numeric({precision},{scale})", f"DECIMAL({precision},{scale})", f"{place} = 'NaN'"
        )
    if seen is not None:
        return _seen_numeric(column, known, seen)
    found = _DECIMAL.fullmatch(known)
    return _decimal(column, int(found[1]), int(found[2])) if found else None


def _seen_numeric(column: str, known: str, seen: Seen) -> Reading:
    found = _DECIMAL.fullmatch(known)
    scale = max(seen.scale or 0, int(found[2]) if found else 0)
    if seen.scale is None and not found:
        scale = 9  # no value yet: as good as any, and it can grow
    if seen.special or (seen.digits or 0) + scale > DIGITS:
        return Reading(column, f"{ident(column)}::text", TEXT)
    return _decimal(column, DIGITS, scale)


def _decimal(column: str, precision: int, scale: int) -> Reading:
    """Read an unbounded numeric as a decimal; NaN and the infinities are greater than all or less than all."""
    place = ident(column)
    odd = f"scale({place}) > {scale} OR abs({place}) >= 1e{precision - scale}"
    # A value that is odd must not fail in the cast: the message would be another for each version.
    cast = f"CASE WHEN {odd} THEN 0 ELSE {place} END::numeric({precision},{scale})"
    return Reading(column, f"({cast})", f"DECIMAL({precision},{scale})", odd)


def _array(column: str, native: NativeType, known: str, seen: Seen | None) -> Reading:
    place = ident(column)
    if known == TEXT or (seen is not None and seen.shifted):
        return Reading(column, f"{place}::text", TEXT)
    if known == "JSON" or (seen is not None and ((seen.dimensions or 1) > 1)):
        return Reading(column, f"to_json({place})::text", "JSON")
    shape = f"array_ndims({place}) > 1 OR array_lower({place}, 1) <> 1"
    declared = declared_decimal(native.modifier) if native.name == "numeric" else None
    if (
        native.name in _IN_ARRAYS
        or (native.name in {"timestamp", "timestamptz"} and not (seen and seen.late))
        or (declared and not (seen and seen.special))
    ):
        return _typed_array(column, native, known, shape, declared)
    return Reading(column, _flat(f"{place}::text[]", shape), f"{TEXT}[]", shape)


def _typed_array(column: str, native: NativeType, known: str, shape: str, declared: tuple[int, int] | None) -> Reading:
    place = ident(column)
    if known == f"{TEXT}[]":
        return Reading(column, _flat(f"{place}::text[]", shape), known, shape)
    if declared is not None:
        precision, scale = declared
        type_ = f"DECIMAL({precision},{scale})[]"
        cast = f"numeric({precision},{scale})[]"
        return Reading(column, _flat(f"{place}::{cast}", shape), type_, f"{shape} OR 'NaN' = ANY({place})")
    if native.name in {"timestamp", "timestamptz"}:
        type_ = "TIMESTAMPTZ" if native.name == "timestamptz" else "TIMESTAMP"
        return Reading(column, _flat(place, shape), f"{type_}[]", f"{shape} OR {_LATEST} < ANY({place})")
    return Reading(column, _flat(place, shape), f"{_PLAIN[native.name]}[]", shape)


def _flat(value: str, odd: str) -> str:
    """Leave out what DuckDB would stop at before it sees that the value is odd."""
    return f"CASE WHEN {odd} THEN NULL ELSE {value} END"


def look(column: str, native: NativeType) -> list[str]:
    """Return the aggregates that `Seen` is made of: scale, digits, special, dimensions, shifted, late."""
    place = ident(column)
    found = ["NULL::int4", "NULL::int4", "false", "NULL::int4", "false", "false"]
    if native.array:
        found[3] = f"max(array_ndims({place}))"
        found[4] = f"coalesce(bool_or(array_lower({place}, 1) <> 1), false)"
        if native.name == "numeric":
            found[2] = f"coalesce(bool_or('NaN' = ANY({place})), false)"
        if native.name in {"timestamp", "timestamptz"}:
            found[5] = f"coalesce(bool_or({_LATEST} < ANY({place})), false)"
    elif native.name == "numeric":
        finite = f"{place} <> 'NaN' AND {place}::text NOT IN ('Infinity', '-Infinity')"
        found[0] = f"max(scale({place}))::int4"
        found[1] = f"max(length(trunc(abs({place}))::text)) FILTER (WHERE {finite} AND abs({place}) >= 1)::int4"
        found[2] = f"coalesce(bool_or(NOT ({finite})), false)"
    elif native.name in {"timestamp", "timestamptz"}:
        found[5] = f"coalesce(bool_or({place} > {_LATEST} AND {place} < 'infinity'), false)"
    return found
