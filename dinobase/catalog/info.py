"""What is here, for a reader who knows nothing: connectors, their tables and sizes, in as many tokens as are given.

Few connectors are told with all tables and what they are about, many with a count of tables each.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dinobase.catalog import metric_notes
from dinobase.catalog.metric_notes import MetricNote
from dinobase.catalog.runs import DEFAULT_FRESHNESS_S, LastSync
from dinobase.catalog.tokens import exceeds

if TYPE_CHECKING:
    from dinobase.access.guard import Guard

FEW_TOKENS = 750
MANY_TOKENS = 1_900
_FEW = 5
_DESCRIPTION = 90
HOW = (
    "Tables are connector.table and join across connectors; SQL is DuckDB's. "
    'Next: dinobase search "words", dinobase describe connector.table ..., dinobase query "SELECT ...".'
)


@dataclass(frozen=True, slots=True)
class InfoTable:
    """A table and how many rows it holds; null where the number is not for this reader."""

    name: str
    rows: int | None
    description: str = ""


@dataclass(frozen=True, slots=True)
class InfoConnector:
    """A connector; `last_sync` is the newest of its tables', `is_stale` where any of them is, `failed` likewise."""

    name: str
    description: str
    tables: Sequence[InfoTable]
    last_sync: str | None
    is_stale: bool
    failed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Info:
    """All that is connected, and the metrics that are defined."""

    connectors: Sequence[InfoConnector]
    how: str = HOW
    metrics: Sequence[MetricNote] = ()


def collect(
    db: sqlite3.Connection,
    freshness: Mapping[str, float],
    syncs: Mapping[tuple[str, str], LastSync],
    guard: Guard | None = None,
) -> Info:
    """Read an index that is current; views of arrays are left to `describe`."""
    descriptions = dict(db.execute("SELECT name, description FROM connectors").fetchall())
    tables: dict[str, list[InfoTable]] = {}
    for connector, name, rows, description in db.execute(
        "SELECT connector, name, rows, description FROM tables WHERE owner = '' ORDER BY connector, name"
    ):
        if guard is not None and not guard.policy.table(connector, name):
            continue
        hidden = guard is not None and guard.policy.conditions(connector, name)
        tables.setdefault(connector, []).append(InfoTable(name, None if hidden else rows, description or ""))
    found = []
    for name in sorted(freshness):
        if guard is not None and not guard.policy.connector(name):
            continue
        own = {t.name: syncs.get((name, t.name), LastSync()) for t in tables.get(name, ())}
        times = [last.synced_at for last in own.values() if last.synced_at]
        found.append(
            InfoConnector(
                name=name,
                description=descriptions.get(name) or "",
                tables=tables.get(name, ()),
                last_sync=max(times, default=None),
                is_stale=not own or any(s.is_stale(freshness.get(name, DEFAULT_FRESHNESS_S)) for s in own.values()),
                failed=[table for table, last in own.items() if last.status == "error"],
            )
        )
    return Info(found)


def text(info: Info) -> str:
    """Return the most telling form that fits: 750 tokens for five connectors, 1,900 for more."""
    if not info.connectors:
        return "Nothing is connected yet: dinobase add NAME, then dinobase sync.\n"
    budget = FEW_TOKENS if len(info.connectors) <= _FEW else MANY_TOKENS
    found = ""
    for found in _forms(info):
        if not exceeds(found, budget):
            return found
    return found


def _forms(info: Info) -> Iterator[str]:
    if info.metrics:
        yield _page(info, [*map(_full, info.connectors), *(f"{metric_notes.line(note)}" for note in info.metrics)], "")
    yield _page(info, [_full(one) for one in info.connectors])
    yield _page(info, [_named(one) for one in info.connectors])
    for most in (12, 6, 3):
        yield _page(info, [_named(one, most) for one in info.connectors])
    short = [replace(one, description="") for one in info.connectors]
    yield _page(info, [_counted(one) for one in info.connectors])
    for most in (4, 2):
        yield _page(info, [_largest(one, most) for one in short])
    yield _page(info, [_counted(one) for one in short])
    names = [f"{one.name} {len(one.tables)}{_state(one, short=True)}" for one in short]
    yield _page(info, [", ".join(names)])
    count = len(names)
    while count > 10:
        count = count * 3 // 4
        yield _page(info, [f"{', '.join(names[:count])} and {len(names) - count} more: dinobase connectors"])


def _page(info: Info, lines: Sequence[str], metrics: str | None = None) -> str:
    named = metric_notes.names([note.name for note in info.metrics]) if metrics is None else metrics
    tables = sum(len(one.tables) for one in info.connectors)
    count = len(info.connectors)
    head = f"{count} connector{'' if count == 1 else 's'}, {tables:,} tables. {info.how}"
    return "\n".join([head, *lines, *filter(None, [named])]) + "\n"


def _full(one: InfoConnector) -> str:
    lines = [_head(one)]
    for table in one.tables:
        what = f": {_cut(table.description)}" if table.description else ""
        lines.append(f"  {table.name}{_rows(table)}{what}")
    return "\n".join(lines)


def _named(one: InfoConnector, most: int = 0) -> str:
    shown = sorted(one.tables, key=lambda table: -(table.rows or 0))[:most] if most else one.tables
    left = len(one.tables) - len(shown)
    names = ", ".join(f"{table.name}{_rows(table)}" for table in shown)
    return f"{_head(one)}: {names}{f' and {left} more' if left else ''}"


def _largest(one: InfoConnector, most: int) -> str:
    shown = sorted(one.tables, key=lambda table: -(table.rows or 0))[:most]
    left = len(one.tables) - len(shown)
    names = ", ".join(table.name for table in shown)
    return f"{one.name}{_state(one, short=True)}: {names}{f' +{left}' if left else ''}"


def _counted(one: InfoConnector) -> str:
    count = len(one.tables)
    about = f": {_cut(one.description, 60)}" if one.description else ""
    return f"{one.name} {count} table{'' if count == 1 else 's'}{_state(one, short=True)}{about}"


def _head(one: InfoConnector) -> str:
    about = f" ({_cut(one.description)})" if one.description else ""
    return f"{one.name}{about}{_state(one)}"


def _state(one: InfoConnector, *, short: bool = False) -> str:
    if one.last_sync is None:
        return " never synced"
    stale = " stale" if one.is_stale else ""
    failed = f" failed: {', '.join(one.failed)}" if one.failed and not short else " failed" if one.failed else ""
    age = "" if short else f" synced {one.last_sync[:16].replace('T', ' ')}Z"
    return f"{age}{stale}{failed}"


def _rows(table: InfoTable) -> str:
    return "" if table.rows is None else f" {table.rows}"


def _cut(text: str, longest: int = _DESCRIPTION) -> str:
    first = text.split(". ", maxsplit=1)[0].rstrip(".")
    return first if len(first) <= longest else f"{first[: longest - 1].rsplit(' ', 1)[0]}…"
