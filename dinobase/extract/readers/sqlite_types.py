"""SQLite's columns hold what they like: the type is found by looking at every value, the declared one gives it sense.

All comes as text from `sqlite_query`; each value's storage class is known, so that nothing is guessed from its look.
Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from dinobase.extract.readers.staging import Reading
from dinobase.lake.sql import ident

TEXT = "VARCHAR"
_EXACT = 2**53
_DATE = "'[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'"
_TIME = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-5][0-9]:[0-5][0-9]"
_FIELDS = 8


@dataclass(frozen=True, slots=True)
class Held:
    """What a column holds: how many values of each storage class, and what the integers and texts are like."""

    integers: int = 0
    reals: int = 0
    texts: int = 0
    blobs: int = 0
    large: int = 0
    no_flags: int = 0
    no_dates: int = 0
    no_times: int = 0

    @property
    def classes(self) -> int:
        """How many storage classes there are."""
        return sum(bool(n) for n in (self.integers, self.reals, self.texts, self.blobs))


def look(column: str) -> list[str]:
    """Return the aggregates that `Held` is made of."""
    c = ident(column)
    return [
        *(f"sum(typeof({c}) = '{kind}')" for kind in ("integer", "real", "text", "blob")),
        f"sum(typeof({c}) = 'integer' AND abs({c} / 2) > {_EXACT // 2})",
        f"sum(typeof({c}) = 'integer' AND {c} NOT IN (0, 1))",
        f"sum(typeof({c}) = 'text' AND {c} NOT GLOB {_DATE})",
        f"sum(typeof({c}) = 'text' AND NOT {_is_time(c)})",
    ]


def _is_time(c: str) -> str:
    """Return the condition that DuckDB's cast keeps a text whole: it drops an offset and what follows microseconds."""
    digits = f"substr(rtrim({c}, 'Z'), 21)"
    return (
        f"({c} GLOB '{_TIME}' OR {c} GLOB '{_TIME}Z' OR ({c} GLOB '{_TIME}.[0-9]*' AND {c} NOT GLOB '*ZZ' "
        f"AND {digits} NOT GLOB '*[^0-9]*' AND length({digits}) <= 6))"
    )


def held(row: tuple[object, ...]) -> Held:
    """Read what they gave."""
    return Held(*(int(str(value)) if value is not None else 0 for value in row))


def fields() -> int:
    """Return how many aggregates a column takes."""
    return _FIELDS


def reading(column: str, declared: str, has: Held) -> Reading:
    """Return how a column is read."""
    c = ident(column)
    word = declared.upper()
    if has.blobs and has.classes == 1:
        return Reading(column, f"CASE WHEN {c} IS NOT NULL THEN hex({c}) END", "BLOB", local="unhex({0})")
    if has.texts and has.classes == 1:
        return Reading(column, c, _of_texts(word, has))
    if has.integers and has.classes == 1:
        return Reading(column, c, "BOOLEAN" if word.startswith("BOOL") and not has.no_flags else "BIGINT")
    numbers = not has.texts and not has.blobs
    if numbers and has.reals and not has.large:
        return Reading(column, f"CASE typeof({c}) WHEN 'real' THEN printf('%!.17g', {c}) ELSE {c} END", "DOUBLE")
    if not has.classes:
        return Reading(column, f"CAST({c} AS TEXT)", _of_nothing(word))
    # Several kinds of value in one column: each as SQLite would write it in SQL.
    mixed = (
        f"CASE typeof({c}) WHEN 'blob' THEN 'x''' || hex({c}) || '''' "
        f"WHEN 'real' THEN printf('%!.17g', {c}) ELSE CAST({c} AS TEXT) END"
    )
    return Reading(column, mixed, TEXT)


def _of_texts(word: str, has: Held) -> str:
    if word.startswith("DATE") and not has.no_dates:
        return "DATE"
    if word.startswith(("DATETIME", "TIMESTAMP")) and not has.no_times:
        return "TIMESTAMP"
    return "JSON" if word.startswith("JSON") else TEXT


def _of_nothing(word: str) -> str:
    """Return a type for a column without a value: that of its affinity, it can still become another."""
    if word.startswith("BOOL"):
        return "BOOLEAN"
    if "INT" in word:
        return "BIGINT"
    return "DOUBLE" if any(part in word for part in ("REAL", "FLOA", "DOUB")) else TEXT


def plain(column: str) -> Reading:
    """Read a column as text, whatever its declared type promised."""
    return Reading(column, ident(column), TEXT)
