"""Personal data inside JSON, lists and structures: each place is judged as a column of its own would be.

A place is written as connector files and annotations write it (`address.email`, `[].phone`), "" is the whole column.
What such a path cannot say (a key with a dot, keys that are data) is told of what stands above it, so that a mask hides
more there, never less. Only sampled values are judged, and none is kept.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dinobase.catalog.pii_formats import is_email
from dinobase.catalog.pii_values import kind_of, snake
from dinobase.lake.sql import ident

Found: TypeAlias = dict[str, tuple[str, str]]  # place -> its kind, and by what it was recognised

ROWS = 200
_LONGEST = 65_536  # of one value; a longer one is not taken apart
_AT_ONCE = 20
_VALUES, _TEXT, _ELEMENTS, _MEMBERS, _NODES = 200, 300, 50, 200, 2_000
_MAP = 24  # so many keys, few of them in each object, are data and not names
_OFTEN = 0.3
_MOST = 24  # places of one column; with more, the column as a whole is personal
_NAMELESS = frozenset('.[]*"')


def nested(kind: str) -> bool:
    """Tell whether a column of this type has places inside."""
    return kind == "JSON" or kind.endswith("]") or kind.startswith(("STRUCT(", "MAP(", "UNION("))


def look_inside(connection: Any, part: str, name: str, kind: str, seed: int) -> Found:
    """Judge the places of one column of `part`, a table or a part of one."""
    column = ident(name)
    text = f"CAST({column if kind == 'JSON' else f'to_json({column})'} AS VARCHAR)"
    sql = (
        f"SELECT text FROM (SELECT {text} AS text FROM {part} WHERE {column} IS NOT NULL) "
        f"WHERE length(text) <= {_LONGEST} USING SAMPLE reservoir({ROWS} ROWS) REPEATABLE ({seed})"
    )
    places = Places(name)
    cursor = connection.execute(sql)
    while rows := cursor.fetchmany(_AT_ONCE):
        for (value,) in rows:
            places.add(value)
    return places.found()


@dataclass(slots=True)
class _Node:
    """What stood at one place in all values."""

    scalars: list[str | int] = field(default_factory=list)
    members: dict[str, _Node] = field(default_factory=dict)
    element: _Node | None = None
    objects: int = 0
    keys: int = 0  # of all objects together
    lists: int = 0


class Places:
    """The places of one column, collected value by value within bounds."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._root = _Node()
        self._nodes = 0

    def add(self, text: str) -> None:
        """Take one value apart; text that is no JSON says nothing of places."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return
        self._take(self._root, value)

    def found(self) -> Found:
        """Return the personal places; the whole column where there are too many to hide each."""
        found: Found = {}
        self._walk(self._root, "", "", snake(self._column), found)
        if len(found) > _MOST:
            kind, _ = next(iter(found.values()))
            return {"": (kind, f"{len(found)} places in it hold personal data")}
        return found

    def _take(self, node: _Node, value: Any) -> None:
        if isinstance(value, dict):
            node.objects += 1
            node.keys += len(value)
            for key, inner in value.items():
                self._take(self._member(node, key), inner)
        elif isinstance(value, list):
            node.lists += 1
            if node.element is None:
                node.element = self._new()
            for inner in value[:_ELEMENTS]:
                self._take(node.element, inner)
        elif isinstance(value, (str, int)) and not isinstance(value, bool) and len(node.scalars) < _VALUES:
            node.scalars.append(value[:_TEXT] if isinstance(value, str) else value)

    def _member(self, node: _Node, key: str) -> _Node:
        known = node.members.get(key)
        if known is None:
            full = len(node.members) >= _MEMBERS or self._nodes >= _NODES
            known = node.members.setdefault("*" if full else key, self._new())
        return known

    def _new(self) -> _Node:
        self._nodes += 1
        return _Node()

    def _walk(self, node: _Node, path: str, above: str, name: str, found: Found) -> None:
        """Judge a place by its name, with the name above it, and go on below where it is not personal as a whole."""
        mostly = len(node.scalars) > node.objects + node.lists
        judged = _judge(f"{above}_{name}" if above else name, node.scalars) if mostly else None
        if judged is not None:
            found[path] = judged
            return
        if node.element is not None:
            self._walk(node.element, f"{path}[]", above, name, found)
        if not node.members:
            return
        if _is_map(node):
            emails = _judge(name, list(node.members)) if any(map(is_email, node.members)) else None
            inner = self._below(_merged(list(node.members.values())), name)
            told = emails or inner
            if told is not None:
                found[f"{path}.*".removeprefix(".")] = told
            return
        for key, member in node.members.items():
            if key and not _NAMELESS & set(key):
                self._walk(member, f"{path}.{key}" if path else key, _single(name), snake(key), found)
            else:
                told = self._below(member, snake(key))
                if told is not None:
                    found[f"{path}.*".removeprefix(".")] = told

    def _below(self, node: _Node, name: str) -> tuple[str, str] | None:
        """Return what the first personal place of a part is, as no path leads to it."""
        found: Found = {}
        self._walk(node, "", "", name, found)
        return next(iter(found.values()), None)


def _judge(name: str, values: Sequence[str | int]) -> tuple[str, str] | None:
    if not values:
        return None
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) * 2 >= len(values):
        return kind_of(name, "VARCHAR", texts, len(set(texts)))
    numbers = [value for value in values if isinstance(value, int)]
    return kind_of(name, "BIGINT", numbers, len(set(numbers)))


def _is_map(node: _Node) -> bool:
    """Tell whether keys are data: addresses, or so many that each object has few of them."""
    keys = node.members
    if "*" in keys or sum(map(is_email, keys)) * 2 > len(keys):
        return True
    return len(keys) > _MAP and node.keys < _OFTEN * len(keys) * node.objects


def _merged(nodes: Sequence[_Node]) -> _Node:
    """Return the places of all members of a map as those of one."""
    found = _Node()
    for node in nodes:
        found.scalars += node.scalars[: _VALUES - len(found.scalars)]
        found.objects += node.objects
        found.lists += node.lists
        found.keys += node.keys
    for key in dict.fromkeys(key for node in nodes for key in node.members):
        found.members[key] = _merged([node.members[key] for node in nodes if key in node.members])
    elements = [node.element for node in nodes if node.element is not None]
    if elements:
        found.element = _merged(elements)
    return found


def _single(name: str) -> str:
    """Return what one of several is called: `items` holds each item's name."""
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name
