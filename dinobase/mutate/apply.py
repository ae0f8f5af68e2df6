"""Sends the steps of an approved plan, in order: intent on disk, then the request, then its outcome on disk.

Stops at the first step that fails or stays unknown; a row that is otherwise at the source than planned is a conflict
and left alone, the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dinobase.core.clock import iso, now
from dinobase.core.errors import DinobaseError
from dinobase.core.secrets import redact, redact_json
from dinobase.core.values import HttpResponse
from dinobase.extract.session import Session
from dinobase.mutate import live, sending
from dinobase.mutate.change import RowChange
from dinobase.mutate.journal import Writing
from dinobase.mutate.live import Found
from dinobase.mutate.request import at, repeatable, shown_url
from dinobase.mutate.step import Step
from dinobase.mutate.values import Json, dumps, loads, storable

OPEN = ("not_tried", "failed", "sending", "unknown")  # what a resume takes up
_MAX_ANSWER = 65_536
_TRIES = 3  # of a row that others change at the same time
_PLAIN = 9  # the attempt that sends no condition


@dataclass(slots=True)
class Row:
    """One row of a step as it stands."""

    number: int
    change: RowChange
    status: str
    answer: bytes | None = None
    found: Found | None = None


@dataclass(slots=True)
class Applied:
    """What was done: changes that the source has now, each with its record where one came back."""

    done: list[tuple[RowChange, bytes | None]] = field(default_factory=list)
    stopped: bool = False


class Applier:
    """Applies one mutation; `states` are its rows' statuses by number."""

    def __init__(
        self, session: Session, writing: Writing, mutation_id: str, states: Mapping[int, str], *, resend: bool = False
    ) -> None:
        self._session = session
        self._writing = writing
        self._id = mutation_id
        self._states = states
        self._resend = resend
        self.applied = Applied()

    async def run(self, steps: Sequence[Step]) -> Applied:
        """Send what is open."""
        for step in steps:
            rows = [Row(step.first + n, c, self._states[step.first + n]) for n, c in enumerate(step.changes)]
            rows = [row for row in rows if row.status in OPEN]
            if rows and not await self._step(step, rows):
                self.applied.stopped = True
                break
        return self.applied

    async def _step(self, step: Step, rows: list[Row]) -> bool:
        """Bring one call's open rows to an end; False where the mutation stops here."""
        unsure = [row for row in rows if row.status in {"sending", "unknown"}]
        if unsure and not await self._settle_old(step, unsure):
            return False
        rows = [row for row in rows if row.status in OPEN]
        if step.checked and rows:
            try:
                rows = await self._check(step, rows)
            except DinobaseError as error:
                self._end(rows, "failed", error=_words(error))
                return False
        if not rows:
            return True
        return await self._send(step, rows)

    async def _settle_old(self, step: Step, rows: list[Row]) -> bool:
        """Find out what an earlier run left open; False where it stays so."""
        known_again = repeatable(step.target.endpoint)
        for row in rows:
            settled, found = await live.settle(self._session, step.target, row.change)
            if settled == "done":
                self._done(step, row, found.raw if found else None, None)
            elif settled == "not_done" or self._resend or (known_again and found is None):
                row.status = "not_tried"  # with its key it is not done twice
            else:
                self._end([row], "unknown", error="it cannot be told whether the request arrived")
                return False
        return True

    async def _check(self, step: Step, rows: list[Row]) -> list[Row]:
        """Read each row at the source; returns those that are as planned."""
        kept = []
        for row in rows:
            found = await live.retrieve(self._session, step.target, row.change)
            row.found = found
            verdict = "unchanged" if found is None else live.judge(step.target, row.change, found)
            if verdict == "unchanged":
                kept.append(row)
            elif verdict == "done" or (verdict == "gone" and row.change.operation == "delete"):
                self._done(step, row, found.raw if found else None, None, note="it was so already")
            elif verdict == "gone":
                self._end([row], "conflict", error="the source has no such record any more")
            else:
                assert found is not None
                theirs = live.differences(step.target, row.change, found)
                self._end([row], "conflict", error=f"changed at the source: {redact(dumps(theirs))}")
        return kept

    async def _send(self, step: Step, rows: list[Row], attempt: int = 0) -> bool:
        numbers = [row.number for row in rows]
        step = step.without([n for n, c in enumerate(step.changes) if not any(c is row.change for row in rows)])
        records = [row.found.record if row.found is not None else None for row in rows]
        request = step.call(records)
        if attempt < _PLAIN and len(rows) == 1:
            request = live.conditional(request, rows[0].found)
        key = f"{self._id}-{step.number}" + (f"-{attempt}" if attempt else "")  # what was refused is another request
        shown = {"method": request.method, "url": redact(shown_url(request))}
        if request.body is not None:
            shown["body"] = redact(request.body.decode("utf-8", "replace"))
        self._writing.steps(
            self._id,
            "sending",
            numbers,
            {"call": step.number, "idempotency_key": key, "method": request.method},
            {"request": shown, "before": [row.found.record if row.found else row.change.old for row in rows]},
            images={
                row.number: row.found.raw.decode("utf-8", "replace")
                for row in rows
                if row.found is not None and row.found.raw is not None
            },
            status="sending",
            request=dumps(shown),
            idempotency_key=key,
            sent_at=iso(now()),
            error=None,
        )
        try:
            outcome = await sending.send(self._session, step.target, request, key)
        except DinobaseError as error:
            outcome = sending.Outcome("failed", None, None, _words(error))
        if outcome.result == "done":
            return await self._answered(step, rows, outcome)
        if outcome.result == "failed":
            self._end(rows, "failed", outcome)
            return False
        if outcome.result == "conflict":
            return await self._changed_meanwhile(step, rows, outcome, attempt)
        return await self._settle_new(step, rows, outcome)

    async def _changed_meanwhile(self, step: Step, rows: list[Row], outcome: sending.Outcome, attempt: int) -> bool:
        """Read again what the source says has changed; where what we change is as planned, it is sent on that."""
        before = rows[0].found
        try:
            rows = await self._check(step, rows)
        except DinobaseError as error:
            self._end(rows, "failed", error=_words(error))
            return False
        if not rows:
            return True
        if attempt >= _TRIES:
            self._end(rows, "conflict", outcome, error="it keeps changing at the source")
            return True
        found = rows[0].found
        itself = before is not None and found is not None and before.etag == found.etag
        return await self._send(step, rows, _PLAIN if itself else attempt + 1)  # it does not take its own ETags

    async def _settle_new(self, step: Step, rows: list[Row], outcome: sending.Outcome) -> bool:
        """Read back what nobody confirmed."""
        well = True
        for row in rows:
            try:
                settled, found = await live.settle(self._session, step.target, row.change)
            except DinobaseError:
                settled, found = "unknown", None
            if settled == "done":
                self._done(step, row, found.raw if found else None, outcome)
                continue
            well = False
            self._end([row], "failed" if settled == "not_done" else "unknown", outcome)
        return well

    async def _answered(self, step: Step, rows: list[Row], outcome: sending.Outcome) -> bool:
        """Take the answer apart: a record per row where it has them."""
        assert outcome.response is not None
        selector = step.target.endpoint.response_path
        records = list(live.records_at(outcome.response, selector)) if selector else []
        if step.target.endpoint.bulk:
            return self._answered_in_bulk(step, rows, outcome, records)
        record = records[0] if len(records) == 1 else None
        if record is None and rows[0].change.operation != "delete":
            record = await self._read_back(step, rows[0].change)
        self._done(step, rows[0], record, outcome)
        return True

    def _answered_in_bulk(
        self, step: Step, rows: list[Row], outcome: sending.Outcome, records: Sequence[bytes]
    ) -> bool:
        errors = _errors(outcome.response)
        matched = _matched(step, rows, records)
        if not errors or (not records and outcome.status != 207):
            for row, record in zip(rows, matched, strict=True):
                self._done(step, row, record, outcome)
            return True
        well = True
        for row, record in zip(rows, matched, strict=True):
            if record is not None:
                self._done(step, row, record, outcome)
            else:
                well = False
                self._end([row], "failed", sending.Outcome("failed", outcome.status, outcome.response, errors))
        return well

    async def _read_back(self, step: Step, change: RowChange) -> bytes | None:
        try:
            found = await live.retrieve(self._session, step.target, _now(change))
        except DinobaseError:
            return None
        return found.raw if found is not None else None

    def _done(
        self, step: Step, row: Row, record: bytes | None, outcome: sending.Outcome | None, note: str = ""
    ) -> None:
        row.status, row.answer = "done", record
        change = with_key(step, row.change, record)
        self.applied.done.append((change, record))
        self._write([row], "done", outcome, note, key=dumps(dict(change.key)))

    def _end(self, rows: list[Row], status: str, outcome: sending.Outcome | None = None, error: str = "") -> None:
        for row in rows:
            row.status = status
        self._write(rows, status, outcome, error or (outcome.error if outcome else ""))

    def _write(
        self, rows: list[Row], status: str, outcome: sending.Outcome | None, error: str, key: str | None = None
    ) -> None:
        body = outcome.response.body[:_MAX_ANSWER].decode("utf-8", "replace") if outcome and outcome.response else None
        answer = None if body is None else dumps(redact_json(loads(body)))
        columns: dict[str, Any] = {
            "status": status,
            "error": storable(redact(error)) or None,
            "http_status": outcome.status if outcome else None,
            "answer": answer,
            "finished_at": iso(now()),
        }
        if key is not None:
            columns["record_key"] = key
        facts = {"status_of_steps": status, "http_status": columns["http_status"]}
        said = {"answer": answer, "error": columns["error"]}
        self._writing.steps(self._id, status, [row.number for row in rows], facts, said, **columns)


def with_key(step: Step, change: RowChange, record: bytes | None) -> RowChange:
    """Return a created row with the key that the source gave it."""
    if change.operation != "create" or change.identity or record is None:
        return change
    table, data = step.target.table, loads(record.decode("utf-8", "replace"))
    known = {k: at(data, table.paths.get(k) or (k,)) for k in table.key}
    key = {k: (change.new or {}).get(k) if v is None else v for k, v in known.items()}
    if None in key.values():
        return change
    return RowChange("create", key, None, {**(change.new or {}), **key}, change.columns)


def _now(change: RowChange) -> RowChange:
    return RowChange(change.operation, change.key, change.new, change.new, change.columns)


def _matched(step: Step, rows: Sequence[Row], records: Sequence[bytes]) -> list[bytes | None]:
    """Return each row's record: by key, for created rows without one by place."""
    table = step.target.table
    if rows[0].change.operation == "create" and not rows[0].change.identity:
        return list(records) if len(records) == len(rows) else [None] * len(rows)
    known: dict[str, bytes] = {}
    for record in records:
        data = loads(record.decode("utf-8", "replace"))
        known[dumps([str(at(data, table.paths.get(k) or (k,))) for k in table.own])] = record
    return [known.get(dumps([str(row.change.row.get(k)) for k in table.own])) for row in rows]


def _errors(response: HttpResponse | None) -> str:
    """Return what a bulk answer says went wrong, '' where nothing did."""
    body: Json = loads(response.body.decode("utf-8", "replace")) if response is not None else None
    errors = body.get("errors") if isinstance(body, dict) else None
    return redact(dumps(errors))[:300] if errors else ""


def _words(error: DinobaseError) -> str:
    body = error.context.get("body")
    return f"{error.message}: {body}" if body else error.message
