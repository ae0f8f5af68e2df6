"""Descriptions with what was said of their parts: pure, so that taking a word back gives the same description again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dinobase.catalog.annotations import NOT_PERSONAL, Words
from dinobase.catalog.tables import ColumnDescription, JsonPath, TableDescription

COLUMN = ("description", "note", "unit", "pii", "values", "deprecated")
_PATH = ("description", "unit", "pii")


def dress(table: TableDescription, words: Words) -> TableDescription:
    """Return a description with the words of its connector."""
    if not words:
        return table
    return replace(
        table,
        description=words.value("description", table.description, table.table),
        annotations=_others(words, table.table, "", ("description",)),
        columns=[_column(table.table, column, words) for column in table.columns],
    )


def _column(table: str, column: ColumnDescription, words: Words) -> ColumnDescription:
    paths = column.paths and [_path(table, column.name, path, words) for path in column.paths]
    if not words.keys(table, column.name):
        return replace(column, paths=paths)
    facts: dict[str, Any] = {key: words.value(key, getattr(column, key), table, column.name) for key in COLUMN}
    return replace(
        column,
        **_settled(facts),
        paths=paths,
        annotations=_others(words, table, column.name, COLUMN),
    )


def _path(table: str, column: str, path: JsonPath, words: Words) -> JsonPath:
    place = place_in(column, path.path)
    if not words.keys(table, place):
        return path
    facts = {key: words.value(key, getattr(path, key), table, place) for key in _PATH}
    return replace(path, **_settled(facts))


def place_in(column: str, path: str) -> str:
    """Return what a place inside JSON is called: `address.line1`, `items[].price`."""
    return f"{column}{path}" if path.startswith("[") else f"{column}.{path}"


def _settled(facts: dict[str, Any]) -> dict[str, Any]:
    if facts.get("pii") == NOT_PERSONAL:
        facts["pii"] = None
    if facts.get("deprecated") is False:
        facts["deprecated"] = None
    return facts


def _others(words: Words, table: str, column: str, known: tuple[str, ...]) -> Mapping[str, Any] | None:
    """Return what was said under keys that have no place of their own: owner, free ones."""
    found = {key: said[0].value for key, said in sorted(words.keys(table, column).items()) if key not in known}
    return found or None
