"""A statement's words and where they stand; text that two tokenizers cut differently is refused.

sqlglot's tokens say where a clause begins, DuckDB's say what will run. Where a string or a name begins for one and not
for the other, what was checked is not what would run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError

from dinobase.core.errors import QueryError

_IDENTIFIER = "IDENTIFIER"
_OPEN, _CLOSE = {"(", "[", "{"}, {")", "]", "}"}


@dataclass(frozen=True, slots=True)
class Word:
    """One token: `upper` is '' for quoted ones, `depth` counts the brackets and CASEs that it stands in."""

    text: str
    upper: str
    start: int
    end: int  # the place after it
    depth: int
    name: bool  # a name, quoted or not
    string: bool = False

    def is_(self, *words: str) -> bool:
        """Tell whether it is one of these unquoted words."""
        return self.upper in words


def words(sql: str, own: Sequence[tuple[int, Any]]) -> list[Word]:
    """Cut a statement; `own` are the starts (in bytes) and kinds that DuckDB's tokenizer gives."""
    try:
        tokens = sqlglot.tokenize(sql, dialect="duckdb")
    except SqlglotError as error:
        raise _unclear(sql, 0) from error
    found: list[Word] = []
    depth = 0
    after_dot = False
    for token in tokens:
        kind = token.token_type.name
        text = sql[token.start : token.end + 1]
        quoted = kind.endswith("STRING") or kind == _IDENTIFIER
        upper = "" if quoted or (after_dot and text[:1].isalpha()) else " ".join(text.upper().split())
        after_dot = text == "."
        if upper in _CLOSE or upper == "END":
            depth = max(0, depth - 1)
        plain = not quoted and (text[0].isalpha() or text[0] == "_" or ord(text[0]) > 127)
        name = kind == _IDENTIFIER or plain
        shown = token.text if kind == _IDENTIFIER else text
        found.append(Word(shown, upper, token.start, token.end + 1, depth, name, kind.endswith("STRING")))
        if upper in _OPEN or upper == "CASE":
            depth += 1
    _agree(sql, found, own)
    return found


def _agree(sql: str, found: Sequence[Word], own: Sequence[tuple[int, Any]]) -> None:
    """Raise unless both tokenizers see the same strings and names at the same places."""
    places: dict[int, int] = {}
    at = 0
    for number, letter in enumerate(sql):
        places[at] = number
        at += len(letter.encode())
    telling = [
        places.get(start, -1)
        for start, kind in own
        if str(kind).rpartition(".")[2] in {"identifier", "string_const", "keyword"}
    ]
    starts = {word.start for word in found}
    theirs = {*telling, *(places.get(start, -1) for start, _ in own)}
    for place in telling:
        inside = any(w.start < place < w.end for w in found if " " in w.upper and not w.string)
        letter = sql[place : place + 1]
        if place not in starts and not inside and (letter.isalnum() or letter in "_\"'$"):
            raise _unclear(sql, place)
    for word in found:
        if (word.string or word.name) and word.start not in theirs:
            raise _unclear(sql, word.start)


def _unclear(sql: str, place: int) -> QueryError:
    shown = sql[max(place, 0) : max(place, 0) + 40]
    return QueryError(
        "It cannot be told for sure what this statement does",
        code="write.unclear",
        hint="Write plain 'text' with doubled quotes, plain names, no nested comments.",
        near=shown,
    )
