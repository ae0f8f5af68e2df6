"""Reads the compact form back, by the rules that docs/answers.md states and by nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Parsed:
    """`notes` are the lines before the header."""

    notes: list[str]
    columns: list[str]
    marks: list[str]
    rows: list[tuple[Any, ...]]


def parse(text: str) -> Parsed:
    """Return columns and rows; numbers as their text, so that nothing is lost in the reading."""
    notes = []
    while text.startswith("# "):
        note, _, text = text.partition("\n")
        notes.append(note[2:])
    count = int(re.findall(r"\d[\d,]*", notes[0])[0].replace(",", ""))
    header, end = _header(text)
    text = text[end:]
    rows = []
    own = [mark for _, mark, constant in header if constant is None]
    place = 0
    for _ in range(count):
        cells = []
        for number, mark in enumerate(own):
            value, place = _cell(text, place, mark)
            cells.append(value)
            assert text[place] == ("\n" if number == len(own) - 1 else ","), text[place - 20 : place + 20]
            place += 1
        queue = iter(cells)
        rows.append(tuple(next(queue) if constant is None else constant[0] for _, _, constant in header))
    assert text[place:] == ""
    return Parsed(notes, [name for name, _, _ in header], [mark for _, mark, _ in header], rows)


def _header(text: str) -> tuple[list[tuple[str, str, tuple[Any] | None]], int]:
    found: list[tuple[str, str, tuple[Any] | None]] = []
    place = 0
    while True:
        if text[place] == '"':
            name, place = _quoted(text, place)
        else:
            name = re.compile(r"[^,=:\n]*").match(text, place)[0]  # type: ignore[index]  # it matches nothing too
            place += len(name)
        mark = ""
        if text[place] == ":":
            mark = re.compile(r":[a-z]+").match(text, place)[0]  # type: ignore[index]  # marks are words
            place += len(mark)
        constant = None
        if text[place] == "=":
            value, place = _cell(text, place + 1, mark)
            constant = (value,)
        found.append((name, mark, constant))
        place += 1
        if text[place - 1] == "\n":
            return found, place


def _cell(text: str, place: int, mark: str) -> tuple[Any, int]:
    if text[place] in ",\n":
        return None, place
    if mark == ":json":
        _, end = json.JSONDecoder().raw_decode(text, place)
        return ("json", json.loads(text[place:end])), end
    if text[place] == '"':
        return _quoted(text, place)
    raw = re.compile(r"[^,\n]*").match(text, place)[0]  # type: ignore[index]  # it matches nothing too
    return _plain(raw, mark), place + len(raw)


def _plain(raw: str, mark: str) -> Any:
    if mark in {":utc", ":ts"}:
        date, _, clock = raw.partition(" ")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", date):
            return raw
        clock = clock or "00:00"
        return f"{date}T{clock if clock.count(':') == 2 else f'{clock}:00'}{'Z' if mark == ':utc' else ''}"
    if mark == ":text":
        return raw
    if raw in {"true", "false"}:
        return raw == "true"
    return ("number", raw) if _NUMBER.fullmatch(raw) else raw


def _quoted(text: str, place: int) -> tuple[str, int]:
    found = re.compile(r'"((?:[^"]|"")*)"').match(text, place)
    assert found, text[place : place + 40]
    return found[1].replace('""', '"'), found.end()
