"""Databases that are asked by each query: attached READ_ONLY under a name that SQL cannot say, filters go through.

What a sync keeps is how each column is taken from what DuckDB's scanner gives; a value that its type does not hold
stops the query, it is never bent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dinobase.extract.readers.base import Ask, Brought, Known, Place
from dinobase.extract.readers.duckdb_types import kept
from dinobase.lake.foreign import Foreign, Scanner, attach_beside
from dinobase.lake.sql import ident

LEFT_OUT = ("", "")
# How a column is taken, as (expression, type): None where as it comes, of no type where it cannot be read.
Take = Callable[[str, str], tuple[str, str] | None]


def look(source: Foreign, ask: Ask, relation: str, take: Take) -> Brought:
    """Look at a table; `relation` is its place below the database."""
    given = {str(name): str(type_) for name, type_, *_ in source.rows(f"DESCRIBE SELECT * FROM source.{relation}")}
    fields: dict[str, str] = {}
    types: dict[str, str] = {}
    notes = []
    for column in ask.table.columns:
        if column.name not in given:
            continue
        expression, type_ = take(column.name, given[column.name]) or (ident(column.name), kept(given[column.name]))
        name = ask.names[column.name]
        if not type_:
            notes.append(f"{name} is left out: a {column.native or given[column.name]} cannot be read live")
            continue
        if type_ == "DOUBLE" and column.type.startswith(("DECIMAL", "VARCHAR")):
            notes.append(f"{name} ({column.native or 'numeric'}) is DOUBLE live, which keeps 15 digits")
        fields[name], types[name] = expression, type_
    recipe = json.dumps({"from": relation, "fields": fields}, sort_keys=True)
    return Brought((), types, 0, recipe=recipe, there=ask.table.rows, notes=tuple(notes))


def place(
    scanner: Scanner, target: str, known: Mapping[str, Known], connection: Any, alias: str, options: Sequence[str] = ()
) -> Place:
    """Attach the database for one query; `target` may hold a password. Raises FetchError."""
    attach_beside(connection, scanner, target, alias, options)
    return Place({table: _select(about, alias) for table, about in known.items()})


def _select(known: Known, alias: str) -> str:
    recipe = json.loads(known.recipe)
    fields = recipe["fields"]
    picked = ", ".join(
        f"{f'CAST({fields[n]} AS {t})' if n in fields else f'NULL::{t}'} AS {ident(n)}" for n, t in known.types.items()
    )
    return f"SELECT {picked} FROM {ident(alias)}.{recipe['from']}"
