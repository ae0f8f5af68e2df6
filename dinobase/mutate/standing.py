"""How a mutation stands, from its rows' records; and the errors of asking for what no longer fits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

from dinobase.core.clock import now
from dinobase.core.errors import LakeError, QueryError
from dinobase.core.settings import Paths
from dinobase.lake.lock import work_lock
from dinobase.mutate.change import RowChange, Table
from dinobase.mutate.journal import Journal
from dinobase.mutate.step import Step
from dinobase.mutate.values import Json

WAITING = "pending_confirmation"
STOPPED = ("executing", "partial", "failed")
_CLOCKS_DIFFER = timedelta(minutes=1)  # of two machines that share a journal
WORDS = {"done": "succeeded", "failed": "failed", "conflict": "conflicts", "unknown": "unknown", "sending": "unknown"}


def rows_of(steps: Sequence[Step]) -> list[tuple[Step, RowChange]]:
    """Return every row with its step."""
    return [(step, change) for step in steps for change in step.changes]


def table_of(data: Mapping[str, Json]) -> Table:
    """Read what a plan says of its table."""
    paths = {name: tuple(path) for name, path in data["paths"].items()}
    return Table(
        data["connector"],
        data["name"],
        data["types"],
        paths,
        tuple(data["key"]),
        tuple(data["own"]),
        tuple(data["extra"]),
    )


def as_applied(table: Table, change: RowChange, state: Mapping[str, Any]) -> RowChange:
    """Return a change with the key that the source gave it."""
    key = json.loads(state["record_key"] or "{}")
    if change.operation == "create" and key and not change.identity:
        return RowChange(
            "create", key, None, {**(change.new or {}), **{k: key.get(k) for k in table.key}}, change.columns
        )
    return change


def shown_step(row: Mapping[str, Any]) -> dict[str, Json]:
    """Return a row as `confirm` and `mutations show` print it."""
    found = {
        "step": row["step"],
        "call": row["call_number"],
        "operation": row["operation"],
        "key": json.loads(row["record_key"] or "{}"),
        "status": "unknown" if row["status"] == "sending" else row["status"],
        "http_status": row["http_status"],
        "error": row["error"],
    }
    return {k: v for k, v in found.items() if v is not None}


def ended(states: Sequence[str]) -> str:
    """Return how a mutation stands from how its rows do."""
    if all(state == "done" for state in states):
        return "executed"
    if "done" in states or "unknown" in states or "sending" in states:
        return "partial"
    return "failed"


def expired(mutation: Mapping[str, Any]) -> bool:
    """Tell whether a preview is too old; one that was made later than now, on a clock set back, is of unknown age."""
    moment = now()
    made = datetime.fromisoformat(mutation["created_at"])
    return datetime.fromisoformat(mutation["expires_at"]) < moment or made > moment + _CLOCKS_DIFFER


def status_of(mutation: Mapping[str, Any]) -> str:
    """Return the status; what nobody confirmed in time has expired."""
    if mutation["status"] == WAITING and expired(mutation):
        return "expired"
    return str(mutation["status"])


def id_word(name: str) -> str:
    """Return which key an id is printed under."""
    return "batch_id" if name.startswith("bat_") else "mutation_id"


def not_waiting(name: str, status: str, verb: str = "confirm") -> QueryError:
    """Return the error for what can no longer be done."""
    words = {"expired": "has expired: its preview is older than 10 minutes"}
    return QueryError(
        f"{name} {words.get(status, f'is {status}')}, so there is nothing to {verb}",
        code="write.expired" if status == "expired" else "write.state",
        hint="Plan the write again." if status == "expired" else "dinobase mutations",
        status=status,
    )


def counted(journal: Journal, found: Sequence[Mapping[str, Any]], status: str = "") -> dict[str, Json]:
    """Return what `confirm` prints."""
    each = [_one(journal, str(m["mutation_id"]), status) for m in found]
    if len(each) == 1:
        return each[0]
    counts = {w: sum(e[w] for e in each) for w in ("succeeded", "failed", "conflicts", "unknown", "not_tried")}
    states = {e["status"] for e in each}
    whole = states.pop() if len(states) == 1 else "partial"
    return {"batch_id": found[0]["batch_id"], "status": whole, **counts, "mutations": each}


def _one(journal: Journal, mutation_id: str, status: str) -> dict[str, Json]:
    rows = journal.steps(mutation_id)
    counts = dict.fromkeys(("succeeded", "failed", "conflicts", "unknown", "not_tried"), 0)
    for row in rows:
        counts[WORDS.get(row["status"], "not_tried")] += 1
    steps = [shown_step(row) for row in rows]
    return {
        "mutation_id": mutation_id,
        "status": status or ended([row["status"] for row in rows]),
        **counts,
        "steps": steps,
    }


@contextmanager
def alone(paths: Paths, catalog: str, batch: str) -> Iterator[None]:
    """Let one process at a time work on a batch, of all machines that share the journal."""
    with ExitStack() as held:
        try:
            held.enter_context(work_lock(batch, catalog, paths.state))
        except LakeError as error:
            if error.error_code != "lake.locked":
                raise
            raise QueryError(
                "Another process is applying it", code="write.busy", hint="dinobase mutations shows how it stands"
            ) from None
        yield
