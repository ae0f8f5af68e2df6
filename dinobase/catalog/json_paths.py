"""What lies inside a JSON column, as paths with types: from a sample and from what the connector declares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dinobase.catalog.tables import JsonPath

if TYPE_CHECKING:
    from dinobase.spec.models import Column

MOST = 60
_MAP_LIKE = 24  # more keys than this at one place are data, not names


def paths_of(structure: str | None, declared: Mapping[str, Column], prefix: str) -> list[JsonPath]:
    """Return the paths of a `json_group_structure`; `declared` is keyed by source path, `prefix` is the column's."""
    found: dict[str, str] = {}
    if structure:
        _walk(json.loads(structure), "", found)
    inside = {_inner(key, prefix): column for key, column in declared.items() if _inside(key, prefix)}
    for path, column in inside.items():
        found.setdefault(path, column.type or "JSON")
    return [_path(path, kind, inside.get(path)) for path, kind in list(found.items())[:MOST]]


def _walk(node: Any, path: str, found: dict[str, str]) -> None:
    if len(found) >= MOST:
        return
    if isinstance(node, dict):
        if len(node) > _MAP_LIKE:
            found[f"{path}.*".lstrip(".")] = "JSON"
            return
        for key, child in node.items():
            _walk(child, f"{path}.{key}" if path else key, found)
    elif isinstance(node, list):
        inner = node[0] if node else "JSON"
        if isinstance(inner, (dict, list)):
            _walk(inner, f"{path}[]", found)
        elif path:
            found[f"{path}[]"] = _type(str(inner))
    elif path:
        found[path] = _type(str(node))


def _type(kind: str) -> str:
    return {"UBIGINT": "BIGINT", "NULL": "JSON"}.get(kind, kind)


def _inside(key: str, prefix: str) -> bool:
    return key.startswith((f"{prefix}.", f"{prefix}["))


def _inner(key: str, prefix: str) -> str:
    """`items.data[].price` seen from `items` is `data[].price`; of an array it begins with `[]`."""
    return key[len(prefix) :].removeprefix(".")


def _path(path: str, kind: str, column: Column | None) -> JsonPath:
    if column is None:
        return JsonPath(path, kind)
    return JsonPath(path, column.type or kind, column.description, column.unit, column.pii)
