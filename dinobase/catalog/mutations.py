"""The journal of writes as it is read: `_dinobase.mutations`, one row per statement, and `_dinobase.mutation_steps`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dinobase.lake.records import read_records

SINCE = 4  # the migration that makes these tables
MUTATION_COLUMNS = (
    "mutation_id", "batch_id", "place", "identity", "connector", "table_name", "operation", "sql", "status", "approval",
    "rows", "plan_hash", "created_at", "expires_at", "approved_by", "approved_at", "finished_at", "undo_of",
)  # fmt: skip
STEP_COLUMNS = (
    "mutation_id", "step", "call_number", "operation", "record_key", "status", "request", "before_image", "answer",
    "http_status", "error", "idempotency_key", "sent_at", "finished_at",
)  # fmt: skip
HIDDEN_STEP_COLUMNS = frozenset({"request", "before_image", "answer", "error"})  # values that access rules may hide


def rows(
    table: str, columns: Sequence[str], state: Path, catalog: str = "", *, identity: str = ""
) -> list[tuple[Any, ...]]:
    """Return a whole table, for SQL; `identity`: its own mutations alone."""
    where, values = "", []
    if identity:
        where, values = " WHERE mutation_id IN (SELECT mutation_id FROM mutations WHERE identity = ?)", [identity]
    order = "created_at, place" if table == "mutations" else "mutation_id, step"
    with read_records(state, catalog, since=SINCE) as records:
        if records is None:
            return []
        return records.rows(f"SELECT {', '.join(columns)} FROM {table}{where} ORDER BY {order}", values)
