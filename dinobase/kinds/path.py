"""A path names places in a body; plain ones are walked over raw bytes, all others find places for the same walk."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dinobase.core.errors import RequestError
from dinobase.kinds.body import Body, MalformedError, Parts, Raw, scalar

if TYPE_CHECKING:
    from jsonpath import CompoundJSONPath, JSONPath

_SEGMENT = re.compile(
    r"""
    \.?(?P<name>[^\s.\[\]*?@$'"(),:|&]+)
    | \[\s*(?P<index>-?\d+)\s*\]
    | \[\s*'(?P<single>[^'\\]*)'\s*\] | \[\s*"(?P<double>[^"\\]*)"\s*\]
    """,
    re.VERBOSE,
)
_NO = {"false", "0", ""}


class PathError(RequestError):
    """A path that is no JSONPath."""

    code = "path.faulty"


@dataclass(frozen=True, slots=True)
class Path:
    """`parts` where the path names one place by keys and indexes; else `query` finds the places."""

    text: str
    parts: Parts | None
    query: JSONPath | CompoundJSONPath | None = None
    prefix: Parts = ()

    def places(self, body: Body) -> list[Parts]:
        """Return every place that is there, in document order."""
        if self.parts is not None:
            if body.at(self.parts) is not None:
                return [self.parts]
            return [(self.text,)] if body.at((self.text,)) is not None else []
        if self.query is None or not body.raw:
            return []
        return [tuple(match.parts) for match in self.query.finditer(_loads(body.raw))]

    def may_be_nothing(self, body: Body) -> bool:
        """Tell whether no match means no records rather than a wrong path: a filter, or an empty list before it."""
        if self.query is None or not self.prefix:
            return False
        value = body.at(self.prefix)
        return value is not None and (
            "?" in self.text or bytes(value) == b"null" or body.container(self.prefix) in ([], {})
        )

    def find(self, body: Body) -> Raw | bytes | None:
        """Return the first value's own bytes, or None."""
        places = self.places(body)
        return body.at(places[0]) if places else None

    def text_in(self, body: Body) -> str | None:
        """Return the scalar as text; None where it is missing, null, "" or false."""
        raw = self.find(body)
        text = None if raw is None else scalar(raw)
        return None if raw is not None and bytes(raw) == b"false" else text or None

    def flag_in(self, body: Body) -> bool | None:
        """Return what a flag says; None where it is missing or null."""
        raw = self.find(body)
        text = None if raw is None else scalar(raw)
        return None if text is None else text.lower() not in _NO

    def number_in(self, body: Body) -> int | None:
        """Return a whole number, also one in quotes; None where it is missing, null or negative."""
        raw = self.find(body)
        return None if raw is None else whole(scalar(raw), f"`{self.text}`")


@lru_cache(maxsize=1024)
def compile_path(text: str) -> Path:
    """Compile a JSONPath; `$` and a leading `$.` may be left out."""
    stripped = text.strip()
    parts, length = _simple(stripped)
    if length == len(stripped):
        return Path(stripped, parts)
    if stripped.startswith("@") and "[" not in stripped:  # OData's `@odata.nextLink` is a key, dot and all
        return Path(stripped, (stripped,))
    import jsonpath  # only paths beyond keys and indexes need it

    try:
        return Path(stripped, None, jsonpath.compile(stripped.replace("[]", "[*]")), parts)
    except jsonpath.JSONPathError as error:
        reason = str(error).split("\n", 1)[0]
        raise PathError(f"`{text}` is not a JSONPath: {reason}", hint="Write keys with dots: `data.items`.") from None


def whole(text: str | None, what: str) -> int | None:
    """Read a whole number that an API gives as a number or as text."""
    if text is None or not text.strip():
        return None
    try:
        number = float(text) if "." in text or "e" in text.lower() else int(text)
    except ValueError:
        raise MalformedError(f"{what} is `{text[:80]}`, which is not a number") from None
    if number != number or number in {float("inf"), float("-inf")} or number != int(number):  # noqa: PLR0124 - NaN
        raise MalformedError(f"{what} is `{text[:80]}`, which is not a whole number")
    return int(number) if number >= 0 else None


def _simple(text: str) -> tuple[Parts, int]:
    """Return the leading keys and indexes, and how much of the text they are."""
    start = position = 1 if text.startswith("$") else 0
    parts: list[str | int] = []
    while position < len(text):
        match = _SEGMENT.match(text, position)
        if match is None or (match["name"] is not None and position > start and text[position] != "."):
            break
        if match["index"] is not None:
            parts.append(int(match["index"]))
        else:
            parts.append(next(g for g in (match["name"], match["single"], match["double"]) if g is not None))
        position = match.end()
    return tuple(parts), position


def _loads(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_int=_integer)
    except RecursionError:
        raise MalformedError("the JSON is nested too deeply to be searched by a JSONPath") from None
    except ValueError as error:
        raise MalformedError(f"the answer is not valid JSON: {error}") from None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 4000 else float(digits)
