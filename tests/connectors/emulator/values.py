"""Small values of a compact schema: the same number gives the same value, another number another one.

A compact schema is JSON: a type's name (`string`, `integer`, `number`, `boolean`, `date-time`, `date`, `unix`,
`unix_ms`, `rfc2822`, `net` for `/Date(ms)/`, `email`, `uri`, `uuid`, `json`, `any` for several scalar types), a list of
allowed values, an object of schemas, or `{"[]": schema}` for an array. `?` as a key of an object means: other keys may
be there too.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, TypeAlias

from dinobase.kinds import moments

Json: TypeAlias = Any
Schema: TypeAlias = Any

EPOCH = datetime(2012, 1, 1, 3, 4, 5, tzinfo=UTC)
CHANGED = datetime(2024, 5, 1, 10, 0, tzinfo=UTC)
STEP = timedelta(days=400)
OTHERS = "?"
ITEMS = "[]"
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
TIMES = ("date-time", "date", "unix", "unix_ms", "rfc2822", "net")


def make(schema: Schema, name: str, number: int) -> Json:
    """Return a value for a field of that name."""
    if isinstance(schema, list):
        return schema[number % len(schema)]
    if isinstance(schema, dict):
        if ITEMS in schema:
            return [make(schema[ITEMS], name, number * 2 + i) for i in range(1 + number % 2)]
        return {key: make(inner, key, number) for key, inner in schema.items() if key != OTHERS}
    if schema in TIMES:
        return written(EPOCH + timedelta(days=number % 2000, hours=number % 7), schema)
    plain: dict[str, Json] = {
        "integer": 1000 + number,
        "number": number + 0.5,
        "boolean": number % 2 == 0,
        "email": f"person{number}@example.com",
        "uri": f"https://example.com/{name}/{number}",
        "uuid": str(uuid.UUID(int=0xABCD_0000_0000_4000_8000_0000_0000_0000 + number)),
        "json": {"note": f"{name} {number}"},
        "null": None,
    }
    return plain.get(schema, f"{name} {number}")


def identity(schema: Schema, name: str, number: int) -> Json:
    """Return a value that no other number gives: for keys."""
    if isinstance(schema, list | dict) or schema in {"boolean", "json", "null"}:
        schema = "string"
    if schema == "string":
        return f"{name}_{number}"
    if schema in TIMES:
        return written(EPOCH + timedelta(days=number), schema)
    return make(schema, name, number) if schema != "number" else 1000 + number


def written(moment: datetime, style: str) -> Json:
    """Write a moment."""
    if style == "date":
        return moment.date().isoformat()
    if style == "unix":
        return int(moment.timestamp())
    if style == "unix_ms":
        return int(moment.timestamp()) * 1000
    if style == "rfc2822":
        return format_datetime(moment.replace(microsecond=0))
    if style == "net":
        return f"/Date({int(moment.timestamp()) * 1000}+0000)/"
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(value: Json) -> datetime | None:
    """Read what `written` wrote, or a vendor's or a person's date; None for what is none."""
    text = str(value)
    if _NUMBER.fullmatch(text):
        number = float(text)
        if not 10**8 < abs(number) < 10**14:
            return None
        return datetime.fromtimestamp(number / 1000 if abs(number) > 10**11 else number, UTC)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return moments.read(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def not_before(value: Json, bound: Json) -> bool:
    """Tell whether a cursor is at or after a bound: as moments, numbers or texts."""
    mine, theirs = moment(value), moment(bound)
    if mine is not None and theirs is not None:
        return mine >= theirs
    try:
        return float(value) >= float(bound)
    except (TypeError, ValueError):
        return str(value) >= str(bound)
