"""An answer within a number of tokens: the rows where they fit, else a summary, the first rows and a handle to all.

What does not fit even so (a thousand columns) loses first the sample rows, then the frequent values, then columns;
the handle is always named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dinobase.catalog.tokens import exceeds
from dinobase.core.errors import UsageError
from dinobase.query.format import render
from dinobase.query.result import ColumnSummary, Kept, QueryResult, Summary

if TYPE_CHECKING:
    from dinobase.query.decision import Told
    from dinobase.query.engine import QueryEngine
    from dinobase.query.stream import ResultStream

LEAST = {"compact": 200, "json": 400}  # what the shortest summary takes
SAMPLE_ROWS = 5
_LONGEST = 80


def run_within(
    engine: QueryEngine,
    sql: str,
    budget: int,
    *,
    form: str = "compact",
    max_rows: int = 10_000,
    timeout: float = 60.0,
    told: Told | None = None,
) -> QueryResult:
    """Answer one SELECT in at most about `budget` tokens of `form`; 0 is no limit."""
    if not budget:
        return engine.run(sql, max_rows=max_rows, timeout=timeout, told=told)
    if form not in LEAST:
        raise UsageError(f"A budget cannot be kept in {form}, which has rows alone", hint="--format compact, or json.")
    if budget < LEAST[form]:
        raise UsageError(f"A budget of {budget} tokens is too small", hint=f"At least {LEAST[form]}; 0 means no limit.")
    most = min(max_rows or budget, budget)  # a row costs a token at least
    with engine.stream(sql, max_rows=most, timeout=timeout, told=told) as stream:
        found = stream.whole()
        cut = found.truncated and most != max_rows
        if not cut and not exceeds(render(found, form), budget):
            return found
        if not stream.sql:
            return _shortened(found, budget, form)
        if not engine.handles.writable:
            return _shortened(replace(found, notes=(*found.notes, _unkept(budget))), budget, form)
        return _kept(engine, stream, budget, form)


def _kept(engine: QueryEngine, stream: ResultStream, budget: int, form: str) -> QueryResult:
    from dinobase.query.summary import first_rows, summarise

    handle = engine.handles.write(stream.connection, stream.sql, stream.columns, stream.sources)
    summary = summarise(stream.connection, handle)
    columns, rows = first_rows(stream.connection, handle, SAMPLE_ROWS)
    whole = QueryResult(
        columns=tuple(column.name for column in columns),
        column_types=tuple(column.type for column in columns),
        rows=[tuple(_short(value) for value in row) for row in rows],
        truncated=True,
        sources=stream.sources,
        notes=(*stream.notes, _note(handle.table, summary, budget)),
        handle=Kept(handle.table, handle.rows, handle.expires_at),
        summary=summary,
    )
    for found in _smaller(whole):
        if not exceeds(render(found, form), budget):
            return found
    return found


def _note(table: str, summary: Summary, budget: int) -> str:
    only = "" if summary.complete else f"only the first {summary.row_count:,} rows were kept; "
    return f"{only}the rows need more than {budget:,} tokens: query {table}, or select less"


def _unkept(budget: int) -> str:
    return f"the rows need more than {budget:,} tokens and this workspace cannot be written to keep them: select less"


def _smaller(whole: QueryResult) -> Iterator[QueryResult]:
    """Yield ever shorter forms of the same answer."""
    assert whole.summary is not None
    yield whole
    yield replace(whole, rows=whole.rows[:2])
    bare = replace(whole, rows=[], summary=_lean(whole.summary))
    yield bare
    count = len(whole.columns)
    while count > 1:
        count //= 2
        summary = _lean(whole.summary, count)
        left = f"{len(whole.columns) - count} columns are not shown"
        yield replace(
            bare,
            columns=whole.columns[:count],
            column_types=whole.column_types[:count],
            notes=(*whole.notes, left),
            summary=summary,
        )


def _lean(summary: Summary, count: int | None = None) -> Summary:
    columns = [ColumnSummary(c.name, c.type, c.nulls, c.distinct) for c in summary.columns[:count]]
    return replace(summary, columns=columns)


def _shortened(found: QueryResult, budget: int, form: str) -> QueryResult:
    """Cut what is not kept (EXPLAIN) to as many rows as fit."""
    rows = found.rows
    while rows:
        rows = rows[: len(rows) // 2]
        shorter = replace(found, rows=rows, truncated=True)
        if not exceeds(render(shorter, form), budget):
            return shorter
    return replace(found, rows=[], truncated=True)


def _short(value: Any) -> Any:
    return f"{value[: _LONGEST - 1]}…" if isinstance(value, str) and len(value) > _LONGEST else value
