"""Counts two columns against each other, exactly: what is said of a join was counted in all rows of both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dinobase.catalog.relations.forms import written
from dinobase.catalog.relations.values import Evidence, Form, Pair, Place
from dinobase.lake.sql import ident

_BETTER = 0.005  # by how much more must be found for a plainer condition to give way


@dataclass(frozen=True, slots=True)
class Source:
    """Where a side is read, and how many rows it has."""

    table: str
    rows: int


def best(
    connection: Any, pair: Pair, sources: tuple[Source, Source], choices: Sequence[tuple[Form, Form]]
) -> tuple[Pair, Evidence]:
    """Count a pair in every way that it may be compared; returns the plainest that finds as much as another."""
    found: list[tuple[Pair, Evidence]] = []
    for forms in choices:
        written_so = Pair(pair.child, pair.parent, forms)
        counted = _count(connection, written_so, sources)
        if not found or counted.inclusion > found[-1][1].inclusion + _BETTER:
            found.append((written_so, counted))
        if counted.inclusion == 1:
            break
    return found[-1]


def _count(connection: Any, pair: Pair, sources: tuple[Source, Source]) -> Evidence:
    width = len(pair.child.columns)
    child, parent = (
        _groups(side, form, source.table) for side, form, source in zip(pair.sides, pair.forms, sources, strict=True)
    )
    equal = " AND ".join(f"c.k{n} = p.k{n}" for n in range(width))
    row = connection.execute(
        f"WITH c AS MATERIALIZED ({child}), p AS MATERIALIZED ({parent}) "
        "SELECT coalesce(sum(c.n), 0)::BIGINT, count(*), coalesce(max(c.n), 0), count(p.n), "
        "(SELECT count(*) FROM p), (SELECT coalesce(max(n), 0) FROM p) "
        f"FROM c LEFT JOIN p ON {equal}"
    ).fetchone()
    filled, distinct, most, found, parent_distinct, parent_most = map(int, row)
    return Evidence(sources[0].rows, filled, distinct, most, found, sources[1].rows, parent_distinct, parent_most)


def _groups(side: Place, form: Form, table: str) -> str:
    picked = ", ".join(f"{written(form, ident(column))} AS k{n}" for n, column in enumerate(side.columns))
    there = " AND ".join(f"k{n} IS NOT NULL AND CAST(k{n} AS VARCHAR) <> ''" for n in range(len(side.columns)))
    return f"SELECT *, count(*) AS n FROM (SELECT {picked} FROM {table}) WHERE {there} GROUP BY ALL"
