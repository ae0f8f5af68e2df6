"""Rows that come typed: their columns keep the source's types; one whose type changes there only widens here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from dinobase.lake.connection import ALIAS, Writer
from dinobase.lake.ddl import columns_of, converted
from dinobase.lake.sql import ident, literal
from dinobase.load import naming
from dinobase.load.schema import JSON, Column, TableSchema

Fits = Callable[[str, str, str], bool]

_WHOLE = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19}
_UNSIGNED = {"UTINYINT": 3, "USMALLINT": 5, "UINTEGER": 10, "UBIGINT": 20}
_DIGITS = {**_WHOLE, **_UNSIGNED}
_DECIMAL = re.compile(r"DECIMAL\((\d+), ?(\d+)\)")
_MOST = 38


def names_of(columns: Sequence[str], schema: TableSchema) -> dict[str, str]:
    """Return source column -> its name here; one that the lake knows keeps its name."""
    known = {c.path[0]: c.name for c in schema if len(c.path) == 1}
    taken = {c.name: c.path for c in schema}
    fresh = naming.assign([(c,) for c in columns if c not in known], taken)
    return {c: known[c] if c in known else fresh[c,] for c in columns}


def settled(schema: TableSchema, names: Mapping[str, str], types: Mapping[str, str], fits: Fits) -> TableSchema:
    """Return the table's columns after this: `types` are those that came, by name; `fits` is asked before a retype."""
    for source, name in names.items():
        if name not in types:
            continue
        old = schema.by_name(name)
        new = types[name]
        type_ = new if old is None else wider(old.type, new, partial(fits, name))
        schema = schema.with_column(Column(name, (source,), type_, "declared"))
    return schema


def wider(old: str, new: str, fits: Callable[[str, str], bool]) -> str:
    """Return a type that holds the values of both; `fits` says whether all old values keep theirs under another one."""
    if holds(old, new):
        return old
    if holds(new, old):
        return new
    both = _decimal_of_both(old, new)
    if both and fits(old, both):
        return both
    return new if new != JSON and fits(old, new) else "VARCHAR"


def holds(wide: str, narrow: str) -> bool:
    """Tell whether every value of one type is a value of the other."""
    if wide == narrow or (wide == "VARCHAR" and not narrow.endswith("[]") and narrow != "BLOB"):
        return True
    if wide.endswith("[]") and narrow.endswith("[]"):
        return holds(wide[:-2], narrow[:-2])
    if narrow in _DIGITS and wide in _DIGITS:
        if wide in _UNSIGNED and narrow in _WHOLE:
            return False
        return _DIGITS[wide] >= _DIGITS[narrow] if (wide in _UNSIGNED) == (narrow in _UNSIGNED) else _over(wide, narrow)
    decimal = _DECIMAL.fullmatch(wide)
    if decimal:
        whole, scale = _places(narrow)
        return whole >= 0 and int(decimal[1]) - int(decimal[2]) >= whole and int(decimal[2]) >= scale
    return (wide, narrow) in {("DOUBLE", "FLOAT"), ("TIMESTAMP", "DATE")} or (
        wide == "DOUBLE" and narrow in {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"}
    )


def _over(wide: str, narrow: str) -> bool:
    """Tell whether a signed type holds an unsigned one: it must be the next larger."""
    return _DIGITS[wide] > _DIGITS[narrow]


def _places(type_: str) -> tuple[int, int]:
    """Return digits before and after the point, (-1, 0) of what is no number with an end."""
    if type_ in _DIGITS:
        return _DIGITS[type_], 0
    decimal = _DECIMAL.fullmatch(type_)
    return (int(decimal[1]) - int(decimal[2]), int(decimal[2])) if decimal else (-1, 0)


def _decimal_of_both(old: str, new: str) -> str:
    (a, b), (c, d) = _places(old), _places(new)
    if a < 0 or c < 0:
        return ""
    scale = max(b, d)
    return f"DECIMAL({min(max(a, c) + scale, _MOST)},{scale})"


def keeps(writer: Writer, table: str, name: str, old: str, new: str) -> bool:
    """Tell whether all values that the lake has of a column come back from another type."""
    if name not in columns_of(writer, table):
        return True
    place = ident(name)
    there = converted(place, old, new).replace("CAST(", "TRY_CAST(", 1)
    lost = f"{place} IS NOT NULL AND (TRY_CAST({there} AS {old}) IS DISTINCT FROM {place})"
    return not writer.one(f"SELECT count(*) FROM {ALIAS}.{ident(table)} WHERE {lost}")


def placeholder(writer: Writer, schema: TableSchema, types: Mapping[str, str], folder: Path) -> list[Path]:
    """Return a Parquet file without rows that has the columns which the source has no more; none where it has all."""
    gone = [c for c in schema if c.name not in types]
    if not gone:
        return []
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "gone.parquet"
    fields = ", ".join(f"NULL::{c.sql_type} AS {ident(c.name)}" for c in gone)
    writer.run(f"COPY (SELECT {fields} WHERE false) TO {literal(str(path))} (FORMAT parquet)")
    return [path]
