"""Each write endpoint is driven by SQL: several in one batch, every one by rows of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dinobase.core.errors import DinobaseError
from dinobase.kinds.template import placeholders, strings
from dinobase.load.naming import snake
from dinobase.mutate.endpoints import aliases, operation
from dinobase.spec.models import Resource, WriteEndpoint
from tests.connectors.emulator import values
from tests.connectors.emulator.bench import Bench, Table, shown
from tests.connectors.emulator.landing import same
from tests.connectors.emulator.places import field_path, get, steps
from tests.connectors.emulator.shapes import guessed, keys_of

Json: TypeAlias = Any

_TRIES = 4
_NUMBERS = {"BIGINT", "INTEGER", "DOUBLE", "HUGEINT", "NUMBER"}


@dataclass(slots=True)
class Statement:
    """SQL that one endpoint must answer; `keys` are the rows it names, `sets` the values it gives them."""

    write: WriteEndpoint
    resource: Resource
    sql: str
    keys: list[dict[str, Json]] = field(default_factory=list)
    sets: dict[str, Json] = field(default_factory=dict)


def driven(running: Bench) -> Iterator[str]:
    """Yield what went wrong."""
    driver = Driver(running)
    left = list(running.connector.write_endpoints)
    while left:
        driver.begin()
        batch = []
        for write in left:
            made = driver.statement(write)
            if isinstance(made, str):
                yield f"write_endpoints.{write.name}: {made}"
            elif made is not None:
                batch.append(made)
        waiting = [write for write in left if write.name in driver.waiting]
        yield from driver.run(batch)
        if len(waiting) == len(left):
            yield from (f"write_endpoints.{write.name}: the emulator has too few rows" for write in waiting)
            return
        left = waiting


class Driver:
    """Makes statements and runs them; a batch uses each row once."""

    def __init__(self, running: Bench) -> None:
        self.running = running
        self.fresh = 8000

    def begin(self) -> None:
        """Start a batch on the rows as they are."""
        writes = self.running.connector.write_endpoints
        self.tables = self.running.tables({self.running.server.writes.resource(write).name for write in writes})
        self.used: dict[str, int] = {}
        self.waiting: list[str] = []

    def statement(self, write: WriteEndpoint) -> Statement | str | None:
        """Return a statement for an endpoint; None where it waits for the next batch, text where there is none."""
        resource = self.running.server.writes.resource(write)
        table = self.tables.get(resource.name)
        if table is None or not table.rows:
            return f"{resource.name} has no rows to write to"
        what = operation(write)
        if what == "upsert":
            mine = {
                operation(w)
                for w in self.running.connector.write_endpoints
                if self.running.server.writes.resource(w) is resource
            }
            what = "update" if "update" not in mine else "create"
        if what == "create":
            return self._insert(write, resource, table)
        rows = self._rows(resource, table, 2 if write.bulk else 1)
        if rows is None:
            self.waiting.append(write.name)
            return None
        where = " OR ".join(f"({' AND '.join(f'{ident(k)} = {literal(v)}' for k, v in row.items())})" for row in rows)
        name = f"{ident(self.running.connector.name)}.{ident(resource.name)}"
        if what == "delete":
            return Statement(write, resource, f"DELETE FROM {name} WHERE {where}", rows)
        now = [next(r for r in table.rows if all(r.get(k) == v for k, v in row.items())) for row in rows]
        for _ in range(_TRIES):  # of two values there are, the next may be the one that is there: nothing would be sent
            sets = self._values(write, resource, table, keys=set(rows[0]))
            if all(any(row.get(column) != value for column, value in sets.items()) for row in now):
                break
        if not sets:
            return "no column can be written"
        assigned = ", ".join(f"{ident(column)} = {literal(value)}" for column, value in sets.items())
        return Statement(write, resource, f"UPDATE {name} SET {assigned} WHERE {where}", rows, sets)

    def _insert(self, write: WriteEndpoint, resource: Resource, table: Table) -> Statement | str:
        sets = self._values(write, resource, table, keys=set())
        own = [column for name in keys_of(resource) if (column := self._column(resource, table, name))]
        if write.columns is None:
            sets = {column: value for column, value in sets.items() if column not in own}
        for column in own:
            if column in sets or column in self._named(write, resource, table):
                sets[column] = values.identity(self._schema(write, resource, table, column), column, self._next())
        for column in self._named(write, resource, table):
            if column not in own:
                known = next((r[column] for r in table.rows if r.get(column) is not None), sets.get(column))
                fresh = values.make(self._schema(write, resource, table, column), column, self._next())
                sets[column] = fresh if known is None else known
        if not sets:
            return "no column can be written"
        name = f"{ident(self.running.connector.name)}.{ident(resource.name)}"
        one = f"({', '.join(literal(value) for value in sets.values())})"
        other = f"{one}, {one}" if write.bulk else one
        return Statement(
            write, resource, f"INSERT INTO {name} ({', '.join(map(ident, sets))}) VALUES {other}", [], sets
        )

    def _rows(self, resource: Resource, table: Table, count: int) -> list[dict[str, Json]] | None:
        """Take rows that no other statement of the batch names; their keys."""
        free = [r for r in table.rows if r.get("_dinobase_deleted_at") is None][self.used.get(resource.name, 0) :]
        if len(free) < count:
            return None
        self.used[resource.name] = self.used.get(resource.name, 0) + count
        tags = [] if resource.unique == "global" else list(aliases(self.running.connector, resource).values())
        own = [column for name in keys_of(resource) if (column := self._column(resource, table, name))]
        primary = [resource.primary_key] if isinstance(resource.primary_key, str) else resource.primary_key or []
        tags += [name for name in primary if name in table.rows[0] and name not in own]
        return [{column: row[column] for column in [*own, *tags] if column in row} for row in free[:count]]

    def _column(self, resource: Resource, table: Table, name: str) -> str:
        schema = self.running.server.shapes.resources[resource.name].record
        path = tuple(field_path(schema, name, resource.lift) or ())
        return next((column for column, place in table.places.items() if place == path), "")

    def _named(self, write: WriteEndpoint, resource: Resource, table: Table) -> list[str]:
        """Return the columns that address and fixed parts of a create name."""
        texts = [write.path, *(t for part in (write.params, write.body, write.variables) for _, t in strings(part))]
        known = aliases(self.running.connector, resource)
        found = []
        for hole in (hole.name for text in texts for hole in placeholders(text)):
            if hole == write.request_body_path:
                continue
            column = known.get(hole, hole)
            if hole == "id" and len(keys_of(resource)) == 1:
                column = self._column(resource, table, keys_of(resource)[0]) or hole
            found.append(column)
        return list(dict.fromkeys(found))

    def _values(self, write: WriteEndpoint, resource: Resource, table: Table, *, keys: set[str]) -> dict[str, Json]:
        """Return a new value for every column that the endpoint takes."""
        given = write.columns
        if given is None:
            allowed = self._allowed(write)
            given = [
                column
                for column, path in table.places.items()
                if not column.startswith("_") and (allowed is None or self._inside(write, path)[:1] in allowed)
            ]
        number = self._next()
        named = set(self._named(write, resource, table)) if operation(write) != "create" else set()
        found = {}
        for column in given:
            if column in keys or column in named:
                continue
            schema = self._schema(write, resource, table, column)
            value = values.make(schema, snake(column), number)
            if isinstance(value, str) and table.types.get(column, "") in _NUMBERS:
                value = number
            found[column] = value
        return {column: value for column, value in found.items() if value is not None}

    def _allowed(self, write: WriteEndpoint) -> set[tuple[str, ...]] | None:
        shape = self.running.server.shapes.writes.get(write.name)
        if shape is None or shape.body is None:
            return None
        inside = get(shape.body, steps(write.request_body_path)) if write.request_body_path else shape.body
        return {(key,) for key in inside} if isinstance(inside, dict) else None

    def _inside(self, write: WriteEndpoint, path: tuple[str, ...]) -> tuple[str, ...]:
        nest = tuple((write.request_body_path or "").split("."))
        return path[len(nest) :] if path[: len(nest)] == nest else path

    def _schema(self, write: WriteEndpoint, resource: Resource, table: Table, column: str) -> Json:
        """Return what the vendor takes there; else what the record has, else what the name says."""
        record = self.running.server.shapes.resources[resource.name].record
        path = table.places.get(column) or tuple(field_path(record, column, resource.lift) or column.split("__"))
        mapped = write.columns.get(column, "") if isinstance(write.columns, dict) else ""
        body = self._body(write)
        inside = tuple(mapped.split(".")) if mapped else self._inside(write, path)
        held = get(record, list(path))
        if get(body, list(inside)) == "string" and held in ("date", "date-time", "email", "uri", "uuid"):
            return held
        for schema, where in ((body, inside), (record, path)):
            found = get(schema, list(where)) if schema is not None else None
            if found is not None and found not in ("null", "any", {}):
                return found
        return guessed(column)

    def _body(self, write: WriteEndpoint) -> Json:
        shape = self.running.server.shapes.writes.get(write.name)
        if shape is None or shape.body is None:
            return None
        body: Json = shape.body
        if write.bulk:
            listed = get(body, steps(write.bulk_body_path)) if write.bulk_body_path else body
            body = listed.get(values.ITEMS) if isinstance(listed, dict) else None
        return get(body, steps(write.request_body_path)) if write.request_body_path else body

    def _next(self) -> int:
        self.fresh += 1
        return self.fresh

    def run(self, batch: Sequence[Statement]) -> Iterator[str]:
        """Run a batch; where it fails, each statement by itself, so that every fault is named."""
        if not batch:
            return
        writes = self.running.server.writes
        writes.expected, writes.done = [s.write.name for s in batch], []
        before, failed = len(self.running.server.problems), set[str]()
        try:
            result = self.running.write("; ".join(s.sql for s in batch))
            well = result.get("status") == "executed"
        except DinobaseError:
            well = False
        if not well:
            del self.running.server.problems[before:]
            for statement in batch:
                if statement.write.name not in writes.done:
                    wrong = list(self._alone(statement))
                    yield from wrong
                    failed |= {statement.write.name} if wrong else set()
        yield from (
            f"write_endpoints.{name}: no statement reaches it" for name in writes.expected if name not in failed
        )
        writes.expected = []
        yield from self._compare([s for s in batch if s.write.name not in failed])

    def _alone(self, statement: Statement) -> Iterator[str]:
        at = f"write_endpoints.{statement.write.name}"
        try:
            result = self.running.write(statement.sql)
        except DinobaseError as error:
            yield f"{at}: {error.message} {error.hint} [{statement.sql[:300]}]"
            return
        if result.get("status") != "executed":
            said = [step.get("error") for step in result.get("steps", [])]
            yield f"{at}: {result.get('status')}: {said} [{statement.sql[:300]}]"

    def _compare(self, batch: Sequence[Statement]) -> Iterator[str]:
        tables = self.running.tables({statement.resource.name for statement in batch})
        for statement in batch:
            table = tables[statement.resource.name]
            for key in statement.keys:
                row = next((r for r in table.rows if all(r[k] == v for k, v in key.items())), None)
                at = f"write_endpoints.{statement.write.name}"
                if operation(statement.write) == "delete":
                    if statement.write.response_path:
                        continue  # what comes back stays: a subscription that is cancelled
                    if row is not None and row.get("_dinobase_deleted_at") is None:
                        yield f"{at}: the row {key} is still there"
                    continue
                held = row or {}
                for column, value in statement.sets.items():
                    if column in held and not same(value, held[column]):
                        yield f"{at}: {column} is {shown(held[column])}, not {shown(value)}"


def ident(name: str) -> str:
    """Return a quoted name."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Json) -> str:
    """Return a value as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return "'" + text.replace("'", "''") + "'"
