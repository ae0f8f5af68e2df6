"""What was planned, intended, sent and answered: append-only, each record holding the hash of the one before.

A record is committed before what it announces is done. `mutations` and `mutation_steps` are how things stand, changed
in the same transaction as the record that says so. What a record's rows hold stands in its body alone, never in its
facts: bodies can be dropped later, and the chain has their hashes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dinobase.catalog.mutations import MUTATION_COLUMNS, SINCE, STEP_COLUMNS
from dinobase.core.clock import iso, now
from dinobase.core.errors import UnknownName
from dinobase.lake.records import Records, open_records, read_records
from dinobase.mutate.values import Json, dumps, loads

_START = "0" * 64
EXPIRED, FORGOTTEN = "retention", "forgotten"
DROPPED = (EXPIRED, FORGOTTEN)  # events after which a mutation's records have no bodies


def digest(value: Json) -> str:
    """Return the hash of JSON data."""
    return _digest(dumps(value))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Broken:
    """The first record whose hash does not fit."""

    place: int
    reason: str


class Journal:
    """Opens the records for each piece of work; `writing` keeps them open for a whole run."""

    def __init__(self, state: Path, catalog: str = "") -> None:
        self._state = state
        self._catalog = catalog

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Open for writing; every event is on disk when its call returns."""
        with open_records(self._state, self._catalog) as records:
            yield Writing(records)

    def mutations(self, *, identity: str = "", limit: int = 0) -> list[dict[str, Any]]:
        """Return mutations, newest first; `identity`: its own alone."""
        where = " WHERE identity = ?" if identity else ""
        tail = f" LIMIT {limit}" if limit else ""
        sql = f"SELECT {', '.join(MUTATION_COLUMNS)} FROM mutations{where} ORDER BY created_at DESC, place DESC{tail}"
        with read_records(self._state, self._catalog, since=SINCE) as records:
            rows = [] if records is None else records.rows(sql, [identity] if identity else [])
        return [dict(zip(MUTATION_COLUMNS, row, strict=True)) for row in rows]

    def find(self, name: str) -> list[dict[str, Any]]:
        """Return the mutation, or the batch's, of an id, in order, with their plans; raises UnknownName."""
        columns = (*MUTATION_COLUMNS, "plan")
        sql = f"SELECT {', '.join(columns)} FROM mutations WHERE mutation_id = ? OR batch_id = ? ORDER BY place"
        with read_records(self._state, self._catalog, since=SINCE) as records:
            rows = [] if records is None else records.rows(sql, [name, name])
        if not rows:
            raise UnknownName(
                f"There is no mutation {name}", code="unknown.mutation", hint="dinobase mutations", mutation_id=name
            )
        found = [dict(zip(columns, row, strict=True)) for row in rows]
        return [m | {"plan": loads(m["plan"]) if m["plan"] else None} for m in found]

    def steps(self, mutation_id: str) -> list[dict[str, Any]]:
        """Return how each row of a mutation stands."""
        sql = f"SELECT {', '.join(STEP_COLUMNS)} FROM mutation_steps WHERE mutation_id = ? ORDER BY step"
        with read_records(self._state, self._catalog, since=SINCE) as records:
            rows = [] if records is None else records.rows(sql, [mutation_id])
        return [dict(zip(STEP_COLUMNS, row, strict=True)) for row in rows]

    def has(self, mutation_id: str, event: str) -> bool:
        """Tell whether something happened to a mutation."""
        sql = "SELECT 1 FROM mutation_journal WHERE mutation_id = ? AND event = ? LIMIT 1"
        with read_records(self._state, self._catalog, since=SINCE) as records:
            return records is not None and bool(records.rows(sql, [mutation_id, event]))

    def facts(self, mutation_id: str, event: str) -> list[dict[str, Any]]:
        """Return what the records of an event of a mutation say."""
        sql = "SELECT facts FROM mutation_journal WHERE mutation_id = ? AND event = ? ORDER BY place"
        with read_records(self._state, self._catalog, since=SINCE) as records:
            rows = [] if records is None else records.rows(sql, [mutation_id, event])
        return [json.loads(row[0]) for row in rows]

    def verify(self) -> tuple[int, Broken | None]:
        """Return how many records there are, and the first that was altered."""
        sql = "SELECT place, at, mutation_id, event, facts, body, body_hash, previous, hash FROM mutation_journal"
        with read_records(self._state, self._catalog, since=SINCE) as records:
            rows = [] if records is None else records.rows(f"{sql} ORDER BY place")
        previous, expected = _START, 1
        dropped = {mutation: place for place, _, mutation, event, *_ in rows if event in DROPPED}
        for place, at, mutation, event, facts, body, body_hash, before, own in rows:
            if place != expected:
                return len(rows), Broken(expected, "a record is missing")
            if before != previous:
                return len(rows), Broken(place, "it does not follow the record before")
            if body is not None and _digest(body) != body_hash:
                return len(rows), Broken(place, "its body was altered")
            if body is None and body_hash and dropped.get(mutation, 0) < place:
                return len(rows), Broken(place, "its body is missing")
            if own != _hash(previous, place, at, mutation, event, facts, body_hash):
                return len(rows), Broken(place, "it was altered")
            previous, expected = own, expected + 1
        return len(rows), self._against(rows)

    def _against(self, rows: Sequence[Sequence[Any]]) -> Broken | None:
        """Find a mutation whose present state is not what its last record says."""
        said: dict[str, tuple[int, str]] = {}
        texts: dict[str, tuple[int, str]] = {}
        for place, _, mutation, event, facts, *_ in rows:
            found = json.loads(facts)
            if "status" in found:
                said[mutation] = (place, found["status"])
            if "sql_hash" in found:
                texts[mutation] = (place, found["sql_hash"])
            if event == FORGOTTEN:
                texts.pop(mutation, None)
        mutations = self.mutations()
        known = {m["mutation_id"]: m["status"] for m in mutations}
        for mutation, (place, status) in said.items():
            if known.get(mutation) != status:
                return Broken(place, f"{mutation} is {known.get(mutation, 'gone')}, and the journal says {status}")
        for m in mutations:
            place, expected = texts.get(m["mutation_id"], (0, ""))
            if expected and _digest(m["sql"]) != expected:
                return Broken(place, f"the SQL of {m['mutation_id']} was altered")
        unknown = next((m for m in known if m not in said), None)
        return Broken(len(rows), f"{unknown} is not in the journal") if unknown else None


class Writing:
    """The journal, open."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def plan(self, mutations: Sequence[Mapping[str, Any]]) -> None:
        """Record mutations that wait for their approval."""
        columns = (*MUTATION_COLUMNS, "plan")
        marks = ", ".join("?" for _ in columns)
        with self._records.changes():
            for mutation in mutations:
                values = [mutation.get(c) for c in columns[:-1]] + [dumps(mutation["plan"])]
                self._records.run(f"INSERT INTO mutations ({', '.join(columns)}) VALUES ({marks})", values)
                facts = {c: mutation.get(c) for c in MUTATION_COLUMNS if c != "sql" and mutation.get(c) is not None}
                facts["sql_hash"] = _digest(str(mutation["sql"]))
                self.append(str(mutation["mutation_id"]), "planned", facts, mutation["plan"])

    def move(self, mutation_id: str, event: str, before: Sequence[str], status: str, **columns: Any) -> bool:
        """Change a mutation's status if it has one of those before; False where another was first."""
        sets = ", ".join(["status = ?", *(f"{name} = ?" for name in columns)])
        marks = ", ".join("?" for _ in before)
        with self._records.changes():
            sql = f"UPDATE mutations SET {sets} WHERE mutation_id = ? AND status IN ({marks})"
            if not self._records.run(sql, [status, *columns.values(), mutation_id, *before]):
                return False
            self.append(mutation_id, event, {"status": status, **columns})
        return True

    def begin(self, mutation_id: str, steps: Sequence[Mapping[str, Any]]) -> None:
        """Record the rows that are to be sent, none of them yet."""
        with self._records.changes():
            for step in steps:
                self._records.run(
                    "INSERT INTO mutation_steps (mutation_id, step, call_number, operation, record_key, status,"
                    " before_image) VALUES (?, ?, ?, ?, ?, 'not_tried', ?)",
                    [mutation_id, step["step"], step["call"], step["operation"], step["key"], step["before"]],
                )

    def steps(
        self,
        mutation_id: str,
        event: str,
        steps: Sequence[int],
        facts: Mapping[str, Any],
        body: Json = None,
        images: Mapping[int, str] | None = None,
        **columns: Any,
    ) -> None:
        """Record an event of some rows; `columns` are what is known of them from now on.

        images: the records that the source had before a change, instead of what the lake knew of them.
        """
        sets = ", ".join(f"{name} = ?" for name in columns)
        with self._on_disk(event == "sending"), self._records.changes():
            for step, image in (images or {}).items():
                sql = "UPDATE mutation_steps SET before_image = ? WHERE mutation_id = ? AND step = ?"
                self._records.run(sql, [image, mutation_id, step])
            for step in steps if columns else ():
                sql = f"UPDATE mutation_steps SET {sets} WHERE mutation_id = ? AND step = ?"
                self._records.run(sql, [*columns.values(), mutation_id, step])
            self.append(mutation_id, event, {"steps": list(steps), **facts}, body)

    @contextmanager
    def _on_disk(self, wanted: bool) -> Iterator[None]:  # noqa: FBT001 - reads as a statement
        """Have what is committed inside survive a power cut too: an intent must, its outcome can be asked for again."""
        if not wanted or self._records.postgres:
            yield
            return
        self._records.rows("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            self._records.rows("PRAGMA synchronous = NORMAL")

    def append(self, mutation_id: str, event: str, facts: Mapping[str, Any], body: Json = None) -> None:
        """Add one record at the end of the chain; runs inside a transaction that holds the write lock."""
        if self._records.postgres:
            self._records.run("LOCK TABLE mutation_journal IN EXCLUSIVE MODE")
        last = self._records.rows("SELECT place, hash FROM mutation_journal ORDER BY place DESC LIMIT 1")
        place, previous = (last[0][0] + 1, last[0][1]) if last else (1, _START)
        at, said = iso(now()), dumps(facts)
        text = None if body is None else dumps(body)
        body_hash = _digest(text) if text is not None else ""
        own = _hash(previous, place, at, mutation_id, event, said, body_hash)
        self._records.run(
            "INSERT INTO mutation_journal (place, at, mutation_id, event, facts, body, body_hash, previous, hash)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [place, at, mutation_id, event, said, text, body_hash, previous, own],
        )


def _hash(previous: str, place: int, at: str, mutation: str, event: str, facts: str, body_hash: str) -> str:
    return hashlib.sha256(json.dumps([previous, place, at, mutation, event, facts, body_hash]).encode()).hexdigest()
