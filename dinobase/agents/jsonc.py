"""One key in a JSON file that people edit: comments, order and spacing of all else stay as they are, byte for byte.

Reads what editors read: comments of both kinds and trailing commas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_GAP = re.compile(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SCALAR = re.compile(r"[^\s,\]}/]+")


class NotJsonError(ValueError):
    """Says where the text stops being JSON."""


@dataclass(frozen=True, slots=True)
class Member:
    """Where a key and its value stand."""

    key: str
    start: int
    value: int
    end: int


def read(text: str) -> Any:
    """Return the data; {} of an empty text."""
    place = _skip(text, 0)
    if place == len(text):
        return {}
    value, end = _value(text, place)
    if _skip(text, end) != len(text):
        raise NotJsonError(f"line {_line(text, end)}: there is more after the end")
    return value


def put(text: str, path: Sequence[str], value: Any) -> str:
    """Return the text with the value at a path of keys; objects on the way are made."""
    read(text)
    if not text.strip():
        text = "{}\n"
    start = _skip(text, 0)
    for depth, key in enumerate(path):
        members, close = _object(text, start)
        found = next((member for member in reversed(members) if member.key == key), None)
        if found is None:
            rest: Any = value
            for inner in reversed(path[depth + 1 :]):
                rest = {inner: rest}
            return _insert(text, start, close, members, key, rest, depth)
        if depth == len(path) - 1:
            if _value(text, found.value)[0] == value:
                return text  # however it is laid out
            return text[: found.value] + _dumped(value, depth + 1, text) + text[found.end :]
        start = found.value
    return text


def drop(text: str, path: Sequence[str]) -> str:
    """Return the text without the key at a path; as it was where there is none."""
    read(text)
    start = _skip(text, 0)
    for depth, key in enumerate(path):
        if text[start : start + 1] != "{":
            return text
        members, _ = _object(text, start)
        found = next((place for place, member in enumerate(members) if member.key == key), None)
        if found is None:
            return text
        if depth < len(path) - 1:
            start = members[found].value
            continue
        if found + 1 < len(members):  # up to the next key
            return text[: members[found].start] + text[members[found + 1].start :]
        end = members[found].end
        comma = _skip(text, end)
        if text[comma : comma + 1] == ",":
            end = comma + 1
        before = members[found - 1].end if found else start + 1
        return text[:before] + text[end:]
    return text


def _insert(text: str, start: int, close: int, members: list[Member], key: str, value: Any, depth: int) -> str:
    line = f"\n{_indent(text) * (depth + 1)}{json.dumps(key, ensure_ascii=False)}: {_dumped(value, depth + 1, text)}"
    if not members:
        inside = text[start + 1 : close]
        kept = inside.rstrip() if inside.strip() else ""
        return f"{text[: start + 1]}{kept}{line}\n{_indent(text) * depth}{text[close:]}"
    last = members[-1].end
    comma = _skip(text, last)
    if text[comma : comma + 1] == ",":
        return text[: comma + 1] + line + text[comma + 1 :]
    return text[:last] + "," + line + text[last:]


def _dumped(value: Any, depth: int, text: str) -> str:
    return json.dumps(value, indent=_indent(text), ensure_ascii=False).replace("\n", "\n" + _indent(text) * depth)


def _indent(text: str) -> str:
    found = re.search(r"\{\s*\n([ \t]+)\S", text)
    return found[1] if found else "  "


def _object(text: str, start: int) -> tuple[list[Member], int]:
    """Return the members of the object at `start`, and where its brace closes."""
    if text[start : start + 1] != "{":
        raise NotJsonError(f"line {_line(text, start)}: an object should stand here")
    members = []
    place = _skip(text, start + 1)
    while text[place : place + 1] != "}":
        key, after = _string(text, place)
        colon = _skip(text, after)
        if text[colon : colon + 1] != ":":
            raise NotJsonError(f"line {_line(text, colon)}: a colon is missing")
        value = _skip(text, colon + 1)
        _, end = _value(text, value)
        members.append(Member(key, place, value, end))
        place = _after(text, end, "}")
    return members, place


def _value(text: str, place: int) -> tuple[Any, int]:
    first = text[place : place + 1]
    if first == "{":
        members, close = _object(text, place)
        return {member.key: _value(text, member.value)[0] for member in members}, close + 1
    if first == "[":
        items = []
        at = _skip(text, place + 1)
        while text[at : at + 1] != "]":
            item, end = _value(text, at)
            items.append(item)
            at = _after(text, end, "]")
        return items, at + 1
    if first == '"':
        return _string(text, place)
    found = _SCALAR.match(text, place)
    try:
        return json.loads(found[0]) if found else json.loads(""), found.end() if found else place
    except ValueError:
        raise NotJsonError(f"line {_line(text, place)}: a value should stand here") from None


def _after(text: str, end: int, close: str) -> int:
    """Return where the next item begins, or the bracket that ends all."""
    place = _skip(text, end)
    if text[place : place + 1] == ",":
        return _skip(text, place + 1)
    if text[place : place + 1] != close:
        raise NotJsonError(f"line {_line(text, place)}: a comma or `{close}` is missing")
    return place


def _string(text: str, place: int) -> tuple[str, int]:
    found = _STRING.match(text, place)
    if not found:
        raise NotJsonError(f"line {_line(text, place)}: a text in double quotes should stand here")
    try:
        return str(json.loads(found[0])), found.end()
    except ValueError:
        raise NotJsonError(f"line {_line(text, place)}: a text with a bad escape") from None


def _skip(text: str, place: int) -> int:
    found = _GAP.match(text, place)
    return found.end() if found else place


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
