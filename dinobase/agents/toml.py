"""One table in a TOML file that people edit; all else stays as it is, and what comes out is read before it is kept."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

_HEADER = re.compile(r"^\s*\[\[?(.+?)\]\]?\s*(?:#.*)?$")


def put(text: str, path: Sequence[str], value: Mapping[str, Any]) -> str:
    """Return the text with this table at its end, in place of what stood there."""
    rest = drop(text, path)
    plain = {key: item for key, item in value.items() if not isinstance(item, Mapping)}
    tables = {key: item for key, item in value.items() if isinstance(item, Mapping)}
    lines = [f"[{'.'.join(path)}]", *(f"{key} = {_value(item)}" for key, item in plain.items())]
    for name, table in tables.items():
        lines += ["", f"[{'.'.join([*path, name])}]", *(f"{key} = {_value(item)}" for key, item in table.items())]
    before = f"{rest.rstrip()}\n\n" if rest.strip() else ""
    found = before + "\n".join(lines) + "\n"
    _same(text, found, path)
    return found


def drop(text: str, path: Sequence[str]) -> str:
    """Return the text without a table and those below it."""
    tomllib.loads(text)
    kept = []
    inside = False
    for line in text.splitlines(keepends=True):
        header = _HEADER.match(line)
        if header:
            inside = _names(header[1])[: len(path)] == list(path)
        if not inside:
            kept.append(line)
    found = "".join(kept)
    _same(text, found, path)
    return found


def _same(before: str, after: str, path: Sequence[str]) -> None:
    """Make sure that nothing but the one table has changed."""
    if _without(tomllib.loads(before), path) != _without(tomllib.loads(after), path):
        raise ValueError("it writes the table in a way that cannot be changed safely")


def _without(data: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    inner: Any = data
    for key in path[:-1]:
        inner = inner.get(key, {}) if isinstance(inner, dict) else {}
    if isinstance(inner, dict):
        inner.pop(path[-1], None)
    return {key: item for key, item in data.items() if item != {}}


def _names(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r'"[^"]*"|\'[^\']*\'|[^.]+', dotted)]


def _value(item: Any) -> str:
    if isinstance(item, list):
        return f"[{', '.join(_value(each) for each in item)}]"
    return json.dumps(item, ensure_ascii=False)  # strings, numbers and booleans are spelt alike
