"""A table for people: rows, what its columns are, and text that data cannot turn into something else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_TAG = re.compile(r"(\\*)(\[[a-zA-Z#/@].*?])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SHOWN = {"\n": "↵", "\r": "␍", "\t": "⇥", "\x1b": "␛"}


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` decides how a cell looks on a terminal.

    text, name, status; count (of ours, with thousands apart); value and number (people's data, shown as it is, NULL
    too); time (how long ago), moment (when).
    """

    name: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for people and for csv, markdown and ndjson; `before` and `after` are lines for terminals alone.

    `wrap`: the last column goes over several lines instead of being cut.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    empty: str = ""
    wrap: bool = False


def safe(text: str) -> str:
    """Show control and direction characters instead of sending them: data cannot steer the terminal."""
    return _CONTROL.sub(lambda m: _SHOWN.get(m.group(), "�"), text)


def plain(text: object) -> str:
    """Keep rich from reading `[...]` of data as markup, in lines before and after a table."""
    escaped = _TAG.sub(lambda m: f"{m[1] * 2}\\{m[2]}", safe(str(text)))
    return f"{escaped} " if escaped.endswith("\\") else escaped
