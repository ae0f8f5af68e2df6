"""What a table must hold, told from the records that were sent: numbers as Decimal, text as text, instants as instants.

Shares no code with the loader but the schema, which says where it put what.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from dinobase.load.schema import Column, TableSchema


class Num(str):
    """A JSON number as it is written."""

    __slots__ = ()


def text(value: Any) -> str:
    """The JSON text of a value whose numbers are Num."""
    if isinstance(value, Num):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text, value)) + "]"
    return json.dumps(value, ensure_ascii=bool(value) and len(str(value)) % 2 == 0)


def check(record: dict[str, Any], row: dict[str, Any], schema: TableSchema) -> None:
    """Assert that the row holds the record, all of it and nothing else."""
    filled: set[str] = set()
    _walk(record, (), row, {c.path: c for c in schema}, filled)
    strays = {name: value for name, value in row.items() if value is not None and name not in filled}
    assert not strays, f"{strays} came from nowhere: {text(record)}"


def _walk(
    value: dict[str, Any],
    prefix: tuple[str, ...],
    row: dict[str, Any],
    columns: dict[tuple[str, ...], Column],
    filled: set[str],
) -> None:
    for key, item in value.items():
        path = (*prefix, key)
        column = columns.get(path)
        if item is None:
            continue
        if isinstance(item, dict) and (column is None or not column.whole or row[column.name] is None):
            _walk(item, path, row, columns, filled)
            continue
        assert column is not None, f"{path} has no column for {text(item)}"
        filled.add(column.name)
        got = row[column.name]
        assert same(item, got, column.sql_type), f"{path}: sent {text(item)}, the {column.sql_type} has {got!r}"


def same(sent: Any, got: Any, kind: str) -> bool:
    """Tell whether a value of a column of this type is the one that was sent."""
    if sent is None or got is None:
        return sent is None and got is None
    if kind.endswith("[]"):
        pairs = zip(sent, got, strict=True) if isinstance(sent, list) and len(sent) == len(got) else None
        return pairs is not None and all(same(s, g, kind[:-2]) for s, g in pairs)
    if kind == "JSON":
        return _same_json(sent, json.loads(got, parse_int=Num, parse_float=Num))
    if isinstance(sent, Num):
        return not isinstance(got, bool) and Decimal(sent) == Decimal(got if kind == "VARCHAR" else repr_of(got))
    if isinstance(sent, bool):
        return bool(got == (json.dumps(sent) if kind == "VARCHAR" else sent))
    if isinstance(sent, str):
        return bool(sent == got) or same_moment(sent, got)
    return False


def repr_of(number: Any) -> str:
    return repr(number) if isinstance(number, float) else str(number)


def same_moment(sent: str, got: Any) -> bool:
    """Tell whether two spellings are one instant; a text that is no time is only itself."""
    try:
        one = datetime.fromisoformat(sent)
        two = datetime.fromisoformat(got) if isinstance(got, str) else got
    except ValueError:
        return False
    if not isinstance(two, datetime):
        return isinstance(two, date) and one == datetime.combine(two, time())
    if (one.tzinfo is None) != (two.tzinfo is None):
        return False
    return one == two if one.tzinfo is None else one.astimezone(UTC) == two.astimezone(UTC)


def _same_json(sent: Any, got: Any) -> bool:
    if isinstance(sent, dict):
        return isinstance(got, dict) and sent.keys() == got.keys() and all(_same_json(sent[k], got[k]) for k in sent)
    if isinstance(sent, list):
        return isinstance(got, list) and len(sent) == len(got) and all(map(_same_json, sent, got))
    if isinstance(sent, Num):  # a number that was text in the lake before is text in the JSON
        return isinstance(got, str) and Decimal(sent) == Decimal(got)
    if isinstance(sent, bool):
        return got is sent or got == json.dumps(sent)
    if isinstance(sent, str):
        return isinstance(got, str) and (sent == got or same_moment(sent, got))
    return sent is got
