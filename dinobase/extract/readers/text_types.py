"""Which type the texts of a column have: the one from which every value comes back, else they stay texts. Pure.

`007` is a text, a number of many digits keeps them all, and dates of several shapes are texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dinobase.lake.sql import ident, literal

_WHOLE = r"-?(0|[1-9]\d{0,18})"
_DECIMAL = r"-?(0|[1-9]\d*)(\.\d+)?"
_FLOAT = r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?"
_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
_ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)"
_MOMENT = f"{_DATE}[ T]{_CLOCK}"
_MOST = 38
_TELLING = {
    "BOOLEAN": (2,),
    "BIGINT": (3,),
    "DECIMAL": (4, 10, 11),
    "DOUBLE": (5,),
    "DATE": (6,),
    "TIMESTAMP": (7,),
    "TIMESTAMPTZ": (8,),
    "TIME": (9,),
    "VARCHAR": (),
}
_DIGITS_OF_A_DOUBLE = 15


@dataclass(frozen=True, slots=True)
class Seen:
    """What all texts of a column are: how many there are, and how many have each shape."""

    values: int = 0
    empty: int = 0
    booleans: int = 0
    whole: int = 0
    decimals: int = 0
    floats: int = 0
    dates: int = 0
    moments: int = 0
    instants: int = 0
    clocks: int = 0
    left: int = 0
    right: int = 0


def look(column: str, guess: str = "") -> list[str]:
    """Return the aggregates that `seen` reads; with a guess only those that tell whether it holds."""
    text = ident(column)

    def shaped(pattern: str, more: str = "") -> str:
        return f"count(*) FILTER (regexp_full_match({text}, {literal(pattern)}){f' AND {more}' if more else ''})"

    def cast(type_: str) -> str:
        return f"TRY_CAST({text} AS {type_}) IS NOT NULL"

    digits = f"length(regexp_replace(regexp_replace({text}, '[eE].*', ''), '[^0-9]', '', 'g'))"
    decimal = f"FILTER (regexp_full_match({text}, {literal(_DECIMAL)}))"
    double = f"{digits} <= {_DIGITS_OF_A_DOUBLE} AND isfinite(TRY_CAST({text} AS DOUBLE))"
    every = [
        f"count({text})",
        f"count(*) FILTER ({text} = '')",
        f"count(*) FILTER ({text} IN ('true', 'false', 'True', 'False', 'TRUE', 'FALSE'))",
        shaped(_WHOLE, f"{cast('BIGINT')} AND {text} <> '-0'"),
        shaped(_DECIMAL),
        shaped(_FLOAT, f"{double} AND {text} <> '-0'"),
        shaped(_DATE, cast("DATE")),
        shaped(_MOMENT, cast("TIMESTAMP")),
        shaped(_MOMENT + _ZONE, cast("TIMESTAMPTZ")),
        shaped(_CLOCK, cast("TIME")),
        f"coalesce(max(length(ltrim(split_part({text}, '.', 1), '-'))) {decimal}, 0)",
        f"coalesce(max(length(split_part({text}, '.', 2))) {decimal}, 0)",
    ]
    wanted = (0, 1, *_TELLING[guess.partition("(")[0]]) if guess else range(len(every))
    return [aggregate if n in wanted else "0" for n, aggregate in enumerate(every)]


def seen(row: Sequence[int]) -> Seen:
    """Return what the aggregates say."""
    return Seen(*row)


def type_of(of: Seen) -> str:
    """Return the type of a column."""
    values = of.values - of.empty
    if not values:
        return "VARCHAR"
    for count, type_ in (
        (of.booleans, "BOOLEAN"),
        (of.whole, "BIGINT"),
        (of.decimals, decimal(of.left, of.right)),
        (of.floats, "DOUBLE"),
        (of.dates, "DATE"),
        (of.moments, "TIMESTAMP"),
        (of.instants, "TIMESTAMPTZ"),
        (of.clocks, "TIME"),
    ):
        if count == values and type_:
            return type_
    return "VARCHAR"


def fits(of: Seen, type_: str) -> bool:
    """Tell whether every value that was seen comes back from a type."""
    values = of.values - of.empty
    if type_.startswith("DECIMAL("):
        precision, scale = map(int, type_[8:-1].split(","))
        return of.decimals == values and of.right <= scale and of.left <= precision - scale
    counts = {
        "BOOLEAN": of.booleans, "BIGINT": of.whole, "DOUBLE": of.floats, "DATE": of.dates, "TIMESTAMP": of.moments,
        "TIMESTAMPTZ": of.instants, "TIME": of.clocks,
    }  # fmt: skip
    return type_ == "VARCHAR" or counts.get(type_, -1) == values


def decimal(left: int, right: int) -> str:
    """Return a decimal of so many digits before and after the point, "" where there is none so long."""
    if not right or left + right > _MOST:
        return ""
    return f"DECIMAL({18 if left + right <= 18 else _MOST},{right})"


def expression(column: str, type_: str) -> str:
    """Return what reads a text as its type; an empty text is no value of any other type than text."""
    return ident(column) if type_ == "VARCHAR" else f"CAST(nullif({ident(column)}, '') AS {type_})"


def of_text(text: str | None) -> str:
    """Return the type of one text, as a folder's name has it."""
    if text is not None and re.fullmatch(_WHOLE, text) and text != "-0" and abs(int(text)) < 1 << 63:
        return "BIGINT"
    return "VARCHAR"
