"""How a column is written so that values of unlike spelling compare: valid DuckDB SQL, to count with and to paste."""

from __future__ import annotations

from collections.abc import Sequence

from dinobase.catalog.relations.values import ColumnFacts, Form, Pair, Space
from dinobase.catalog.relationships import name

PHONE_DIGITS = 9  # the last ones: what is left of a number without its country's code or a leading zero
_DIGITS = f"right(regexp_replace({{0}}, '[^0-9]', '', 'g'), {PHONE_DIGITS})"
_PLAINEST: list[Form] = ["exact", "folded", "mail_domain", "site"]
_WRITTEN: dict[Form, str] = {
    "exact": "{0}",
    "folded": "lower(trim({0}))",
    "text": "CAST({0} AS VARCHAR)",
    "number": "TRY_CAST({0} AS BIGINT)",
    "mail_domain": "lower(split_part(trim({0}), '@', 2))",
    "site": r"regexp_replace(lower(trim({0})), '^([a-z]+://)?(www\.)?([^/:?#]*).*$', '\3')",
    "phone": _DIGITS,
    "phone_number": _DIGITS.format("CAST({0} AS VARCHAR)"),
}


def written(form: Form, column: str) -> str:
    """Return a column's expression."""
    return _WRITTEN[form].replace("{0}", column)


def sketched(column: ColumnFacts, space: Space, value: str) -> str:
    """Return what a column's value, as text, is hashed as; values that may join have one hash."""
    if space == "domain":
        return written(_domain(column), value)
    if space == "phone":
        return written("phone", value)
    if column.kind == "int":
        return value
    folded = written("folded", value)
    return f"coalesce(CAST(TRY_CAST({value} AS BIGINT) AS VARCHAR), {folded})" if column.shape == "number" else folded


def spaces(column: ColumnFacts) -> list[Space]:
    """Return in which ways a column may join."""
    found: dict[str, list[Space]] = {"email": ["key", "domain"], "site": ["domain"], "phone": ["phone"]}
    return found.get(column.shape, ["key"])


def choices(child: ColumnFacts, parent: ColumnFacts, space: Space) -> list[tuple[Form, Form]]:
    """Return how the two may be compared, the plainest first; what is counted with each decides."""
    if space == "phone":
        return [(_phone(child), _phone(parent))]
    if space == "domain":
        ways = [(one, other) for one in _domains(child) for other in _domains(parent)]
        return sorted(ways, key=lambda way: sum(map(_PLAINEST.index, way)))
    numbers: tuple[Form, Form] = (_number(child), _number(parent))
    if child.kind != parent.kind:
        return [numbers] if "int" in {child.kind, parent.kind} else [(_text(child), _text(parent))]
    if child.kind != "text":
        return [("exact", "exact")]
    return [("exact", "exact"), numbers if child.shape == parent.shape == "number" else ("folded", "folded")]


def _number(column: ColumnFacts) -> Form:
    return "exact" if column.kind == "int" else "number"


def _text(column: ColumnFacts) -> Form:
    return "text" if column.kind == "uuid" else "folded"


def _domain(column: ColumnFacts) -> Form:
    return "mail_domain" if column.shape == "email" else "site"


def _domains(column: ColumnFacts) -> list[Form]:
    return ["mail_domain"] if column.shape == "email" else ["exact", "folded", "site"]


def _phone(column: ColumnFacts) -> Form:
    return "phone_number" if column.kind == "int" else "phone"


def condition(pair: Pair, *, from_parent: bool) -> str:
    """Return the join to paste, the described side first."""
    sides = [
        [written(form, f"{side.connector}.{name(side.table)}.{name(column)}") for column in side.columns]
        for side, form in zip(pair.sides, pair.forms, strict=True)
    ]
    first, second = reversed(sides) if from_parent else sides
    return joined(list(zip(first, second, strict=True)))


def joined(pairs: Sequence[tuple[str, str]]) -> str:
    """Return a join's condition."""
    return " AND ".join(f"{left} = {right}" for left, right in pairs)
