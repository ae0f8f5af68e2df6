"""Which single records a SELECT asks for: a look-up by constants, whatever else the statement does. Pure.

Bringing such a record up to date is right whatever becomes of it in the statement, so that a condition need not be the
whole WHERE: it only has to be one that every row passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dinobase.query.decision import Lookup, Read, TableUse
from dinobase.query.result import Source

_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"})


def lookups(tree: Mapping[str, Any], read: Read) -> tuple[Lookup, ...]:
    """Return what a statement looks up in tables that it names once, at their present version."""
    named = [node for node in _dicts(tree) if node.get("type") == "BASE_TABLE"]
    found: list[Lookup] = []
    for select in (node for node in _dicts(tree) if node.get("type") == "SELECT_NODE"):
        conditions = list(_conditions(select.get("where_clause")))
        tables = list(_tables(select.get("from_table")))
        if not conditions:
            continue
        for table in tables:
            use = next((u for u in read.uses if u.at is None and _is(table, u)), None)
            if use is None or sum(_is(node, use) for node in named) > 1:
                continue
            columns = _columns(conditions, table, alone=len(tables) == 1)
            if columns:
                found.append(Lookup(use.connector, use.table, columns))
    return tuple(found)


def old(found: Sequence[Lookup], sources: Sequence[Source]) -> tuple[Lookup, ...]:
    """Return those whose table was synced once and is stale since."""
    stale = {source.table.lower() for source in sources if source.is_stale and source.synced_at}
    return tuple(one for one in found if one.full_name.lower() in stale)


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    stack = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            yield each
            stack.extend(each.values())
        elif isinstance(each, list):
            stack.extend(each)


def _tables(ref: Any) -> Iterator[dict[str, Any]]:
    """Yield the tables of a FROM, those of joins too."""
    if not isinstance(ref, dict):
        return
    if ref.get("type") == "BASE_TABLE":
        yield ref
    elif ref.get("type") == "JOIN":
        yield from _tables(ref.get("left"))
        yield from _tables(ref.get("right"))
    elif ref.get("type") is not None:
        yield {}  # something whose columns are not known here


def _conditions(where: Any) -> Iterator[dict[str, Any]]:
    """Yield the conditions that all must hold."""
    if not isinstance(where, dict):
        return
    if where.get("type") == "CONJUNCTION_AND":
        for child in where.get("children", ()):
            yield from _conditions(child)
    else:
        yield where


def _columns(
    conditions: Iterable[dict[str, Any]], table: Mapping[str, Any], *, alone: bool
) -> dict[str, tuple[str | int, ...]]:
    """Return column -> the constants that it equals one of, for one table of a FROM."""
    found: dict[str, tuple[str | int, ...]] = {}
    for condition in conditions:
        kind = condition.get("type")
        if kind == "COMPARE_EQUAL":
            parts = [condition.get("left"), condition.get("right")]
            parts = parts if _name(parts[0], table, alone=alone) else parts[::-1]
        elif kind == "COMPARE_IN":
            parts = list(condition.get("children", ()))
        else:
            continue
        name = _name(parts[0], table, alone=alone)
        values = [_constant(part) for part in parts[1:]]
        if name and values and name not in found and all(value is not None for value in values):
            found[name] = tuple(dict.fromkeys(value for value in values if value is not None))
    return found


def _name(node: Any, table: Mapping[str, Any], *, alone: bool) -> str:
    """Return the column in lower case where a node is one of this table, '' where it is not, or is not clear."""
    if not isinstance(node, dict) or node.get("class") != "COLUMN_REF" or not table:
        return ""
    *owner, column = (str(name).lower() for name in node.get("column_names", ()))
    own = [str(table.get(key) or "").lower() for key in ("catalog_name", "schema_name", "table_name", "alias")]
    if not owner:
        return column if alone else ""
    if own[3]:
        return column if owner == [own[3]] else ""
    full = [part for part in own[:3] if part]
    return column if owner in (full[-1:], full) else ""


def _constant(node: Any) -> str | int | None:
    if not isinstance(node, dict) or node.get("class") != "CONSTANT":
        return None
    value = node.get("value") or {}
    kind, held = (value.get("type") or {}).get("id"), value.get("value")
    if kind == "VARCHAR" and isinstance(held, str) and held:
        return held
    return held if kind in _WHOLE and isinstance(held, int) else None


def _is(table: Mapping[str, Any], use: TableUse) -> bool:
    if table.get("at_clause"):
        return False
    owner = str(table.get("catalog_name") or table.get("schema_name") or "")
    return owner.lower() == use.connector.lower() and str(table.get("table_name", "")).lower() == use.table.lower()
