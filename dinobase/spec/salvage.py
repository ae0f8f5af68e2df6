"""What is left of a file with wrong shapes, so that all else in it can be checked in the same run.

Unknown keys and wrong values go, missing ones become empty; positions in lists never change.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError

from dinobase.kinds.base import Kind
from dinobase.spec.report import Path
from dinobase.spec.shapes import walk
from dinobase.spec.validation import model_of, validated

Json: TypeAlias = Any
K = TypeVar("K", bound=Kind)

_ROUNDS = 12
_EMPTY: dict[str, Json] = {
    "client": {"base_url": ""},
    "resources": [],
    "method": "POST",
    "columns": [],
    "to_columns": [],
}
# Such a part goes as a whole where a key of it misses.
_WHOLE = frozenset({"auth", "paginator", "rate_limit", "check", "server"})


def salvage(kind: type[K], data: Json, error: ValidationError) -> K | None:
    """Return the kind without what was wrong, None where nothing sensible is left."""
    current = data
    for _ in range(_ROUNDS):
        for item in error.errors(include_url=False):
            path = walk(model_of(kind), item["loc"]).path
            current = _without(current, path, missing=item["type"] == "missing")
        try:
            return validated(kind, current)
        except ValidationError as again:
            error = again
    return None


def _without(data: Json, path: Path, *, missing: bool) -> Json:
    """Return a copy in which a path is gone, or filled where it was missing."""
    for end, part in enumerate(path):
        if part in _WHOLE and end < len(path) - 1:
            return _removed(data, path[: end + 1])
    if len(path) > 2 and path[0] == "auth_methods":
        return _removed(data, path[:2])
    return _set(data, path, _EMPTY.get(str(path[-1]), "")) if missing and path else _removed(data, path)


def _removed(data: Json, path: Path) -> Json:
    if not path:
        return {}
    for end in range(len(path) - 1, 0, -1):
        if isinstance(path[end], int):
            # An item of a list: its place must stay. A resource becomes an empty one, another list goes as a whole.
            if path[:1] in {("resources",), ("credentials",), ("write_endpoints",)} and end == 1:
                return _set(data, path, {"name": ""}) if end == len(path) - 1 else _drop(data, path)
            return _drop(data, path[:end])
    return _drop(data, path)


def _drop(data: Json, path: Path) -> Json:
    head, rest = path[0], path[1:]
    if isinstance(data, dict):
        if not rest:
            return {key: value for key, value in data.items() if key != head}
        return {key: _drop(value, rest) if key == head else value for key, value in data.items()}
    if isinstance(data, list) and rest:
        return [_drop(value, rest) if index == head else value for index, value in enumerate(data)]
    return data


def _set(data: Json, path: Path, value: Json) -> Json:
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(data, dict):
        return {**data, head: _set(data.get(head), rest, value)}
    if isinstance(data, list):
        return [_set(item, rest, value) if index == head else item for index, item in enumerate(data)]
    return data
