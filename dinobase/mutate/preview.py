"""What a person or an agent sees of a plan before it is approved. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dinobase.kinds import duration
from dinobase.mutate.change import Changed, RowChange, Table
from dinobase.mutate.parse import Statement
from dinobase.mutate.step import Step, not_undoable
from dinobase.mutate.values import Json, shown
from dinobase.spec.models import Connector


def preview(
    connector: Connector,
    table: Table,
    statement: Statement | None,
    changed: Changed,
    steps: Sequence[Step],
    warnings: Sequence[str],
) -> dict[str, Json]:
    """Return the preview; `statement` is None for an undo."""
    rows = [row for step in steps for row in step.changes]
    calls = sum(1 + (len(step.changes) if step.checked else 0) for step in steps)
    lost = not_undoable(connector, table, rows)
    found: dict[str, Json] = {
        "operation": statement.kind if statement else "undo",
        "source": table.connector,
        "table": table.name,
        "rows_affected": len(rows),
        "changes": [_change(row) for row in rows],
        "requests": [step.preview() for step in steps],
        "calls": calls,
        "seconds": seconds(connector, calls),
        "undoable": not lost,
        "not_undoable": lost,
        "not_writable": not_writable(table, steps),
        "warnings": [*warnings, *_own_warnings(steps)],
    }
    if changed.returning is not None:
        found["returning"] = shown(changed.returning)
    return found


def _change(row: RowChange) -> dict[str, Json]:
    old, new = row.old or {}, row.new or {}
    columns = row.columns or tuple(c for c, v in old.items() if v is not None and not c.startswith("_dinobase"))
    found: dict[str, Json] = {
        "key": {k: shown(v) for k, v in row.key.items()},
        "columns": {c: {"old": shown(old.get(c)), "new": shown(new.get(c))} for c in columns},
    }
    if row.operation != "update":
        found["operation"] = {"create": "insert", "delete": "delete"}[row.operation]
    return found


def seconds(connector: Connector, calls: int) -> float:
    """Return how long so many calls take under the rate limit alone."""
    limit = connector.client.rate_limit
    if limit is None or calls <= limit.requests:
        return 0.0
    return round((calls - limit.requests) * (duration.seconds(limit.per) or 1.0) / limit.requests, 1)


def not_writable(table: Table, steps: Sequence[Step]) -> list[str]:
    """Return the table's columns that the endpoints in use cannot write."""
    changing = [s.target for s in steps if s.changes[0].operation != "delete"]
    if not changing:
        return []
    return [c for c in table.types if not any(t.writable(c) for t in changing) and not c.startswith("_dinobase")]


def _own_warnings(steps: Sequence[Step]) -> list[str]:
    found: dict[str, None] = {}
    for step in steps:
        operation = step.changes[0].operation
        if operation != "create" and not step.checked:
            found["The source cannot be asked for one record: a change made there since the last sync is not seen"] = (
                None
            )
        if operation == "update" and step.target.full:
            found["The whole record is sent: columns that are not named keep what they have when it is sent"] = None
        if len(step.changes) > 1:
            found[f"Up to {len(step.changes)} rows go in one call"] = None
    return list(found)
