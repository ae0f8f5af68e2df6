"""One call of a plan: what it shows, what it sends, what takes it back; preview, apply and undo walk the same list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dinobase.core.errors import QueryError
from dinobase.core.secrets import redact, redact_json
from dinobase.core.values import HttpRequest
from dinobase.mutate import request
from dinobase.mutate.change import RowChange, Table
from dinobase.mutate.endpoints import Target, choose, mixed, of_table, operation
from dinobase.mutate.statement import is_database, statement
from dinobase.mutate.values import Json, shown
from dinobase.spec.models import Connector


@dataclass(frozen=True, slots=True)
class Step:
    """`number` counts the calls of a mutation from 1, `first` its rows; `changes` share one call."""

    number: int
    first: int
    target: Target
    changes: tuple[RowChange, ...]
    connector: Connector

    def call(self, live: Sequence[Json] | None = None) -> HttpRequest:
        """Return the request; `live` are the source's own records, where they were read."""
        records = live if live is not None else [None] * len(self.changes)
        bodies = [request.row_body(self.target, c, r) for c, r in zip(self.changes, records, strict=True)]
        return request.build(self.target, self.connector.client, self.changes, bodies)

    def body(self) -> Json:
        """Return the body as data, None where there is none."""
        bodies = [request.row_body(self.target, c) for c in self.changes]
        values = request.names_of(self.target, self.changes[0])
        return request.body(self.target, self.changes, bodies, values)

    def preview(self) -> dict[str, Json]:
        """Return what a person sees of the request: no secret in it."""
        if is_database(self.connector):
            said = {statement(self.target.table, change): None for change in self.changes}
            return {"method": "SQL", "url": redact(self.connector.client.base_url), "body": list(said)}
        sent = self.call()
        found: dict[str, Json] = {"method": sent.method, "url": redact(request.shown_url(sent))}
        if sent.body is not None and self.target.endpoint.body_format == "form":
            found["body"] = redact(sent.body.decode())
        elif sent.body is not None:
            found["body"] = redact_json(shown(self.body()))
        if self.target.endpoint.body_format == "form":
            found["content_type"] = "application/x-www-form-urlencoded"
        if self.target.endpoint.idempotency_header:
            found["idempotency_header"] = self.target.endpoint.idempotency_header
        if self.target.endpoint.idempotency_body_path:
            found["idempotency_body_path"] = self.target.endpoint.idempotency_body_path
        return found

    @property
    def checked(self) -> bool:
        """Tell whether each row is read live before it is changed."""
        readable = self.target.resource.retrieve is not None and self.connector.type == "rest"
        readable = readable or is_database(self.connector)
        return readable and self.changes[0].operation != "create"

    def without(self, rows: Sequence[int]) -> Step:
        """Return the call less some of its rows (places within it)."""
        return replace(self, changes=tuple(c for n, c in enumerate(self.changes) if n not in set(rows)))


def steps_of(connector: Connector, table: Table, changes: Sequence[RowChange]) -> list[Step]:
    """Cut changes into calls; raises where one cannot be sent."""
    found: list[Step] = []
    row = 1
    for rows in mixed(changes).values():
        target = choose(connector, table, rows)
        size = (target.endpoint.max_batch_size or len(rows)) if target.endpoint.bulk else 1
        for group in _groups(target, rows, size):
            found.append(Step(len(found) + 1, row, target, tuple(group), connector))
            row += len(group)
    return found


def _groups(target: Target, rows: Sequence[RowChange], size: int) -> list[list[RowChange]]:
    """Group rows into calls: of one address, at most `size`."""
    groups: dict[str, list[list[RowChange]]] = {}
    for row in rows:
        values = request.names_of(target, row)
        address = str([values.get(name) for name in sorted(target.names())]) if target.endpoint.bulk else str(id(row))
        mine = groups.setdefault(address, [[]])
        if len(mine[-1]) >= size:
            mine.append([])
        mine[-1].append(row)
    return [group for mine in groups.values() for group in mine]


def inverse(connector: Connector, table: Table, change: RowChange) -> tuple[RowChange | None, str]:
    """Return the change that takes a change back, or why there is none."""
    if change.operation == "update":
        back = RowChange("update", _key_after(table, change), change.new, change.old, change.columns)
    elif change.operation == "create":
        if not any(operation(e) == "delete" for e in of_table(connector, table.name)):
            return None, f"{connector.name} has no write endpoint to DELETE from {table.name}"
        if not change.identity:
            return None, "the source gives the key, and it is not known yet"
        known = {*change.key, *change.columns}  # what the source added by itself is no reason to leave the row
        back = RowChange("delete", change.key, {c: v for c, v in (change.new or {}).items() if c in known}, None)
    else:
        return _recreated(connector, table, change)
    try:
        choose(connector, table, [back])
    except QueryError as error:
        return None, error.message
    return back, ""


def _key_after(table: Table, change: RowChange) -> Mapping[str, Any]:
    return {k: (change.new or {}).get(k) for k in table.key}


def _recreated(connector: Connector, table: Table, change: RowChange) -> tuple[RowChange | None, str]:
    """Return the creation of a deleted row from what was known of it."""
    old = change.old or {}
    given = tuple(c for c, v in old.items() if v is not None and not c.startswith("_dinobase"))
    back = RowChange("create", change.key, None, old, given)
    try:
        target = choose(connector, table, [replace(back, columns=())])
    except QueryError as error:
        return None, error.message
    columns = tuple(c for c in given if target.writable(c) or target.named_in_path(c))
    if target.endpoint.columns is None:
        columns = given
    keeps_key = all(k in columns for k in table.own)
    row = {c: old.get(c) if c in columns else None for c in old}
    return RowChange("create", change.key if keeps_key else {}, None, row, columns), ""


def not_undoable(connector: Connector, table: Table, changes: Sequence[RowChange]) -> list[str]:
    """Return why steps cannot be taken back, and what comes back otherwise than it was; each reason once."""
    reasons: dict[str, None] = {}
    for change in changes:
        if change.operation == "create" and not change.identity:
            if not any(operation(e) == "delete" for e in of_table(connector, table.name)):
                reasons[f"created rows: {connector.name} has no write endpoint to DELETE from {table.name}"] = None
            continue
        back, reason = inverse(connector, table, change)
        if back is None:
            reasons[f"{change.operation}d rows: {reason}"] = None
        elif change.operation == "delete":
            lost = [c for c, v in (change.old or {}).items() if v is not None and c not in back.columns]
            if lost:
                reasons[f"deleted rows come back without {', '.join(lost[:8])}{' ...' if len(lost) > 8 else ''}"] = None
    return list(reasons)
