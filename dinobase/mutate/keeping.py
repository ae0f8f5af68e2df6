"""How long the journal keeps what rows held: after `journal_retention` the facts alone, and the chain still holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from dinobase.catalog.mutations import SINCE
from dinobase.core.clock import iso, now
from dinobase.lake.records import Records, open_records, read_records
from dinobase.mutate.journal import EXPIRED, Writing

_OPEN = timedelta(days=1)  # what waits or is being sent is younger
_OLD = (
    "SELECT mutation_id FROM mutations WHERE plan IS NOT NULL AND COALESCE(finished_at, created_at) < ?"
    " AND (created_at < ? OR status NOT IN ('pending_confirmation', 'executing'))"
)


def drop_old(state: Path, catalog: str, retention: timedelta) -> int:
    """Drop plans, before-images, requests and answers of mutations that ended so long ago; returns of how many."""
    moment = now()
    values = [iso(moment - retention), iso(moment - _OPEN)]
    with read_records(state, catalog, since=SINCE) as records:
        if records is None or not records.rows(f"{_OLD} LIMIT 1", values):
            return 0
    with open_records(state, catalog) as records:
        old = [str(row[0]) for row in records.rows(_OLD, values)]
        drop(records, old, EXPIRED)
        records.scrub()
    return len(old)


def drop(records: Records, mutations: Iterable[str], event: str) -> None:
    """Take what rows held out of mutations and their records; `event` says in the chain why it is not there."""
    writing = Writing(records)
    for mutation in mutations:
        with records.changes():
            records.run("UPDATE mutations SET plan = NULL WHERE mutation_id = ?", [mutation])
            sql = "UPDATE mutation_steps SET request = NULL, before_image = NULL, answer = NULL, error = NULL"
            records.run(f"{sql} WHERE mutation_id = ?", [mutation])
            records.run("UPDATE mutation_journal SET body = NULL WHERE mutation_id = ?", [mutation])
            writing.append(mutation, event, {})


def drop_locks(state: Path, before: datetime) -> None:
    """Delete the lock files of batches that nobody works on any more."""
    for path in state.glob("bat_*.lock"):
        try:
            if path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)
        except OSError:  # it can stay
            continue
