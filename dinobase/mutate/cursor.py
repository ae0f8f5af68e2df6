"""A place among the words of a statement, and the steps that a grammar takes from there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dinobase.core.errors import QueryError
from dinobase.mutate.tokens import Word

EXAMPLE = "UPDATE connector.table SET column = value WHERE id = 7"


def refused(reason: str, hint: str) -> QueryError:
    """Return the error for a statement that cannot be planned."""
    return QueryError(reason, code="write.unclear", hint=hint)


class Cursor:
    """Walks the words; `at` is the next one."""

    def __init__(self, sql: str, found: list[Word]) -> None:
        self.sql = sql
        self.words = found
        self.at = 0

    def _text(self, begin: int, end: int) -> str:
        if begin >= end:
            return ""
        return self.sql[self.words[begin].start : self.words[end - 1].end]

    def _between(self, word: str, enders: Sequence[str]) -> str:
        """Return the clause that begins with a word, '' where there is none; it must have something in it."""
        begin = self._clause(word)
        if begin is None:
            return ""
        ends = [self._clause(ender) for ender in enders]
        end = min((e for e in ends if e is not None), default=len(self.words))
        if end <= begin + 1:
            raise self._unknown(begin)
        return self._text(begin + 1, end)

    def _clause(self, word: str) -> int | None:
        return self._first((word,), self.at)

    def _first(self, wanted: Sequence[str], begin: int) -> int | None:
        for number in range(begin, len(self.words)):
            found = self.words[number]
            distinct = number and self.words[number - 1].is_("DISTINCT", "NOT DISTINCT") and found.is_("FROM")
            if found.depth == 0 and found.is_(*wanted) and not distinct:
                return number
        return None

    def _conflict(self) -> int | None:
        for number in range(self.at, len(self.words) - 1):
            here = self.words[number]
            if here.depth == 0 and here.is_("ON") and self.words[number + 1].is_("CONFLICT"):
                return number
        return None

    def _next_top(self, *wanted: str) -> int | None:
        return next((n for n, w in enumerate(self.words) if w.depth == 0 and w.is_(*wanted)), None)

    def _closing(self, begin: int, end: int) -> int:
        if begin >= end or not self.words[begin].is_("("):
            raise self._unknown(min(begin, len(self.words) - 1))
        level = self.words[begin].depth
        for number in range(begin + 1, end):
            if self.words[number].is_(")") and self.words[number].depth == level:
                return number
        raise self._unknown(begin)

    def _is(self, *wanted: str) -> bool:
        return self.at < len(self.words) and self.words[self.at].is_(*wanted)

    def _take(self, *wanted: str) -> str:
        if not self._is(*wanted):
            raise self._unknown()
        self.at += 1
        return self.words[self.at - 1].upper

    def _name(self) -> str:
        if self.at >= len(self.words) or not self.words[self.at].name:
            raise self._unknown()
        self.at += 1
        return self.words[self.at - 1].text

    def _unknown(self, place: int | None = None) -> QueryError:
        place = self.at if place is None else place
        near = self.sql[self.words[place].start :][:40] if 0 <= place < len(self.words) else "its end"
        return refused(f"The statement cannot be planned from `{near}` on", EXAMPLE)
