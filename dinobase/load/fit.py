"""Would a column that the lake has keep every value under another type? Asked before it is given that type."""

from __future__ import annotations

from dinobase.lake.connection import ALIAS, Writer
from dinobase.lake.ddl import columns_of
from dinobase.lake.sql import ident
from dinobase.load.lattice import EXACT_DOUBLE
from dinobase.load.schema import JSON, Column
from dinobase.load.stage import kept


def fits(writer: Writer, table: str, column: Column, type_: str) -> bool:
    """Tell whether all stored values of the column keep theirs under this type."""
    have = columns_of(writer, table)
    if column.name not in have:
        return True
    lost = _lost(ident(column.name), column.type, type_)
    return lost == "" or not writer.one(f"SELECT count(*) FROM {ALIAS}.{ident(table)} WHERE {lost}")


def _lost(place: str, old: str, new: str) -> str:
    """Return the condition under which a value would change, "" where none would."""
    if new == JSON:
        return ""
    if old == JSON or old.endswith("[]") != new.endswith("[]"):
        return f"{place} IS NOT NULL"
    if (old.removesuffix("[]"), new.removesuffix("[]")) == ("BIGINT", "DOUBLE"):
        test = f"abs({'x' if old.endswith('[]') else place}::HUGEINT) > {EXACT_DOUBLE}"
        return f"len(list_filter({place}, lambda x: {test})) > 0" if old.endswith("[]") else test
    if new.endswith("[]"):
        texts = f"CAST({place} AS VARCHAR[])"
        return f"len(list_filter({texts}, lambda x: x IS NOT NULL AND {kept('x', new[:-2])} IS NULL)) > 0"
    return f"{place} IS NOT NULL AND {kept(f'CAST({place} AS VARCHAR)', new)} IS NULL"
