"""All sketches together, in one instance that spills: how many of a column's hashes another column has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dinobase.catalog.relations.candidates import Guess, Side, may_be_parent
from dinobase.catalog.relations.forms import sketched, spaces
from dinobase.catalog.relations.sketch import SPACES
from dinobase.catalog.relations.values import Space
from dinobase.lake.sql import ident, literal

_FILES = 200  # that one statement reads
_LEAST = {"key": 0.3, "domain": 0.05, "phone": 0.1}  # share of hashes that are found, for a pair to be counted


class Sketches:
    """Tables `probe`, hashes that are looked for, and `held`, hashes by which rows can be found."""

    def __init__(self, connection: Any, sides: Sequence[Side], files: Mapping[tuple[str, str], Path]) -> None:
        self._connection = connection
        self._sides = sides
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE probe (col INTEGER, s TINYINT, h UBIGINT);"
            "CREATE OR REPLACE TEMP TABLE held (col INTEGER, s TINYINT, h UBIGINT);"
            "CREATE OR REPLACE TEMP TABLE numbers (filename VARCHAR, c SMALLINT, col INTEGER, holds BOOLEAN)"
        )
        by_file: dict[str, list[Side]] = {}
        for side in sides:
            by_file.setdefault(str(files[side.table.connector, side.table.table]), []).append(side)
        names = list(by_file)
        for start in range(0, len(names), _FILES):
            self._load(names[start : start + _FILES], by_file)

    def _load(self, files: Sequence[str], by_file: Mapping[str, Sequence[Side]]) -> None:
        rows = ", ".join(
            f"({literal(file)}, {side.column.place}, {side.number}, {may_be_parent(side)})"
            for file in files
            for side in by_file[file]
        )
        self._connection.execute(f"DELETE FROM numbers; INSERT INTO numbers VALUES {rows}")
        read = f"read_parquet([{', '.join(map(literal, files))}], filename = true)"
        self._connection.execute(
            "CREATE OR REPLACE TEMP TABLE loaded AS "
            f"SELECT col, s, h, p, holds FROM {read} JOIN numbers USING (filename, c);"
            "INSERT INTO probe SELECT col, s, h FROM loaded WHERE p;"
            "INSERT INTO held SELECT col, s, h FROM loaded WHERE holds; DROP TABLE loaded"
        )

    def holds(self, side: Side) -> bool:
        """Say whether rows may be found by a column."""
        return may_be_parent(side)

    def probe_large(self, side: Side, name: str) -> None:
        """Look in a large column, of which a sketch holds a part alone, for every hash that anybody has."""
        column = ident(side.column.name)
        text = column if side.column.kind == "text" else f"CAST({column} AS VARCHAR)"
        for space in spaces(side.column):
            number = SPACES.index(space)
            self._connection.execute(
                f"DELETE FROM held WHERE col = {side.number} AND s = {number};"
                f"INSERT INTO held SELECT {side.number}, {number}, h FROM "
                f"(SELECT DISTINCT hash({sketched(side.column, space, text)}) AS h FROM {name}) "
                f"WHERE h IN (SELECT h FROM probe WHERE s = {number} AND col <> {side.number})"
            )

    def likely(self, guesses: Iterable[Guess]) -> list[Guess]:
        """Return the guesses of which enough hashes are found."""
        by_pair = {(g.child.number, g.parent.number): g for g in guesses}
        if not by_pair:
            return []
        self._connection.execute("CREATE OR REPLACE TEMP TABLE guess (child INTEGER, parent INTEGER)")
        pairs = list(by_pair)
        for start in range(0, len(pairs), 5_000):
            rows = ", ".join(f"({child}, {parent})" for child, parent in pairs[start : start + 5_000])
            self._connection.execute(f"INSERT INTO guess VALUES {rows}")
        found = self._connection.execute(
            "WITH hits AS (SELECT g.child, g.parent, count(*) AS n FROM guess g "
            "JOIN probe p ON p.col = g.child AND p.s = 0 JOIN held w ON w.col = g.parent AND w.s = 0 AND w.h = p.h "
            "GROUP BY ALL) SELECT child, parent FROM hits "
            "JOIN (SELECT col, count(*) AS probes FROM probe WHERE s = 0 GROUP BY col) ON col = child "
            f"WHERE n >= {_LEAST['key']} * probes"
        ).fetchall()
        return [by_pair[pair] for pair in found]

    def sharing(self) -> list[Guess]:
        """Return the pairs that share values which nobody has by chance."""
        found: list[Guess] = []
        for space in SPACES:
            found += self._sharing(space, [s for s in self._sides if _shares(s, space)])
        return found

    def _sharing(self, space: Space, sides: Sequence[Side]) -> list[Guess]:
        if not sides:
            return []
        number = SPACES.index(space)
        rows = ", ".join(f"({side.number})" for side in sides)
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE open (col INTEGER); INSERT INTO open VALUES {rows}")
        found = self._connection.execute(
            f"WITH mine AS (SELECT * FROM probe SEMI JOIN open USING (col) WHERE s = {number}), "
            f"theirs AS (SELECT * FROM held SEMI JOIN open USING (col) WHERE s = {number}), "
            "hits AS (SELECT m.col AS child, t.col AS parent, count(*) AS n FROM mine m JOIN theirs t USING (h) "
            "WHERE m.col <> t.col GROUP BY ALL) SELECT child, parent FROM hits "
            "JOIN (SELECT col, count(*) AS probes FROM mine GROUP BY col) ON col = child "
            f"WHERE n >= 3 AND n >= {_LEAST[space]} * probes"
        ).fetchall()
        guesses = [Guess(self._sides[child], self._sides[parent], space, 0.0) for child, parent in found]
        if space == "domain":  # two people of one firm have one domain: that joins nobody to anything
            return [one for one in guesses if one.parent.column.shape == "site"]
        return guesses


def _shares(side: Side, space: Space) -> bool:
    if space == "key":
        return side.distinctive or side.column.shape == "email"
    return space in spaces(side.column)
