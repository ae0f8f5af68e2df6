"""A cell of a table as the JSON value that its source has; what DuckDB or JSON would round travels exactly. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

Json: TypeAlias = Any
Row: TypeAlias = dict[str, Json]

_WHOLE = {f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")}
NATIVE = _WHOLE | {"BOOLEAN", "DOUBLE", "VARCHAR", "JSON"}
_TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
NESTED = ("STRUCT", "MAP", "UNION")
_SAFE = 2**53
_DIGITS = 17


def decoded(value: Any, kind: str) -> Json:  # noqa: PLR0911 - one line per kind of type
    """Return a fetched value as JSON: numbers keep their digits, times are ISO 8601."""
    if value is None:
        return None
    if kind == "JSON" or kind.endswith("]") or kind.startswith(NESTED):
        return loads(value)
    if kind in NATIVE:
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)
        return value
    if kind in {"HUGEINT", "UHUGEINT", "BIGNUM"}:
        return int(value)
    if kind.startswith("DECIMAL") or kind == "FLOAT":
        return _number(value)
    if kind in _TIMES:
        return iso(value)
    return value


def loads(text: str) -> Json:
    """Read JSON text; fractions keep their digits."""
    try:
        return json.loads(text, parse_float=_number)
    except ValueError:
        return text


def _number(text: str) -> Json:
    """Return a float where it is exactly what was written, else a Decimal."""
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return text
    if not exact.is_finite():
        return text
    if exact == exact.to_integral_value() and "e" not in text.lower() and "." not in text:
        return int(exact)
    number = float(text)
    return number if math.isfinite(number) and Decimal(repr(number)) == exact else exact


def iso(text: str) -> str:
    """Return `2026-01-31T12:00:00Z` for `2026-01-31 12:00:00+00`."""
    date, found, clock = text.partition(" ")
    if not found or "(" in text:
        return text
    return f"{date}T{clock[:-3]}Z" if clock.endswith("+00") else f"{date}T{clock}"


def dumps(value: Json) -> str:  # noqa: PLR0911 - one line per kind of value
    """Return JSON text; numbers have all their digits."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Decimal):
        return format(value, "f") if abs(value.adjusted()) < _DIGITS * 4 else str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_quoted(str(k))}:{dumps(v)}" for k, v in value.items()) + "}"
    return "[" + ",".join(map(dumps, value)) + "]"


def _quoted(text: str) -> str:
    """Quote a text; half of a surrogate pair, which JSON may hold and UTF-8 may not, stays escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    try:
        quoted.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return quoted


def storable(text: str) -> str:
    """Return a text as every database keeps it: what is no character in it is shown as such."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def canonical(value: Json) -> str:
    """Return the text that equal values share: keys sorted, numbers by value."""
    if isinstance(value, Mapping):
        pairs = sorted((json.dumps(str(k)), canonical(v)) for k, v in value.items())
        return "{" + ",".join(f"{k}:{v}" for k, v in pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float) and value.is_integer() and abs(value) < _SAFE:
        return str(int(value))
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    if isinstance(value, Decimal | float):
        return str(Decimal(str(value)).normalize())
    return dumps(value)


def same(a: Json, b: Json) -> bool:
    """Tell whether two values mean the same; an absent one is null."""
    return canonical(a) == canonical(b)


def alike(a: Json, b: Json) -> bool:
    """Tell whether a source's value is what the lake has of it: instants, numbers and their texts compare by value."""
    if same(a, b):
        return True
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool | str) and isinstance(b, bool | str) and str(a).lower() == str(b).lower()
    if isinstance(a, int | float | Decimal) and isinstance(b, str):
        return alike(b, a)
    if isinstance(a, str) and isinstance(b, int | float | Decimal):
        return same(_number(a), b)
    if isinstance(a, str) and isinstance(b, str):
        return _instant(a) is not None and _instant(a) == _instant(b)
    empty: tuple[Json, ...] = (None, "", [], {})
    return a in empty and b in empty and (a is None or b is None)


def _instant(text: str) -> datetime | None:
    if len(text) < 10 or not text[:4].isdigit() or text[4] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def shown(value: Json) -> Json:
    """Return a value as a preview prints it: digits that a double would lose are text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -_SAFE <= value <= _SAFE else str(value)
    if isinstance(value, Mapping):
        return {str(k): shown(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [shown(v) for v in value]
    return value
