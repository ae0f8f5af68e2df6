"""Takes a record out of the journal: what it held goes, that something was written to it stays, and the chain holds.

A mutation that touched the record, or names a text that was its alone, keeps its facts; it can be undone no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dinobase.catalog.mutations import SINCE
from dinobase.lake.records import Records, open_records, read_records
from dinobase.mutate.journal import FORGOTTEN
from dinobase.mutate.keeping import drop
from dinobase.mutate.values import Json

GONE = "(forgotten)"
_TEXTS = (
    "SELECT sql, plan FROM mutations WHERE mutation_id = ?",
    "SELECT record_key, request, before_image, answer, error FROM mutation_steps WHERE mutation_id = ?",
    "SELECT body FROM mutation_journal WHERE mutation_id = ?",
)


def forget(state: Path, catalog: str, connector: str, table: str, key: Mapping[str, str], values: Sequence[str]) -> int:
    """Do it; `values` are texts that were the record's alone. Returns how many mutations lost what they held."""
    with read_records(state, catalog, since=SINCE) as there:
        if there is None:
            return 0
    spelt = tuple(spelling for value in values for spelling in spellings(value))
    with open_records(state, catalog) as records:
        touched = [name for name in _names(records) if _touches(records, name, connector, table, key, spelt)]
        drop(records, touched, FORGOTTEN)
        with records.changes():
            for name in touched:
                records.run("UPDATE mutations SET sql = ? WHERE mutation_id = ?", [GONE, name])
                for step, text in records.rows(
                    "SELECT step, record_key FROM mutation_steps WHERE mutation_id = ?", [name]
                ):
                    if _is(json.loads(text or "{}"), key) or _names_one(text or "", spelt):
                        sql = "UPDATE mutation_steps SET record_key = '{}' WHERE mutation_id = ? AND step = ?"
                        records.run(sql, [name, step])
            _forget_runs(records, spelt)
        records.scrub()
    return len(touched)


def spellings(value: str) -> tuple[str, ...]:
    """Return a text as it stands in JSON, in SQL, and as it is."""
    inside = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    return tuple(dict.fromkeys((value, *inside, value.replace("'", "''"))))


def _names(records: Records) -> list[str]:
    return [str(row[0]) for row in records.rows("SELECT mutation_id FROM mutations WHERE sql <> ?", [GONE])]


def _touches(
    records: Records, name: str, connector: str, table: str, key: Mapping[str, str], spelt: Sequence[str]
) -> bool:
    sql = "SELECT connector, table_name, plan FROM mutations WHERE mutation_id = ?"
    owner, target, plan = records.rows(sql, [name])[0]
    if (owner, target) == (connector, table):
        steps = records.rows("SELECT record_key FROM mutation_steps WHERE mutation_id = ?", [name])
        if any(_is(json.loads(text or "{}"), key) for (text,) in steps):
            return True
        if any(_is(found, key) for found in _keys(plan)):
            return True
    return any(_names_one(text, spelt) for sql in _TEXTS for row in records.rows(sql, [name]) for text in row if text)


def _keys(plan: str | None) -> Iterator[Mapping[str, Json]]:
    for step in json.loads(plan)["steps"] if plan else ():
        for change in step["changes"]:
            yield change["key"]
            yield change["new"] or {}


def _is(found: Mapping[str, Json], key: Mapping[str, str]) -> bool:
    return all(column in found and str(found[column]) == value for column, value in key.items())


def _names_one(text: str, spelt: Sequence[str]) -> bool:
    return any(value in text for value in spelt)


def _forget_runs(records: Records, spelt: Sequence[str]) -> None:
    """Errors of syncs quote what an API said."""
    for table, column in (("sync_runs", "run_id"), ("sync_run_tables", "run_id")):
        for name, error in records.rows(f"SELECT {column}, error FROM {table} WHERE error IS NOT NULL"):
            if _names_one(error, spelt):
                records.run(f"UPDATE {table} SET error = ? WHERE {column} = ? AND error = ?", [GONE, name, error])
