"""How a column is taken through a driver: what the source is asked for, how it travels, which type keeps it. Pure.

What a driver or DuckDB would round travels as text, is kept as it came, and is looked at as a whole before its type is
chosen: the first of a ladder that keeps every value, text at its end. So a table is read once, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dinobase.lake.sql import ident, literal

TEXT = "VARCHAR"
DIGITS = 38
# Digits of a second past the sixth, and past the ninth.
_LOST, _LOST_NS = r"\.\d{{6}}\d*[1-9]", r"\.\d{{9}}\d*[1-9]"
_DAY, _TIME = r"\d{{4,}}-\d{{2}}-\d{{2}}", r"\d{{2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?"  # braces doubled: of templates
_SHAPES = {
    "DATE": f"-?infinity|{_DAY}",
    "TIME": _TIME,
    "TIMESTAMP": f"-?infinity|{_DAY}[ T]{_TIME}",
    "TIMESTAMPTZ": rf"-?infinity|{_DAY}[ T]{_TIME} ?(Z|UTC|[+-]\d{{{{2}}}}(:?\d{{{{2}}}})?)",
}
_NUMBER = r"[+-]?\d*(\.\d*)?"
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_FREE = 9  # places of a decimal column without a value yet: as good as any, and it can grow
_IN_JSON = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "BOOLEAN", "VARCHAR", "DOUBLE", "DATE", "UUID"})


@dataclass(frozen=True, slots=True)
class Rung:
    """A type that a column may have: `local` makes it of what came, `odd` tells a value that it would not keep.

    Both are DuckDB's SQL over `{0}`.
    """

    type: str
    local: str = "{0}"
    odd: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """How a column is taken: `remote` in the source's SQL over `{0}`, `wire` the type in which it travels.

    number: a decimal whose places are found by looking at all values; the ladder follows where 38 digits are too few.
    """

    remote: str
    wire: str
    rungs: tuple[Rung, ...]
    number: bool = False

    @property
    def type(self) -> str:
        """The type that is tried first."""
        return f"DECIMAL({DIGITS},{_FREE})" if self.number else self.rungs[0].type


def exact(type_: str, remote: str = "{0}", wire: str = "") -> Taken:
    """Take what comes as the type it is; `wire` is another one in which the driver brings it."""
    return Taken(remote, wire or type_, (Rung(type_, "{0}" if not wire else f"CAST({{0}} AS {type_})"),))


def text(remote: str = "{0}") -> Taken:
    """Take a text."""
    return Taken(remote, TEXT, (Rung(TEXT),))


def string(remote: str = "{0}") -> Taken:
    """Take a text that the engine does not hold to UTF-8: it travels as bytes, and stays so where one is none."""
    odd = "{0} IS NOT NULL AND TRY(decode({0})) IS NULL"
    return Taken(remote, "BLOB", (Rung(TEXT, "decode({0})", odd), Rung("BLOB")))


def hexed(remote: str) -> Taken:
    """Take bytes that travel as hexadecimal digits."""
    return Taken(remote, TEXT, (Rung("BLOB", "unhex({0})"),))


def parsed(type_: str, remote: str = "{0}") -> Taken:
    """Take a value that travels as text: a uuid, a date, a time, a moment."""
    odd = f"{{0}} IS NOT NULL AND (TRY_CAST({{0}} AS {type_}) IS NULL"
    if type_ in _SHAPES:  # of `4713-01-01 BC` a cast that succeeds makes a day of our time
        odd += f" OR NOT regexp_full_match({{0}}, {literal(_SHAPES[type_])}) OR regexp_matches({{0}}, {literal(_LOST)})"
    first = Rung(type_, f"CAST({{0}} AS {type_})", f"{odd})")
    if type_ != "TIMESTAMP":
        return Taken(remote, TEXT, (first, Rung(TEXT)))
    fine = odd.replace("TIMESTAMP)", "TIMESTAMP_NS)").replace(_LOST, _LOST_NS)
    return Taken(remote, TEXT, (first, Rung("TIMESTAMP_NS", "CAST({0} AS TIMESTAMP_NS)", f"{fine})"), Rung(TEXT)))


def json(remote: str = "{0}") -> Taken:
    """Take a JSON document that travels as text."""
    return Taken(
        remote, TEXT, (Rung("JSON", "CAST({0} AS JSON)", "{0} IS NOT NULL AND NOT json_valid({0})"), Rung(TEXT))
    )


def json_list(type_: str, remote: str) -> Taken:
    """Take an array that travels as JSON; elements that JSON would not keep leave it JSON."""
    if type_ not in _IN_JSON:
        return json(remote)
    made = f"CAST(CAST({{0}} AS JSON) AS {type_}[])"
    # In this order: a cast of a list in a list fails, also one that is tried, and as a text it would come as its text.
    odd = (
        "CASE WHEN {0} IS NULL THEN false WHEN NOT json_valid({0}) THEN true WHEN json_type({0}) <> 'ARRAY' "
        "OR list_has_any(json_type({0}, '$[*]'), ['ARRAY', 'OBJECT']) THEN true "
        f"ELSE TRY_CAST(CAST({{0}} AS JSON) AS {type_}[]) IS NULL END"
    )
    return Taken(remote, TEXT, (Rung(f"{type_}[]", made, odd), *json().rungs))


def decimal(precision: int, scale: int, remote: str = "{0}") -> Taken:
    """Take `numeric(p,s)`, which travels as text."""
    if precision > DIGITS or not 0 <= scale <= precision:
        return number(remote)
    type_ = f"DECIMAL({precision},{scale})"
    return Taken(remote, TEXT, (_rung(type_), Rung(TEXT)))


def number(remote: str = "{0}") -> Taken:
    """Take a decimal of any size, which travels as text."""
    return Taken(remote, TEXT, (Rung(TEXT),), number=True)


def integer(digits: int, remote: str, wide: str) -> Taken:
    """Take an integer of so many digits: as the machine's own where it fits, `wide` is how it travels else."""
    if digits <= 18:
        return exact("INTEGER" if digits <= 9 else "BIGINT", remote)
    return Taken(wide, TEXT, (_rung("BIGINT"), _rung(f"DECIMAL({DIGITS},0)"), Rung(TEXT)))


def floating(type_: str, remote: str) -> Taken:
    """Take a binary number that travels as text."""
    odd = f"{{0}} IS NOT NULL AND TRY_CAST({{0}} AS {type_}) IS NULL"
    return Taken(remote, TEXT, (Rung(type_, f"CAST({{0}} AS {type_})", odd), Rung(TEXT)))


def whole(remote: str = "{0}") -> Taken:
    """Take an integer of any size, which travels as text."""
    return Taken(remote, TEXT, (_rung(f"DECIMAL({DIGITS},0)"), Rung(TEXT)))


def _rung(type_: str) -> Rung:
    scale = type_[:-1].rpartition(",")[2] if type_.endswith(")") else "0"
    digits = f"[.][0-9]{{{{{scale}}}}}[0-9]*[1-9]"  # braces doubled: `odd` is a template
    lost = f"regexp_matches({{0}}, {literal(digits)})"
    # A cast that succeeds proves nothing: of `1e3` and ` 1` it says a number too, which would not come back as it was.
    shape = f"NOT regexp_full_match({{0}}, {literal(_NUMBER)})"
    odd = f"{{0}} IS NOT NULL AND (TRY_CAST({{0}} AS {type_}) IS NULL OR {lost} OR {shape})"
    return Rung(type_, f"CAST({{0}} AS {type_})", odd)


def look(taken: Taken, column: str) -> list[str]:
    """Return the aggregates over what came that `chosen` needs."""
    place = ident(column)
    if taken.number:
        plain = f"regexp_full_match({place}, {literal(_NUMBER)})"
        left = f"ltrim(split_part({place}, '.', 1), '+-0')"
        return [
            f"coalesce(bool_or(NOT {plain}), false)",
            f"max(length({left})) FILTER ({plain})",
            f"max(length(rtrim(split_part({place}, '.', 2), '0'))) FILTER ({plain})",
        ]
    return [f"coalesce(bool_or({rung.odd.format(place)}), false)" for rung in taken.rungs if rung.odd]


def chosen(taken: Taken, known: str, seen: Sequence[object]) -> Rung:
    """Return the type for all of it: the lake's own or a later one; `seen` is what the aggregates say."""
    if taken.number:
        return _measured(known, seen)
    flags = iter(seen)
    odd = [bool(next(flags)) if rung.odd else False for rung in taken.rungs]
    first = next((n for n, rung in enumerate(taken.rungs) if rung.type == known), 0)
    return next(rung for n, rung in enumerate(taken.rungs) if n >= first and not odd[n])


def _measured(known: str, seen: Sequence[object]) -> Rung:
    odd, left, right = seen
    found = _DECIMAL.fullmatch(known)
    if known == TEXT or odd:
        return Rung(TEXT)
    scale = int(found[2]) if found else 0 if right is not None else _FREE
    scale = max(scale, right if isinstance(right, int) else 0)
    if (left if isinstance(left, int) else 0) + scale > DIGITS:
        return Rung(TEXT)
    return _rung(f"DECIMAL({DIGITS},{scale})")
