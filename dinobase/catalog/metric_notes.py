"""Metrics as search, describe and info tell them: a line each, of those that are there for whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.lake.location import Storage

_DESCRIPTION = 120
_MANY = 12
_FEW_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class MetricNote:
    """One metric; `tables` are those that it is computed from, `columns` what it gave when it was added."""

    name: str
    query: str
    description: str = ""
    unit: str = ""
    grain: str = ""
    tables: Sequence[str] = ()
    columns: Sequence[str] = ()
    sql: str = ""


def notes(state: Path, storage: Storage, guard: Guard | None) -> list[MetricNote]:
    """Return the metrics that are there, by name."""
    from dinobase.catalog.metric_sight import Sight
    from dinobase.catalog.metrics import MetricBook, sources

    known = MetricBook(state, storage.catalog).current()
    if not known:
        return []
    sight = Sight(guard, storage)
    seen = sight.of(known)
    return [
        MetricNote(
            metric.name,
            f"SELECT * FROM metric('{metric.name}')",
            metric.description,
            metric.unit,
            metric.grain,
            [f"{connector}.{table}" for connector, table in sources(metric, seen)],
            [name for name, _ in sight.columns(metric, seen)],
            metric.sql,
        )
        for metric in seen.values()
    ]


def reading(found: Sequence[MetricNote], table: str) -> list[MetricNote]:
    """Return those that are computed from a table."""
    return [note for note in found if table.lower() in note.tables]


def matching(found: Sequence[MetricNote], words: Sequence[str], limit: int) -> list[MetricNote]:
    """Return those that words fit, best first."""
    if not found or not words:
        return []
    import sqlite3

    asked = " OR ".join(f'"{word}"*' if len(word) > 2 else f'"{word}"' for word in words)
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(
            "CREATE VIRTUAL TABLE words USING fts5(name, text, tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        for place, note in enumerate(found, 1):
            text = (note.description, note.unit, note.grain, *note.columns, *note.tables, "metric")
            db.execute("INSERT INTO words (rowid, name, text) VALUES (?, ?, ?)", (place, note.name, " ".join(text)))
        rows = db.execute(
            "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 8.0, 4.0), rowid LIMIT ?", (asked, limit)
        ).fetchall()
    return [found[place - 1] for (place,) in rows]


def line(note: MetricNote, *, columns: bool = False) -> str:
    """Return `metric('mrr') [usd] by month: Monthly recurring revenue (month, mrr)`."""
    marks = f"{f' [{note.unit}]' if note.unit else ''}{f' by {note.grain}' if note.grain else ''}"
    text = " ".join(note.description.split())
    text = text if len(text) <= _DESCRIPTION else f"{text[: _DESCRIPTION - 1].rsplit(' ', 1)[0]}…"
    more = "..." if len(note.columns) > _FEW_COLUMNS else ""
    given = f" ({', '.join([*note.columns[:_FEW_COLUMNS], *filter(None, [more])])})" if columns and note.columns else ""
    return f"metric('{note.name}'){marks}{f': {text}' if text else ''}{given}"


def names(found: Sequence[str]) -> str:
    """Return one line that names metrics, or the first of many; '' for none."""
    if not found:
        return ""
    rest = f" and {len(found) - _MANY} more (search)" if len(found) > _MANY else ""
    return f"Metrics, tested at each use, FROM metric('{found[0]}'): {', '.join(found[:_MANY])}{rest}."
