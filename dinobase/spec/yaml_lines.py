"""YAML -> data and the place of every key and value; what two YAML readers would take differently is reported.

Keys are always text. Anchors, aliases, tags, merge keys, repeated keys and a second document are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from dinobase.core.errors import Problem

Path: TypeAlias = tuple[str | int, ...]
Json: TypeAlias = Any

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,99})")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|(?:0|[1-9][0-9]*)(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# YAML 1.1 booleans that YAML 1.2 reads as text.
_OLD_BOOLS = {
    word: value
    for words, value in ((("yes", "on"), True), (("no", "off"), False))
    for lower in words
    for word in (lower, lower.title(), lower.upper())
}
# YAML 1.1 numbers that YAML 1.2, JSON or a person reads differently: octal, hex, sexagesimal, 1_000, .inf; very long
_OLD_NUMBER = re.compile(
    r"[-+]?[0-9]{100,}|[-+]?0[0-9_]+|[-+]?0[xob][0-9a-fA-F_]+|[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?"
    r"|[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)

_VALUE_KEYS = frozenset({"params", "body", "variables"})  # what stands below is sent to the API


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """What a file says and where it says it."""

    file: str
    data: Json = None
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    sources: dict[Path, str] = field(default_factory=dict)  # text of plain scalars that are not read as text

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Return where a value is (or its key); of what is not there, where its nearest parent is."""
        first, second = (self.keys, self.values) if key else (self.values, self.keys)
        for end in range(len(path), -1, -1):
            found = first.get(path[:end]) or second.get(path[:end])
            if found:
                return found
        return Place(1, 1)


def parse(raw: bytes, file: str, instead: str = "") -> tuple[Document | None, list[Problem]]:
    """Read one document; without a Document the problem is such that nothing more can be said.

    `instead` tells what this kind of file has in place of anchors.
    """
    if len(raw) > MAX_BYTES:
        message = f"the file has {len(raw):,} bytes; {MAX_BYTES:,} are allowed."
        return None, [Problem(file, 1, 1, "yaml.too_big", "", message, "Is this the right file?")]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8."
        return None, [Problem(file, line, column, "yaml.encoding", "", message, "Save the file as UTF-8.")]
    text = text.removeprefix("\ufeff")
    reader = _Reader(file, instead)
    try:
        reader.read(text)
    except yaml.reader.ReaderError as error:
        before_text = text[: error.position] if isinstance(error.position, int) else ""
        line, column = before_text.count("\n") + 1, len(before_text) - (before_text.rfind("\n") + 1) + 1
        code = error.character if isinstance(error.character, int) else 0
        message = f"character U+{code:04X} is not allowed in YAML."
        hint = 'Write it as an escape in double quotes ("\\u0000"), or remove it.'
        reader.problems.append(Problem(file, line, column, "yaml.syntax", "", message, hint))
        return None, reader.problems
    except yaml.MarkedYAMLError as error:
        reader.problems.append(_syntax(error, text, file))
        return None, reader.problems
    except _Stop:
        return None, reader.problems
    return reader.document, reader.problems


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.split("\n")
    shown = lines[line - 1] if line <= len(lines) else ""
    reason, context = error.problem or "", error.context or ""
    begins = error.context_mark
    if "\t" in shown[:column]:
        column = shown.index("\t") + 1
        message, hint = "a tab where YAML wants spaces.", "Indent with spaces."
    elif "quoted scalar" in context and begins and ("end of stream" in reason or "document" in reason):
        line, column = begins.line + 1, begins.column + 1
        message, hint = "the quote that begins here is not closed.", "Close it in this line."
    elif "flow" in context and begins:
        message = f"the bracket that begins here is not closed, or a comma is missing (line {line} shows it)."
        line, column = begins.line + 1, begins.column + 1
        hint = "Close it, or put text with brackets in quotes."
    elif "could not find expected ':'" in reason and begins:
        line, column = begins.line + 1, begins.column + 1
        message, hint = "a key without `: `.", "Write `key: value`."
    elif "mapping values are not allowed" in reason and ": " in shown[: column - 1]:
        message = "a second `: ` in one line."
        hint = "Put text that holds `: ` in quotes; begin a nested key on a line of its own."
    elif "block" in context and shown[: column - 1].strip():
        message = "this does not belong to the value before it."
        hint = "Put the whole value in quotes, or check its quotes and brackets."
    elif "mapping values are not allowed" in reason or "block" in context:
        message = "this line stands neither under the key above nor beside it."
        hint = "Give keys of one mapping the same number of spaces; check that quotes are closed."
    elif "cannot start any token" in reason:
        message = f"`{shown[column - 1 : column]}` cannot begin a value."
        hint = "Put the text in quotes."
    else:
        message, hint = f"{reason or 'not YAML'}.", "Check quotes, brackets and indentation here and in the line above."
    return Problem(file, line, column, "yaml.syntax", "", message, hint)


class _Stop(Exception):
    """Reading on would say nothing."""


class _Reader:
    def __init__(self, file: str, instead: str) -> None:
        self._instead = instead
        self.document = Document(file)
        self.problems: list[Problem] = []
        self._events: Iterator[Any] = iter(())

    def read(self, text: str) -> None:
        self._events = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    hint = "Keep one document in a file: remove `---` and what follows."
                    self._problem(event, (), "yaml.documents", "a second document begins here.", hint)
                    return
                self.document.data = self._value(next(self._events), ())

    def _problem(self, event: Any, path: Path, code: str, message: str, hint: str) -> None:
        mark = event.start_mark
        self.problems.append(
            Problem(self.document.file, mark.line + 1, mark.column + 1, code, dotted(path), message, hint)
        )

    def _value(self, event: Any, path: Path) -> Json:
        self.document.values[path] = _place(event)
        if isinstance(event, yaml.AliasEvent):
            hint = f"Write the value out. {self._instead}".strip()
            self._problem(event, path, "yaml.alias", f"`*{event.anchor}` is an alias, which is not allowed.", hint)
            return None
        self._plain_node(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if len(path) >= MAX_DEPTH:
            self._problem(
                event, path, "yaml.too_deep", f"more than {MAX_DEPTH} levels of nesting.", "Is this the right file?"
            )
            raise _Stop
        return self._mapping(path) if isinstance(event, yaml.MappingStartEvent) else self._sequence(path)

    def _plain_node(self, event: Any, path: Path) -> None:
        """Report what a node carries beside its value."""
        if event.anchor is not None:
            hint = f"Remove it. {self._instead}".strip()
            self._problem(event, path, "yaml.anchor", f"`&{event.anchor}` is an anchor, which is not allowed.", hint)
        if event.tag is not None and event.tag != "!":
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._problem(
                event, path, "yaml.tag", f"`{shown}` is a tag, which is not allowed.", "Remove it; quote text instead."
            )

    def _sequence(self, path: Path) -> list[Json]:
        items: list[Json] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._value(event, (*path, len(items))))
        return items

    def _mapping(self, path: Path) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                self._problem(event, path, "yaml.key", "a key must be text.", "Quote it, or check the brackets here.")
                raise _Stop
            key = event.value
            here = (*path, key)
            self._plain_node(event, here)
            if key == "<<" and event.implicit[0]:
                hint = f"Write the keys out. {self._instead}".strip()
                self._problem(event, here, "yaml.merge_key", "`<<` (a merge key) is not allowed.", hint)
                self._value(next(self._events), here)
                continue
            if key in found:
                first = self.document.keys[here].line
                message = f"`{dotted(here)}` is there already, in line {first}."
                self._problem(event, here, "yaml.duplicate_key", message, "Keep one of the two.")
                # The second one's places must not replace the first one's.
                keys, values = dict(self.document.keys), dict(self.document.values)
                self._value(next(self._events), here)
                self.document.keys, self.document.values = keys, values
                continue
            self.document.keys[here] = _place(event)
            found[key] = self._value(next(self._events), here)
        return found

    def _scalar(self, event: Any, path: Path) -> Json:
        text: str = event.value
        if not event.implicit[0] or text in _NULLS:
            return None if event.implicit[0] else text
        value = _plain(text)
        if not isinstance(value, str):
            self.document.sources[path] = text
            if isinstance(value, float) and repr(value) != text and not _VALUE_KEYS.isdisjoint(path):
                message = f"`{text}` at {dotted(path)} would be sent as {value!r}."
                self._problem(event, path, "yaml.ambiguous", message, f'Write "{text}" in quotes to send it as it is.')
        elif text in _OLD_BOOLS:
            value = _OLD_BOOLS[text]
            message = f"`{text}` at {dotted(path)} is true or false to some YAML readers and text to others."
            hint = f'Write {str(value).lower()}, or "{text}" in quotes for the text.'
            self._problem(event, path, "yaml.ambiguous", message, hint)
        elif _OLD_NUMBER.fullmatch(text):
            message = f"`{text[:40]}` at {dotted(path)} is a number that YAML readers take differently."
            hint = f'Write a plain decimal number, or "{text[:40]}" in quotes for text.'
            self._problem(event, path, "yaml.ambiguous", message, hint)
        return value


def _plain(text: str) -> Json:
    """Read a plain scalar as YAML 1.2 and JSON do; what neither knows is text."""
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def dotted(path: Path) -> str:
    """Write a key path as people do: `resources[2].endpoint.path`."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            out += f".{part}" if out else part
        else:
            out += f'["{part}"]'
    return out
