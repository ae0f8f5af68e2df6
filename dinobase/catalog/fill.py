"""Descriptions with what the rows show, where nobody has said it: the lowest rank, so that nothing good is overwritten.

Values, bounds and counts are of all rows as they are: told only where the reader sees all rows and the column in clear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dinobase.catalog.annotations import Words
from dinobase.catalog.dress import place_in
from dinobase.catalog.profiles import ColumnProfile, TableProfile
from dinobase.catalog.tables import ColumnDescription, JsonPath, TableDescription

_SHOWN = 12  # codes of one column that are worth their tokens
IsClear = Callable[[str], bool]


def fill(
    table: TableDescription, profile: TableProfile | None, words: Words, clear: IsClear, *, full: bool = False
) -> TableDescription:
    """Return a dressed description with what a profile adds; `clear`: whether a column's values may be told."""
    if profile is None:
        return table
    known = {column.name.lower(): column for column in profile.columns}
    columns = []
    for column in table.columns:
        seen = known.get(column.name.lower())
        if seen is None or seen.type != column.type:
            columns.append(_personal_name(column, seen, words, table.table))
        else:
            columns.append(_column(column, seen, profile, words, table.table, told=clear(column.name), full=full))
    told = full and profile.rows and all(clear(column.name) for column in table.columns)
    facts = _facts(profile) if told else None
    return replace(table, columns=columns, profile=facts)


def _personal_name(
    column: ColumnDescription, seen: ColumnProfile | None, words: Words, table: str
) -> ColumnDescription:
    """Return a column whose type is another for this reader: that it is personal is told, and no more."""
    if seen is None or not seen.pii or column.pii or "pii" in words.keys(table, column.name):
        return column
    return replace(column, pii=seen.pii, from_data=["pii"])


def _column(
    column: ColumnDescription, seen: ColumnProfile, profile: TableProfile, words: Words, table: str, *, told: bool,
    full: bool,
) -> ColumnDescription:  # fmt: skip
    said = words.keys(table, column.name)
    added: dict[str, Any] = {}
    if seen.pii and not column.pii and "pii" not in said:
        added["pii"] = seen.pii
    personal = bool(column.pii or added)
    if seen.unit and not column.unit and "unit" not in said:
        added["unit"] = seen.unit
    told = told and not personal and profile.rows > 0  # none are in the lake where they stay in their place
    if told and 0 < len(seen.values) <= _SHOWN and not column.values and "values" not in said:
        added["values"] = list(seen.values)
    shown = _seen(seen, profile, told=told, because=[key for key in ("unit", "pii") if key in added]) if full else None
    paths = column.paths if personal else _paths(column, seen, words, table)
    return replace(column, **added, paths=paths, from_data=list(added) or None, profile=shown)


def _paths(column: ColumnDescription, seen: ColumnProfile, words: Words, table: str) -> Sequence[JsonPath] | None:
    """Return the places inside a column with the personal data that its rows show there."""
    if "pii" in words.keys(table, column.name):
        return column.paths
    places = {at: kind for at, kind in seen.inside.items() if "pii" not in words.keys(table, place_in(column.name, at))}
    known = [p if p.pii or p.path not in places else replace(p, pii=places[p.path]) for p in column.paths or ()]
    there = {path.path for path in known}
    return [*known, *(JsonPath(at, "JSON", pii=kind) for at, kind in places.items() if at not in there)] or None


def _seen(seen: ColumnProfile, profile: TableProfile, *, told: bool, because: list[str]) -> Mapping[str, Any] | None:
    facts: dict[str, Any] = {}
    if told:
        facts = {"nulls": seen.nulls, "distinct": seen.distinct, "min": seen.least, "max": seen.greatest}
        facts["top"] = [{"value": value, "rows": rows} for value, rows in seen.top] or None
        facts["of"] = profile.looked_at if seen.top and profile.looked_at < profile.rows else None
    reasons = {key: seen.because[key] for key in because if key in seen.because}
    facts["because"] = reasons or None
    return {key: value for key, value in facts.items() if value is not None} or None


def _facts(profile: TableProfile) -> Mapping[str, Any]:
    facts = {
        "rows": profile.rows, "looked_at": profile.looked_at, "version": profile.version,
        "newest": profile.newest or None, "newest_column": profile.newest_column or None,
    }  # fmt: skip
    return {key: value for key, value in facts.items() if value is not None}
