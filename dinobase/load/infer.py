"""JSON values -> columns and their types. Pure: records and a schema in, a wider schema out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dinobase.load import lattice, naming
from dinobase.load.exact import IntText
from dinobase.load.schema import JSON, TIMES, UNKNOWN, Column, Path, TableSchema

MAP_LIKE_KEYS = 40  # more distinct keys than this, few of them shared: a map, not a record
MAP_LIKE_SHARE = 0.25
MOST_FIELDS = 300  # an object with more keys than this has no fields, whoever shares them
_ID_KEY = re.compile(r"\d+|\d{4}-\d\d(-\d\d)?.*|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-f]{16,}|.*\s.*|.*[@/].*")


@dataclass(frozen=True, slots=True)
class Shaping:
    """How a connector wants its records laid out.

    max_nesting: names in a column's path at most; lift: paths of objects whose fields go into the table itself;
    types: column name or dotted source path -> SQL type that wins over inference.
    """

    max_nesting: int = 3
    lift: tuple[Path, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)

    def shown(self, path: Path) -> Path:
        """Return the path less the lifted object that it lies in."""
        for lifted in self.lift:
            if len(path) > len(lifted) and path[: len(lifted)] == lifted:
                return path[len(lifted) :]
        return path

    def declared(self, path: Path, name: str = "") -> str | None:
        """Return the SQL type that the connector gives this path or its column; an object there is one value."""
        if not self.types:
            return None
        return self.types.get(name or naming.column_name(self.shown(path))) or self.types.get(".".join(path))


@dataclass(frozen=True, slots=True)
class _Found:
    """What is to become of a path; `big`: it has integers that no double holds."""

    type: str
    map_like: bool = False
    big: bool = False


class _Seen:
    """What was seen at one path."""

    __slots__ = ("big", "children", "empty", "keys", "objects", "type")

    def __init__(self) -> None:
        self.type = ""  # join of the non-object values; "" for none
        self.big = False  # an integer that no double holds, alone or in a list
        self.objects = 0
        self.empty = False
        self.keys: dict[str, int] = {}
        self.children: dict[str, _Seen] = {}


def infer(records: Iterable[dict[str, Any]], schema: TableSchema, shaping: Shaping) -> TableSchema:
    """Widen the schema until it holds these records."""
    root = _Seen()
    known = {c.path: c for c in schema}
    for record in records:
        _observe_object(root, record, (), known, shaping)
    found: dict[Path, _Found] = {}
    _collect(root, (), known, shaping, found)
    return _merge(schema, found, shaping)


def _observe_object(
    seen: _Seen, value: dict[str, Any], path: Path, known: Mapping[Path, Column], shaping: Shaping
) -> None:
    seen.objects += 1
    if not value:
        seen.empty = True
    for key, item in value.items():
        seen.keys[key] = seen.keys.get(key, 0) + 1
        child = seen.children.get(key)
        if child is None:
            child = seen.children[key] = _Seen()
        if type(item) is dict:
            below = (*path, key)
            column = known.get(below)
            whole = shaping.declared(below) is not None if column is None else column.whole
            if whole or (len(shaping.shown(below)) >= shaping.max_nesting and below not in shaping.lift):
                child.type = JSON
            else:
                _observe_object(child, item, below, known, shaping)
        else:
            _observe_value(child, item)


def _observe_value(seen: _Seen, value: Any) -> None:
    kind = type(value)
    if kind is list:
        found, big = _type_of_list(value)
        seen.big = seen.big or big
    elif kind is IntText and len(value) >= 16:
        found = lattice.type_of_integer(value)
        seen.big = seen.big or not lattice.survives_as_double(value)
    else:
        found = _type_of_scalar(value)
    if found != seen.type:
        seen.type = lattice.join(seen.type, found) if seen.type else found


def _type_of_scalar(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return lattice.type_of_text(value)
    if value is None:
        return UNKNOWN
    if kind is bool:
        return "BOOLEAN"
    if kind is IntText:
        return lattice.type_of_integer(value)
    return lattice.type_of_fraction(value)


def _type_of_list(values: list[Any]) -> tuple[str, bool]:
    element = UNKNOWN
    big = False
    for value in values:
        if type(value) in {dict, list}:
            return JSON, False
        if type(value) is IntText and not lattice.survives_as_double(value):
            big = True
        element = lattice.join(element, _type_of_scalar(value))
    if element in TIMES:
        element = "VARCHAR"  # lists keep their texts: a list is read whole or not at all
    return (JSON, False) if element == lattice.BIG else (f"{element}[]", big)


def _collect(
    seen: _Seen, path: Path, known: Mapping[Path, Column], shaping: Shaping, found: dict[Path, _Found]
) -> None:
    for key, child in seen.children.items():
        below = (*path, key)
        flat = child.objects > 0 and (
            bool(child.keys) or any(len(p) > len(below) and p[: len(below)] == below for p in known)
        )
        if child.objects and child.type == JSON:
            found[below] = _Found(JSON)
            continue
        if child.objects and below not in shaping.lift and (not flat or _is_map(child, below, known)):
            found[below] = _Found(JSON, map_like=flat)
            continue
        if child.type and not (child.type == UNKNOWN and child.objects):
            found[below] = _Found(child.type, big=child.big)
        if child.objects:
            _collect(child, below, known, shaping, found)


def _is_map(seen: _Seen, path: Path, known: Mapping[Path, Column]) -> bool:
    """Tell a map from ids or dates to values from an object with fields."""
    fields = {p[len(path)] for p in known if len(p) > len(path) and p[: len(path)] == path}
    if fields:
        return len(fields | seen.keys.keys()) > MOST_FIELDS
    if len(seen.keys) >= 2 and sum(_ID_KEY.fullmatch(k) is not None for k in seen.keys) > len(seen.keys) / 2:
        return True
    if len(seen.keys) == 1 and _ID_KEY.fullmatch(next(iter(seen.keys))):
        return True
    if len(seen.keys) > MOST_FIELDS:
        return True
    shared = sum(seen.keys.values()) / (len(seen.keys) * seen.objects)
    return len(seen.keys) > MAP_LIKE_KEYS and shared < MAP_LIKE_SHARE


def _merge(schema: TableSchema, found: Mapping[Path, _Found], shaping: Shaping) -> TableSchema:
    columns = {c.path: c for c in schema}
    new = [path for path in found if path not in columns]
    names = naming.assign(new, {c.name: c.path for c in schema}, shaping.shown)
    for path, seen in found.items():
        column = columns.get(path)
        if column is None:
            declared = shaping.declared(path, names[path])
            columns[path] = (
                Column(names[path], path, declared, "declared")
                if declared
                else Column(names[path], path, _exact(seen.type, big=seen.big), map_like=seen.map_like)
            )
        elif column.origin == "inferred":
            columns[path] = replace(column, type=_exact(lattice.join(column.type, seen.type), big=seen.big))
    return TableSchema(tuple(columns.values()))


def _exact(type_: str, *, big: bool) -> str:
    return type_.replace("DOUBLE", "VARCHAR") if big else type_
