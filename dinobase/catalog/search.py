"""Finds tables by what they are called, mean and hold: BM25 over names and descriptions, and values of enumerations.

What an identity may not read is not found; a value is found only where the identity may read all rows of the column.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from dinobase.catalog import metric_notes
from dinobase.catalog.metric_notes import MetricNote
from dinobase.core.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from dinobase.access.guard import Guard

LIMIT = 10
_CANDIDATES = 400
_COLUMNS = 5
_VALUES = 3
_MAX_WORDS = 12
_VALUE_SCORE = 0.8
_TABLE_SCORE = 2.0
_Place: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """A column that matches; `values` are those of its values that do."""

    name: str
    type: str
    description: str = ""
    values: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table that matches, or of which columns do; `score` only orders."""

    table: str
    rows: int | None
    score: float
    description: str = ""
    columns: Sequence[FoundColumn] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """The best tables, and metrics; `more` tables match too. `hint` says what to try where nothing does."""

    query: str
    tables: Sequence[FoundTable]
    more: int = 0
    hint: str = ""
    metrics: Sequence[MetricNote] = ()


@dataclass(slots=True)
class _Hit:
    score: float = 0.0
    columns: dict[str, list[str]] = field(default_factory=dict)


def search(db: sqlite3.Connection, query: str, *, limit: int = LIMIT, guard: Guard | None = None) -> Found:
    """Search an index that is current."""
    words = words_of(query)
    if not words:
        raise UsageError("There is nothing to search for", hint='dinobase search "churn"')
    hits: dict[_Place, _Hit] = {}
    asked = " OR ".join(f'"{word}"*' if len(word) > 2 else f'"{word}"' for word in words)
    for connector, table, column, score in db.execute(
        "SELECT connector, tbl, col, bm25(words, 0, 0, 0, 8.0, 4.0) FROM words WHERE words MATCH ? ORDER BY 4 LIMIT ?",
        (asked, _CANDIDATES),
    ):
        if _may_see(db, guard, connector, table, column):
            weight = 1.0 if column or _owner(db, connector, table) else _TABLE_SCORE  # a table before its arrays
            _count(hits, (connector, table), column, -score * weight)
    for connector, table, column, value, score in db.execute(
        "SELECT connector, tbl, col, value, bm25(vals) FROM vals WHERE vals MATCH ? ORDER BY 5 LIMIT ?",
        (asked, _CANDIDATES),
    ):
        if _may_read(db, guard, connector, table, column):
            _count(hits, (connector, table), column, -score * _VALUE_SCORE)
            values = hits[connector, table].columns[column]
            if value not in values:
                values.append(value)
    best = sorted(hits, key=lambda place: (-hits[place].score, place))
    tables = [_table(db, place, hits[place], guard) for place in best[:limit]]
    hint = "" if tables else _hint(db, words, guard)
    return Found(query, tables, max(0, len(best) - limit), hint)


def words_of(query: str) -> list[str]:
    """Return the words to look for."""
    return list(dict.fromkeys(re.findall(r"[^\W_]+", query.lower())))[:_MAX_WORDS]


def text(found: Found) -> str:
    """Return a line per metric and table for models."""
    lines = [metric_notes.line(note, columns=True) for note in found.metrics]
    for table in found.tables:
        rows = "" if table.rows is None else f" {table.rows:,} rows"
        meaning = f": {table.description}" if table.description else ""
        lines.append(f"{table.table}{rows}{meaning}")
        for column in table.columns:
            values = f" = {', '.join(column.values)}" if column.values else ""
            what = f": {column.description}" if column.description else ""
            lines.append(f"  {column.name}{values}{what}")
    if found.more:
        lines.append(f"({found.more} more tables match)")
    return "\n".join([*lines, *([found.hint] if found.hint else [])]) + "\n"


def _count(hits: dict[_Place, _Hit], place: _Place, column: str, score: float) -> None:
    """Add to a table's hits: the first weighs whole, each further one less."""
    hit = hits.setdefault(place, _Hit())
    hit.score += score if not hit.score else score * 0.25
    if column:
        hit.columns.setdefault(column, [])


def _table(db: sqlite3.Connection, place: _Place, hit: _Hit, guard: Guard | None) -> FoundTable:
    connector, table = place
    rows, description = db.execute(
        "SELECT rows, description FROM tables WHERE connector = ? AND name = ?", place
    ).fetchone() or (None, None)
    if guard is not None and guard.policy.conditions(connector, _owner(db, connector, table) or table):
        rows = None
    columns = []
    for name, values in sorted(hit.columns.items(), key=lambda entry: not entry[1])[:_COLUMNS]:
        kind, what = db.execute(
            "SELECT type, description FROM columns WHERE connector = ? AND tbl = ? AND name = ?", (*place, name)
        ).fetchone() or ("", "")
        columns.append(FoundColumn(name, kind, what or "", tuple(values[:_VALUES])))
    is_view = bool(_owner(db, connector, table))
    return FoundTable(
        f"{connector}.{table}", None if is_view else rows, float(f"{hit.score:.3g}"), description or "", tuple(columns)
    )


def _owner(db: sqlite3.Connection, connector: str, table: str) -> str:
    row = db.execute("SELECT owner FROM tables WHERE connector = ? AND name = ?", (connector, table)).fetchone()
    return str(row[0]) if row else ""


def _may_see(db: sqlite3.Connection, guard: Guard | None, connector: str, table: str, column: str) -> bool:
    """Say whether a table, and its column where one is named, is there for an identity."""
    if guard is None:
        return True
    if not guard.policy.connector(connector):
        return False
    owner = _owner(db, connector, table)
    if owner:
        shown = guard.policy.table(connector, owner) or guard.policy.table(connector, table)
        if not shown or guard.column(connector, owner, table[len(owner) + 2 :]) == "deny":
            return False
    elif not guard.policy.table(connector, table):
        return False
    return not column or guard.column(connector, table, column) != "deny"


def _may_read(db: sqlite3.Connection, guard: Guard | None, connector: str, table: str, column: str) -> bool:
    """Say whether an identity reads all values of a column in clear."""
    if guard is None:
        return True
    return (
        _may_see(db, guard, connector, table, column)
        and guard.column(connector, table, column) == "show"
        and not guard.policy.conditions(connector, table)
    )


def _hint(db: sqlite3.Connection, words: Sequence[str], guard: Guard | None) -> str:
    if guard is not None:
        return "Nothing matches: dinobase info lists all tables."
    known = [row[0] for row in db.execute("SELECT term FROM vocabulary")]
    near: Mapping[str, str] = {word: did_you_mean(word, (k for k in known if k[0] == word[0])) for word in words}
    found = [word for word in near.values() if word]
    return (
        f"Nothing matches. Near: {', '.join(found)}." if found else "Nothing matches: dinobase info lists all tables."
    )
