"""JSON as it was written: numbers keep their digits, so that nothing is decided on a rounded value.

The slow way, for the first records of a table and for segments in which a typed read would lose something.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from dinobase.core.errors import LoadError
from dinobase.load.schema import JSON, Column, Path, TableSchema

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_quote = json.encoder.encode_basestring

NARROWER = "leave the field out with a narrower request"


class IntText(str):
    """The digits of a JSON integer."""

    __slots__ = ()


class FractionText(str):
    """A JSON number with a fraction or an exponent, as written."""

    __slots__ = ()


def decode(raw: bytes) -> dict[str, Any]:
    """Decode one record; of a repeated key the last value counts (RFC 8259 section 4 leaves it open)."""
    try:
        record = json.loads(raw, parse_int=IntText, parse_float=FractionText, parse_constant=_no_constant)
    except RecursionError:
        raise LoadError("a record is nested too deeply", hint=NARROWER) from None
    except ValueError as error:
        raise LoadError(f"a record is not JSON: {error}", record=raw[:300].decode("utf-8", "replace")) from None
    return record if type(record) is dict else {"value": record}


def _no_constant(name: str) -> None:
    raise LoadError(f"{name} is not JSON (RFC 8259 section 6)", hint="the API must send null or a string")


def text_of(value: Any) -> str:
    """Return the JSON text of a decoded value, its numbers as they were written."""
    kind = type(value)
    if kind is IntText or kind is FractionText:
        return str(value)
    if kind is str:
        return _quote(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is list:
        return f"[{','.join(map(text_of, value))}]"
    return "{" + ",".join(f"{_quote(k)}:{text_of(v)}" for k, v in value.items()) + "}"


class Cook:
    """Flattens decoded records to one JSON object by column name, in which whatever DuckDB would round is a string."""

    def __init__(self, schema: TableSchema) -> None:
        self._columns: Mapping[Path, Column] = {c.path: c for c in schema}
        self._inner = {c.path[:n] for c in schema for n in range(1, len(c.path))}

    def line(self, record: dict[str, Any]) -> bytes:
        """Return one line of NDJSON; lone surrogates, which no UTF-8 text can hold, become U+FFFD."""
        fields: list[str] = []
        self._walk(record, (), fields)
        return _LONE_SURROGATES.sub("\ufffd", "{" + ",".join(fields) + "}").encode()

    def _walk(self, record: dict[str, Any], prefix: Path, fields: list[str]) -> None:
        for key, value in record.items():
            if value is None:
                continue
            path = (*prefix, key)
            column = self._columns.get(path)
            if type(value) is dict and path in self._inner and (column is None or column.type != JSON):
                self._walk(value, path, fields)
            elif column is not None:
                fields.append(f"{_quote(column.name)}:{self._cooked(value, column)}")

    def _cooked(self, value: Any, column: Column) -> str:
        if column.origin == "inferred" or column.type == JSON:
            return cooked(value, column.type)
        if not column.type.endswith("[]"):
            return cooked(value, "VARCHAR")
        if type(value) is not list or any(type(v) in {dict, list} for v in value):
            raise DriftError(column)
        return list_text(value, "VARCHAR")


class DriftError(Exception):
    """A value that is no list where the connector declares one."""

    def __init__(self, column: Column) -> None:
        super().__init__(column.name)
        self.column = column


def cooked(value: Any, type_: str) -> str:
    """Return the JSON text that DuckDB reads for a column of this type without losing anything."""
    if type_ in {"BIGINT", "DOUBLE", "BOOLEAN"} or type_.endswith("[]"):
        return list_text(value, type_[:-2]) if type_.endswith("[]") else text_of(value)
    if type_ == JSON:
        return _quote(text_of(value))
    return _quote(value if isinstance(value, str) else text_of(value))


def list_text(values: list[Any], element: str) -> str:
    """Return the JSON text of a list column's value."""
    return "[" + ",".join("null" if v is None else cooked(v, element) for v in values) + "]"
