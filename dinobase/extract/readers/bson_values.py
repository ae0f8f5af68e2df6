"""BSON values -> what NDJSON holds, and what a sample of documents says of a collection's fields. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from bson import Decimal128, Int64, ObjectId, Timestamp, json_util
from bson.datetime_ms import DatetimeMS

from dinobase.extract.readers.base import SourceColumn

ID = "_id"
_TYPES = {
    bool: "BOOLEAN", int: "BIGINT", Int64: "BIGINT", float: "DOUBLE", str: "VARCHAR", dt.datetime: "TIMESTAMPTZ",
    Decimal128: "DECIMAL(38,9)", bytes: "BLOB",
}  # fmt: skip
_NAMES = {
    dt.datetime: "date", ObjectId: "objectId", int: "number", Int64: "number", float: "number", Decimal128: "number",
    str: "string", Timestamp: "timestamp",
}  # fmt: skip


def record(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document as it is written; a key that is a document of its own is its text."""
    found = {name: value(one) for name, one in document.items()}
    if isinstance(found.get(ID), dict | list):
        found[ID] = json.dumps(found[ID], sort_keys=True, default=str)
    return found


def value(given: Any) -> Any:
    """Return one value; what JSON and SQL have no word for as MongoDB's extended JSON writes it."""
    kind = type(given)
    if kind in _AS_THEY_ARE:
        return given
    if kind in _WRITTEN:
        return _WRITTEN[kind](given)
    if isinstance(given, Mapping):
        return {name: value(one) for name, one in given.items()}
    if isinstance(given, list):
        return [value(one) for one in given]
    if isinstance(given, bytes):  # binary of a subtype that is no UUID
        return bytes(given)
    return value(json.loads(json_util.dumps(given, json_options=json_util.RELAXED_JSON_OPTIONS)))


def _moment(given: dt.datetime) -> str:
    return given.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_AS_THEY_ARE = {str, bool, int, float, bytes, type(None)}
_WRITTEN: Mapping[type, Callable[[Any], Any]] = {
    Int64: int,
    Decimal128: Decimal128.to_decimal,
    ObjectId: str,
    UUID: str,
    dt.datetime: _moment,
    DatetimeMS: lambda given: str(int(given)),  # a year that Python's own type does not have
}


def columns(sample: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> tuple[SourceColumn, ...]:
    """Return a collection's fields, from some documents and its validator's `$jsonSchema`."""
    documents = list(sample)
    said: Mapping[str, Any] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    names = dict.fromkeys([ID, *said, *(name for document in documents for name in document)])
    found = []
    for name in names:
        values = [document[name] for document in documents if document.get(name) is not None]
        about = said.get(name, {}) if isinstance(said.get(name, {}), Mapping) else {}
        listed = about.get("enum", ())
        # Documents without it are read each time: a moment that most of them have says what has changed.
        moment = 2 * sum(isinstance(one, dt.datetime) for one in values) > len(documents)
        types = {dt.datetime} if moment else {type(one) for one in values}
        always = moment or name == ID or name in required
        found.append(
            SourceColumn(
                name,
                _TYPES.get(next(iter(types)), "VARCHAR") if len(types) == 1 else "VARCHAR",
                native=about.get("bsonType", "") if isinstance(about.get("bsonType", ""), str) else "",
                nullable=not always,
                description=str(about.get("description", "")),
                values=tuple(map(str, listed)) if all(isinstance(v, str | int) for v in listed) else (),
            )
        )
    return tuple(found)


def since(cursor: str, last: Any, overlap: dt.timedelta) -> dict[str, Any]:
    """Return the condition on documents that may have changed since `last`, a little before it too.

    What the field is of another type in, or is not in at all, cannot be set beside it: it is read each time.
    """
    bound = last
    if isinstance(last, dt.datetime):
        bound = last - overlap
    elif isinstance(last, ObjectId):
        bound = ObjectId.from_datetime(last.generation_time - overlap)
    other = {cursor: {"$not": {"$type": _NAMES.get(type(last), "string")}}}
    return {"$or": [{cursor: {"$gte": bound}}, other]}


def later(last: Any, given: Any) -> Any:
    """Return the greater of two cursor values; of one that cannot be compared with the last, the last."""
    if type(given) not in _NAMES:
        return last
    if last is None:
        return given
    same = _NAMES[type(last)] == _NAMES[type(given)]
    if not same:
        return last
    if isinstance(given, Decimal128) or isinstance(last, Decimal128):
        return max((last, given), key=lambda v: v.to_decimal() if isinstance(v, Decimal128) else v)
    return max(last, given)


def bounded(last: Any, began: dt.datetime) -> Any:
    """Return a cursor that is no later than the moment at which the read began: what is written after it comes next."""
    if isinstance(last, dt.datetime):
        return min(last, began)
    if isinstance(last, ObjectId):
        return min(last, ObjectId.from_datetime(began))
    return last
