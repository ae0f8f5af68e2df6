"""Where things stand in a JSON value: set by a JSONPath of keys, indexes and `[*]`, found by a column's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from dinobase.load.naming import snake

Json: TypeAlias = Any

_STEP = re.compile(r"""\.?(?:\[\s*['"]([^'"]+)['"]\s*\]|\[([^\]]*)\]|([^.\[\]]+))""")


class OddPathError(Exception):
    """A path that the emulator cannot write to: the connector's shape file has to show the answer."""


def steps(path: str) -> list[str | int | None]:
    """Return the keys and indexes of a path; None stands for `[*]`."""
    text = path.strip().removeprefix("$")
    if text.startswith("@") and "[" not in text:
        return [text]
    found: list[str | int | None] = []
    for match in _STEP.finditer(text):
        if match[1] or match[3]:
            name = match[1] or match[3]
            found.append(None if name == "*" else name)
        elif re.fullmatch(r"-?\d+", match[2]):
            found.append(int(match[2]))
        elif match[2] in {"*", ""} or match[2].startswith("?"):
            found.append(None)
        else:
            raise OddPathError(path)
    return found


def put_list(body: Json, path: list[str | int | None], records: list[Json]) -> Json:
    """Return the body with the records at a selector: `data.items`, `data[*].node`, `$`."""
    while path and path[-1] is None:
        path = path[:-1]
    if not path:
        return records
    if None in path:
        cut = path.index(None)
        inner = [put(None, path[cut + 1 :], record) for record in records]
        return put_list(body, path[:cut], inner)
    return put(body, path, records)


def put(body: Json, path: list[str | int | None], value: Json) -> Json:
    """Return the body with a value at a place."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if first is None or isinstance(first, int):
        items = list(body) if isinstance(body, list) else []
        place = 0 if first is None or first < 0 else first
        items += [None] * (place + 1 - len(items))
        items[place] = put(items[place], rest, value)
        return items
    known = dict(body) if isinstance(body, dict) else {}
    known[first] = put(known.get(first), rest, value)
    return known


def get(body: Json, path: Sequence[str | int | None]) -> Json:
    """Return what stands at a place, None where nothing does."""
    for step in path:
        if isinstance(step, str):
            body = body.get(step) if isinstance(body, dict) else None
        else:
            index = 0 if step is None else step
            body = body[index] if isinstance(body, list) and -len(body) <= index < len(body) else None
    return body


def field_path(record: Json, name: str, lift: list[str]) -> list[str] | None:
    """Return the path of a field that is named by its path, or by its column's name; None where it is not there."""
    for prefix in ([], *([part] for part in lift)):
        inside = get(record, list(prefix))
        found = _named(inside, name) if isinstance(inside, dict) else None
        if found is not None:
            return [*prefix, *found]
    return None


def _named(record: dict[str, Json], name: str) -> list[str] | None:
    exact = [s for s in steps(name) if isinstance(s, str)]
    if exact and all(isinstance(s, str) for s in steps(name)) and _there(record, exact):
        return exact
    for key, value in record.items():
        column = snake(key)
        if name in {column, key}:
            return [key]
        for mark in ("__", "."):
            if isinstance(value, dict) and name.startswith(f"{column}{mark}"):
                rest = _named(value, name[len(column) + len(mark) :])
                if rest is not None:
                    return [key, *rest]
    return None


def _there(record: Json, path: list[str]) -> bool:
    for step in path:
        if not isinstance(record, dict) or step not in record:
            return False
        record = record[step]
    return True


def columns(record: dict[str, Json], lift: list[str], deepest: int) -> dict[str, Json]:
    """Return what the table's row should hold: names by path, lifted fields by their own."""
    found: dict[str, Json] = {}
    later: dict[str, Json] = {}
    for path, value in _leaves(record, (), deepest, lift):
        name = "__".join(snake(part) for part in path)
        if path[0] in lift and len(path) > 1:
            later[name] = ("__".join(snake(part) for part in path[1:]), value)
        else:
            found[name] = value
    for whole, (short, value) in later.items():
        found[whole if short in found else short] = value
    return found


def _leaves(
    value: dict[str, Json], path: tuple[str, ...], deepest: int, lift: list[str]
) -> Iterator[tuple[tuple[str, ...], Json]]:
    depth = deepest + (1 if path and path[0] in lift else 0)
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and len(path) + 1 < depth:
            yield from _leaves(inner, (*path, key), deepest, lift)
        else:
            yield (*path, key), inner
