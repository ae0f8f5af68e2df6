"""DuckDB's values -> values that JSON holds without loss; decided by column, so a column never mixes kinds.

What Python would bend (months in an interval, nanoseconds, years past 9999) is cast to text by DuckDB itself.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

Value: TypeAlias = Any
Convert: TypeAlias = Callable[[Any], Any]

SAFE_INTEGER = 2**53
_EXACT = frozenset(
    {
        "boolean", "tinyint", "smallint", "integer", "bigint", "utinyint", "usmallint", "uinteger", "ubigint", "double",
        "varchar", "blob", "null", "sqlnull", '"null"',
    }
)  # fmt: skip
_WIDE = frozenset({"bigint", "ubigint"})
_TIMES = frozenset({"timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone"})
_NESTED = frozenset({"list", "array", "struct", "map", "union", "variant"})


class Column:
    """One result column: its name, its type as DuckDB spells it, and how its values become JSON."""

    def __init__(self, name: str, kind: Any) -> None:
        self.name = name
        self.type = str(kind)
        self.kind = kind
        self.base = _base(kind)
        self.wide = False  # an integer past 2^53 was seen
        self.not_finite = False
        self._nested = self.base in _NESTED
        self.watch = self.base in _WIDE or self.base in {"double", "float"} or self._nested

    def select(self, place: int) -> str:
        """Return the SQL that fetches this column of the wrapped query without loss."""
        if self.base in _EXACT or self.base in {"union", "variant"}:
            return f"#{place}"
        if self.base == "float":
            return f"CAST(CAST(#{place} AS VARCHAR) AS DOUBLE)"  # 0.1 stays 0.1
        target = _safe_type(self.kind)
        return f"CAST(#{place} AS {target})" if target else f"#{place}"

    def convert(self, value: Any) -> Value:  # noqa: PLR0911 - one line per kind of value
        """Convert one fetched value; big integers stay numbers until `finish`."""
        if isinstance(value, str):
            return _time(value) if self.base in _TIMES else value
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int):
            if -SAFE_INTEGER <= value <= SAFE_INTEGER:
                return value
            self.wide = True
            return value
        if isinstance(value, float):
            if value - value == 0:
                return value
            self.not_finite = True
            return None
        return _nested(value, self.kind, self)

    def finish(self, value: Value) -> Value:
        """Turn the integers of a column that proved wide into text."""
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            return str(value)
        if isinstance(value, list):
            return [self.finish(item) for item in value]
        if isinstance(value, dict):
            return {key: self.finish(item) for key, item in value.items()}
        return value


def columns_of(names: Sequence[str], kinds: Sequence[Any]) -> list[Column]:
    """Pair names and types; a name that was there before gets _1, _2."""
    taken: set[str] = set()
    columns = []
    present = set(names)
    for name, kind in zip(names, kinds, strict=True):
        own, number = name, 0
        while own in taken or (number and own in present):
            number += 1
            own = f"{name}_{number}"
        taken.add(own)
        columns.append(Column(own, kind))
    return columns


def _base(kind: Any) -> str:
    return str(kind.id).lower()


def _children(kind: Any) -> list[tuple[str, Any]]:
    return list(kind.children)


def _safe_type(kind: Any) -> str:  # noqa: PLR0911 - one line per kind of type
    """Return the type that holds a value without loss in Python, '' where it must be taken as it is."""
    base = _base(kind)
    if base in _EXACT:
        return str(kind)
    if base in {"union", "variant"}:
        return ""
    if base in {"list", "array"}:
        inner = _safe_type(_children(kind)[0][1])
        size = f"[{_children(kind)[1][1]}]" if base == "array" else "[]"
        return f"{inner}{size}" if inner else ""
    if base == "struct":
        fields = [(name, _safe_type(child)) for name, child in _children(kind)]
        if not all(name and inner for name, inner in fields):
            return ""
        return f"STRUCT({', '.join(f'{_quote(name)} {inner}' for name, inner in fields)})"
    if base == "map":
        key, value = (_safe_type(child) for _, child in _children(kind))
        return f"MAP({key}, {value})" if key and value else ""
    if base == "float":
        return "DOUBLE"
    return "VARCHAR"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _time(text: str) -> str:
    """`2026-01-31 12:00:00+00` -> `2026-01-31T12:00:00Z`; years DuckDB marks (BC) and infinity stay as they are."""
    date, found, clock = text.partition(" ")
    if not found or "(" in text:
        return text
    if clock.endswith("+00"):
        clock = clock[:-3] + "Z"
    return f"{date}T{clock}"


def _nested(value: Any, kind: Any, column: Column) -> Value:  # noqa: PLR0911 - one line per kind of value
    """Convert a value inside a list, struct or map, or of a type that only Python knows."""
    if value is None or isinstance(value, bool):
        return value
    base = _base(kind) if kind is not None else ""
    if isinstance(value, str):
        return _time(value) if base in _TIMES else value
    if isinstance(value, (int, float)):
        return column.convert(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return binascii.b2a_base64(bytes(value), newline=False).decode()
    if isinstance(value, dict):
        return _mapping(value, kind, base, column)
    if isinstance(value, (list, tuple)):
        kinds = [child for _, child in _children(kind)] if base in {"list", "array", "struct"} else []
        if base == "struct" and len(kinds) == len(value):
            return [_nested(item, child, column) for item, child in zip(value, kinds, strict=True)]
        inner = kinds[0] if kinds else None
        return [_nested(item, inner, column) for item in value]
    if hasattr(value, "isoformat"):
        text = str(value.isoformat())
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
    return str(value)


def _mapping(value: dict[Any, Any], kind: Any, base: str, column: Column) -> Value:
    if base == "map":
        key_kind, item_kind = (child for _, child in _children(kind))
        if _base(key_kind) in _NESTED:  # such keys are no JSON keys, and come as two lists
            pairs = zip(value.get("key", []), value.get("value", []), strict=False)
            return [
                {"key": _nested(key, key_kind, column), "value": _nested(item, item_kind, column)}
                for key, item in pairs
            ]
        return {_key(_nested(key, key_kind, column)): _nested(item, item_kind, column) for key, item in value.items()}
    if base == "struct":
        fields = dict(_children(kind))
        return {str(key): _nested(item, fields.get(key), column) for key, item in value.items()}
    return {str(key): _nested(item, None, column) for key, item in value.items()}


def _key(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
