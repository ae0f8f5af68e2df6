"""One scan of a table: what each column's values look like, and hashes that tell which columns share values.

Of every column the hashes of its distinct values are kept, all of a small one, the least of a large one. They are
derived, rest in the cache for as long as the table's rows are of that version, and go where a record is forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dinobase.catalog.relations.forms import sketched, spaces
from dinobase.catalog.relations.shapes import counted, shape_of
from dinobase.catalog.relations.values import ColumnFacts, Kind, Space
from dinobase.lake.introspect import LakeColumn
from dinobase.lake.sql import ident, literal

KEPT = 1_024  # distinct values of a column whose hashes are kept
_CELLS = 2_000_000  # of a table that is grouped as a whole
PROBES = 64  # of them, those that are looked for in others
_SAMPLE = 64
_NOTHING = "SELECT 0::SMALLINT AS c, 0::TINYINT AS s, 0::UBIGINT AS h, false AS p LIMIT 0"
_LONGEST = 100  # characters; what is longer is no key
_INTEGER = re.compile(r"U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?\Z|UINTEGER\Z")
SPACES: tuple[Space, ...] = ("key", "domain", "phone")


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was found."""

    rows: int
    columns: Sequence[ColumnFacts]


def kind_of(type_: str) -> Kind | None:
    """Return of what kind a column's values are, None where nothing joins by such."""
    if type_ == "VARCHAR":
        return "text"
    if type_ == "UUID":
        return "uuid"
    return "int" if _INTEGER.match(type_) else None


def scan(connection: Any, name: str, columns: Sequence[LakeColumn], about: int, file: Path) -> Scanned:
    """Look at a table of about so many rows; its hashes go to `file` as rows of column, space, hash, looked for."""
    chosen = [(column.name, kind) for column in columns if (kind := kind_of(column.type))]
    sizes = None if about * len(chosen) <= _CELLS else _sizes(connection, name, chosen)
    connection.execute(_values(name, chosen, sizes))
    rows, found = _facts(connection, chosen, sizes)
    connection.execute(_copy(" UNION ALL ".join(_hashes(found)) or _NOTHING, file))
    connection.execute("DROP TABLE sketched")
    return Scanned(rows, found)


def _copy(select: str, file: Path) -> str:
    return f"COPY ({select}) TO {literal(str(file))} (FORMAT parquet, COMPRESSION zstd)"


def _text(name: str, kind: Kind) -> str:
    column = ident(name)
    if kind == "text":
        return f"CASE WHEN strlen({column}) BETWEEN 1 AND {_LONGEST} THEN {column} END"
    return f"CAST({column} AS VARCHAR)"


def _sizes(connection: Any, name: str, chosen: Sequence[tuple[str, Kind]]) -> list[tuple[int, int]]:
    """Return how many values and about how many distinct ones each column of a large table has."""
    picked = ", ".join(f"count({ident(c)}), approx_count_distinct({_text(c, kind)})" for c, kind in chosen)
    row = connection.execute(f"SELECT {picked} FROM {name}").fetchone()
    return [(int(row[2 * n]), int(row[2 * n + 1])) for n in range(len(chosen))]


def _values(name: str, chosen: Sequence[tuple[str, Kind]], sizes: Sequence[tuple[int, int]] | None) -> str:
    texts = []
    for place, (column, kind) in enumerate(chosen):
        text = _text(column, kind)
        distinct = sizes[place][1] if sizes else 0
        if distinct > KEPT:  # the same hashes of every table, so that samples can be compared
            below = int(2**64 * (KEPT / distinct)) - 1
            text = f"CASE WHEN hash({text}) < {below}::UBIGINT THEN {text} END"
        texts.append(text)
    places = ", ".join(str(place) for place in range(-1, len(chosen)))
    texts.insert(0, "'row'")
    return (
        "CREATE OR REPLACE TEMP TABLE sketched AS SELECT c, v, count(*) AS n FROM "
        f"(SELECT unnest([{places}])::SMALLINT AS c, unnest([{', '.join(texts)}]) AS v FROM {name}) "
        "WHERE v IS NOT NULL GROUP BY ALL"
    )


def _facts(
    connection: Any, chosen: Sequence[tuple[str, Kind]], sizes: Sequence[tuple[int, int]] | None
) -> tuple[int, list[ColumnFacts]]:
    """Return how many rows there are, counted in the same scan, and the columns that have a value."""
    rows = connection.execute(
        "SELECT c, count(*), sum(n)::BIGINT, max(n), min(TRY_CAST(v AS BIGINT)), max(TRY_CAST(v AS BIGINT)), "
        f"arg_min(v, hash(v), {_SAMPLE}) FROM sketched GROUP BY c"
    ).fetchall()
    found = []
    count = 0
    for place, distinct, filled, most, low, high, sample in sorted(rows):
        if place < 0:
            count = filled
            continue
        name, kind = chosen[place]
        if sizes and sizes[place][1] > KEPT:  # of the table, not of the sample
            filled, distinct = sizes[place][0], min(sizes[place])  # noqa: PLW2901
        whole = distinct <= KEPT
        shape = shape_of(name, kind, sample)
        prefix = ""
        if kind == "text" and shape == "code":
            prefix, numbers = counted(sample)
            low, high = (min(numbers), max(numbers)) if numbers else (None, None)  # noqa: PLW2901
        elif shape != "number":
            low = high = None  # noqa: PLW2901
        found.append(ColumnFacts(place, name, kind, filled, distinct, most, shape, low, high, prefix, whole))
    return count, found


def _hashes(columns: Sequence[ColumnFacts]) -> list[str]:
    """Return SELECTs of hashes: columns that are written alike together; `p` marks those that are looked for."""
    groups: dict[tuple[Space, str, bool], list[int]] = {}
    for column in columns:
        for space in spaces(column):
            groups.setdefault((space, sketched(column, space, "v"), may_hold(column)), []).append(column.place)
    return [
        f"SELECT c, {SPACES.index(space)}::TINYINT AS s, h, r <= {PROBES} AS p FROM "
        "(SELECT c, h, row_number() OVER (PARTITION BY c ORDER BY h) AS r FROM (SELECT DISTINCT c, hash(x) AS h FROM "
        f"(SELECT c, {value} AS x FROM sketched WHERE c IN ({', '.join(map(str, places))})) WHERE x <> '')) "
        f"WHERE r <= {KEPT if holds else PROBES}"
        for (space, value, holds), places in groups.items()
    ]


def may_hold(column: ColumnFacts) -> bool:
    """Say whether rows can be found by a column, as far as its values tell."""
    if column.shape in {"email", "site", "phone"}:
        return column.distinct >= 5 and column.distinct * 10 >= column.filled * 8
    return column.unique and column.distinct >= 2
