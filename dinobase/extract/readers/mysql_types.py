"""MySQL's and MariaDB's types, and how each is read: as DuckDB's own where it keeps every value, else as text. Pure."""

from __future__ import annotations

import re

from dinobase.extract.readers.live import LEFT_OUT
from dinobase.extract.readers.staging import Reading
from dinobase.lake.sql import ident

TEXT = "VARCHAR"
_WHOLE = {
    "tinyint": "TINYINT", "smallint": "SMALLINT", "mediumint": "INTEGER", "int": "INTEGER", "bigint": "BIGINT",
}  # fmt: skip
_TEXTS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"}
_BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
_SHAPES = {
    "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
    "geometrycollection", "geomcollection",
}  # fmt: skip
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_DIGITS = 38


def quoted(name: str) -> str:
    """Quote a name."""
    return "`" + name.replace("`", "``") + "`"


def text(value: str) -> str:
    """Quote a string value; a backslash is no escape only in some modes, so it is doubled where it is one."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def reading(column: str, kind: str, full: str, known: str = "", *, odd: bool = False) -> Reading:
    """Return how a column is read.

    kind: `DATA_TYPE`, `json` for a column that its own check holds to JSON; full: `COLUMN_TYPE`; known: its type in the
    lake; odd: a value was seen that the first choice does not keep.
    """
    place = quoted(column)
    if kind in {"date", "datetime", "timestamp", "time"}:
        return _moment(column, kind, known, odd=odd)
    if kind in _WHOLE:
        return _integer(column, kind, full, known, odd=odd)
    decimal = _DECIMAL.match(full)
    if decimal and int(decimal[1]) <= _DIGITS:
        # As text: the scanner takes one digit less for an unsigned one and for one without a fraction.
        return Reading(column, f"CAST({place} AS CHAR)", f"DECIMAL({decimal[1]},{decimal[2]})")
    plain = {
        "float": (f"({place} + 0e0)", "FLOAT"),  # as text it would have six digits
        "double": (place, "DOUBLE"),
        "year": (f"({place} + 0)", "SMALLINT"),
        "json": (f"CONVERT({place} USING utf8mb4)", "JSON"),
        "uuid": (f"CAST({place} AS CHAR)", "UUID"),
        "bit": (f"CAST({place} + 0 AS UNSIGNED)", "BOOLEAN" if full == "bit(1)" else "UBIGINT"),
    }
    plain |= dict.fromkeys(_BYTES, (place, "BLOB"))
    plain |= dict.fromkeys(_SHAPES, (f"ST_AsText({place})", TEXT))
    plain |= dict.fromkeys(_TEXTS, (f"CONVERT({place} USING utf8mb4)", TEXT))
    return Reading(column, *plain.get(kind, (f"CAST({place} AS CHAR)", TEXT)))


def live_reading(column: str, kind: str, full: str, given: str) -> tuple[str, str] | None:
    """Return how a column is taken from what DuckDB's scanner gives, None where as it comes."""
    place = ident(column)
    if kind in _SHAPES:
        return LEFT_OUT
    if kind in _TEXTS:  # the server would compare by its collation, to which `Ann` may be `ann`
        return f"({place} || '')", TEXT
    if kind == "tinyint" and given in {"TINYINT", "BOOLEAN"}:
        return place, "TINYINT"
    copied = reading(column, kind, full).type
    return (place, copied) if kind in {"timestamp", "time", "year", "json", "uuid"} else None


def _integer(column: str, kind: str, full: str, known: str, *, odd: bool) -> Reading:
    place = quoted(column)
    if full == "tinyint(1)" and not odd and known in {"", "BOOLEAN"}:
        return Reading(column, place, "BOOLEAN", f"{place} NOT IN (0, 1)")
    unsigned = "U" if "unsigned" in full else ""
    return Reading(column, f"CAST({place} AS {'UNSIGNED' if unsigned else 'SIGNED'})", unsigned + _WHOLE[kind])


def _moment(column: str, kind: str, known: str, *, odd: bool) -> Reading:
    """Read dates as dates: `0000-00-00` and `2020-00-15` are none, a time of 300 hours is none of a day's."""
    place = quoted(column)
    if odd or known == TEXT:
        return Reading(column, f"CAST({place} AS CHAR)", TEXT)
    if kind == "time":
        return Reading(column, f"CAST({place} AS CHAR)", "TIME", f"{place} < '00:00:00' OR {place} >= '24:00:00'")
    type_ = {"date": "DATE", "datetime": "TIMESTAMP", "timestamp": "TIMESTAMPTZ"}[kind]
    return Reading(column, place, type_, f"MONTH({place}) = 0 OR DAYOFMONTH({place}) = 0")
