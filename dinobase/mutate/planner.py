"""From SQL to mutations that wait for their approval: planned on one version of each lake, recorded with their hash."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from dinobase.access.guard import Guard, guard_of
from dinobase.access.in_place import InPlace
from dinobase.access.pii import declared, of_column, over, under
from dinobase.access.policy import Policy, policy_of
from dinobase.catalog.annotations import Book, personal
from dinobase.catalog.examine import Examiner
from dinobase.catalog.freshness import freshness_of
from dinobase.catalog.runs import RunLog
from dinobase.core.clock import iso, new_id, now
from dinobase.core.errors import QueryError
from dinobase.core.settings import Paths
from dinobase.lake import reader
from dinobase.lake.location import Storage
from dinobase.mutate.approval import Approval, needed, strictest
from dinobase.mutate.change import Changed, Operation, RowChange, Table
from dinobase.mutate.instance import Instance, cut, opened, reads
from dinobase.mutate.journal import digest
from dinobase.mutate.masked import refuse_in_address, refuse_masked
from dinobase.mutate.parse import Statement
from dinobase.mutate.preview import preview
from dinobase.mutate.sender import SALT_BYTES, mark
from dinobase.mutate.step import Step, steps_of
from dinobase.mutate.values import Json
from dinobase.query.decision import TableUse
from dinobase.spec.models import Connector, Resource

FindConnector: TypeAlias = Callable[[str], Connector]
LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Planned:
    """Mutations of one call, as the journal keeps them, and who approves them."""

    batch_id: str
    mutations: Sequence[Mapping[str, Any]]
    approval: Approval
    rows: int


class Planner:
    """Plans; `config` is config.yaml as plain data, `find` gives connectors with their credentials in."""

    def __init__(self, paths: Paths, config: Mapping[str, Any], find: FindConnector) -> None:
        self._paths = paths
        self._config = config
        self._find = find
        self._storage = Storage(paths.lakes, config["storage"]["url"], config["storage"]["catalog"])
        self._examiner = Examiner(self._storage, paths, self._pii, InPlace(paths, config))

    def plan(self, sql: str, identity: str, *, max_rows: int | None, timeout: float) -> Planned:
        """Plan all statements of a text on the same versions; raises where one cannot be sent as it stands."""
        limits = reader.Limits(temp=str(self._paths.cache / "tmp"))
        statements = cut(sql, limits)
        for statement in statements:
            _refuse_everything(statement)
        policy = policy_of(self._config.get("access") or {}, identity)
        found = [self._known(statement, policy) for statement in statements]
        guard = self.guard(identity)
        known = [n for n in self._config["connectors"] if guard is None or policy.connector(n)]
        uses = self._uses(found, known, limits)
        targets = [(s.connector, r.name) for s, _, r in found]
        everything = [use for each in uses for use in each]
        names = sorted({use.connector for use in everything} | {name for name, _ in targets})
        parts: list[tuple[Table, Statement, Changed, list[Step], list[str]]] = []
        with opened(self._storage, self._paths, names, [n for n, _ in targets], guard, timeout) as instance:
            tables = [instance.table(connector, s.connector, r) for s, connector, r in found]
            own = [TableUse(connector, table) for connector, table in targets]
            instance.show([*everything, *own], targets)
            instance.lock()
            for (statement, connector, _), table, mine in zip(found, tables, uses, strict=True):
                parts.append(self._part(instance, guard, statement, connector, table, mine))
        _refuse_overlaps([(table, step.changes) for table, _, _, steps, _ in parts for step in steps])
        return self._planned(identity, parts, max_rows)

    def guard(self, identity: str) -> Guard | None:
        """Return an identity's access rules, None where it sees everything."""
        return guard_of(self._paths, self._config, identity, self._pii)

    def undo(self, identity: str, table: Table, changes: Sequence[RowChange], undone: str, sql: str) -> Planned:
        """Plan changes that are known already."""
        connector = self._find(table.connector)
        policy = policy_of(self._config.get("access") or {}, identity)
        if not policy.may_write(table.connector, table.name):
            raise _denied(table.full_name, identity)
        changed = Changed(changes, len(changes))
        steps = steps_of(connector, table, changes)
        return self._planned(identity, [(table, None, changed, steps, [])], None, undone=undone, sql=sql)

    def _known(self, statement: Statement, policy: Policy) -> tuple[Statement, Connector, Resource]:
        """Find the connector and the resource that a statement changes, among those that are there for the identity."""
        from dataclasses import replace

        from dinobase.core.errors import UnknownName, did_you_mean

        names = {name.lower(): name for name in self._config["connectors"] if policy.connector(name)}
        name = names.get(statement.connector.lower())
        if name is None:
            near = did_you_mean(statement.connector.lower(), names)
            hint = f"Did you mean {names[near]}?" if near else f"Connectors: {', '.join(names.values()) or 'none yet'}."
            raise UnknownName(f"There is no connector {statement.connector}", code="unknown.connector", hint=hint)
        connector = self._find(name)
        tables = {r.name.lower(): r for r in connector.resources if policy.table(name, r.name)}
        resource = tables.get(statement.table.lower())
        if resource is None:
            near = did_you_mean(statement.table.lower(), tables)
            raise UnknownName(
                f"{name} has no table {statement.table} that can be written",
                code="unknown.table",
                hint=f"Did you mean {name}.{near}?" if near else f"dinobase describe {name}",
                table=statement.table,
            )
        if not policy.may_write(name, resource.name):
            raise _denied(f"{name}.{resource.name}", policy.identity)
        return replace(statement, connector=name), connector, resource

    def _uses(
        self, found: Sequence[tuple[Statement, Connector, Resource]], known: Sequence[str], limits: reader.Limits
    ) -> list[tuple[TableUse, ...]]:
        connection = reader.open_reader(limits)
        try:
            reader.lock(connection, [])
            return [reads(statement, connection, known) for statement, _, _ in found]
        finally:
            connection.close()

    def _part(
        self,
        instance: Instance,
        guard: Guard | None,
        statement: Statement,
        connector: Connector,
        table: Table,
        uses: Sequence[TableUse],
    ) -> tuple[Table, Statement, Changed, list[Step], list[str]]:
        if guard is not None:
            refuse_masked(guard, statement, table, uses, instance.views)
        whole, changed = instance.changed(table, statement)
        steps = steps_of(connector, whole, changed.rows) if changed.rows else []
        if guard is not None:
            refuse_in_address(guard, steps)
        return whole, statement, changed, steps, self._warnings(whole, changed, uses)

    def _warnings(self, table: Table, changed: Changed, uses: Sequence[TableUse]) -> list[str]:
        found = []
        names = sorted({(u.connector, u.table.lower()) for u in uses} | {(table.connector, table.name.lower())})
        log = RunLog(self._paths.state, self._storage.catalog).last_syncs({n for n, _ in names})
        by_name = {(c, t.lower()): (t, last) for (c, t), last in log.items()}
        freshness = freshness_of(self._config)
        for name in names:
            known = by_name.get(name)
            if known is None or known[1].is_stale(freshness[name[0]]):
                since = f"of {known[1].synced_at}" if known is not None and known[1].synced_at else "of unknown age"
                found.append(f"{name[0]}.{known[0] if known else name[1]} is stale: its copy is {since}")
        notes = self._pii(table.connector).get(table.name, {})
        columns = dict.fromkeys(c for row in changed.rows for c in row.columns)
        personal = [c for c in columns if of_column(notes, c, table.paths.get(c) or (c,)).whole]
        if personal:
            found.append(f"Personal data is written: {', '.join(personal)}")
        limit = int((self._config["writes"].get("default") or {}).get("max_rows", 50))
        if len(changed.rows) > limit:
            found.append(f"{len(changed.rows)} rows, more than the {limit} that need no human")
        return found

    def _pii(self, connector: str, table: str = "", /) -> Mapping[str, Mapping[str, str]]:
        said = Book(self._paths.state, self._storage.catalog).words(connector)
        known = over(declared(self._find(connector)), personal(said))
        return under(known, table, self._examiner.personal(connector, table)) if table else known

    def _planned(
        self,
        identity: str,
        parts: Sequence[tuple[Table, Statement | None, Changed, list[Step], list[str]]],
        max_rows: int | None,
        *,
        undone: str = "",
        sql: str = "",
    ) -> Planned:
        rows = sum(len(step.changes) for _, _, _, steps, _ in parts for step in steps)
        if max_rows is not None and max_rows > 0 and rows > max_rows:
            raise QueryError(
                f"{rows} rows would change, more than the {max_rows} of --max-rows",
                code="write.too_many",
                hint="Narrow the condition, or raise --max-rows.",
                rows=rows,
            )
        moment = now()
        approvals: list[Approval] = []
        mutations = []
        batch = new_id("bat")
        for place, (table, statement, changed, steps, warnings) in enumerate(parts, 1):
            operations: list[Operation] = [step.changes[0].operation for step in steps]
            approval = needed(self._config["writes"], table.connector, table.name, operations, rows)
            if approval == "deny":
                raise QueryError(
                    f"config.yaml denies this write to {table.full_name}",
                    code="write.denied",
                    hint="`writes:` in config.yaml says who may write what.",
                    table=table.full_name,
                )
            approvals.append(approval)
            shown = preview(self._find(table.connector), table, statement, changed, steps, warnings)
            plan = plan_of(table, statement.sql if statement else sql, steps, shown)
            plan["sender"] = mark(self._find(table.connector), table.name, steps, os.urandom(SALT_BYTES))
            mutations.append(
                {
                    "mutation_id": new_id("mut"),
                    "batch_id": batch,
                    "place": place,
                    "identity": identity,
                    "connector": table.connector,
                    "table_name": table.name,
                    "operation": shown["operation"],
                    "sql": statement.sql if statement else sql,
                    "status": "pending_confirmation",
                    "rows": len([c for step in steps for c in step.changes]),
                    "plan": plan,
                    "plan_hash": digest(plan),
                    "created_at": iso(moment),
                    "expires_at": iso(moment + LIFETIME),
                    "undo_of": undone or None,
                }
            )
        approval = strictest(approvals)
        return Planned(batch, [m | {"approval": approval} for m in mutations], approval, rows)


def plan_of(table: Table, sql: str, steps: Sequence[Step], shown: Mapping[str, Json]) -> dict[str, Json]:
    """Return all that applying and undoing need; its hash is what is approved."""
    return {
        "sql": sql,
        "table": {
            "connector": table.connector,
            "name": table.name,
            "types": dict(table.types),
            "paths": {name: list(path) for name, path in table.paths.items()},
            "key": list(table.key),
            "own": list(table.own),
            "extra": list(table.extra),
        },
        "steps": [
            {
                "number": step.number,
                "first": step.first,
                "endpoint": step.target.endpoint.name,
                "changes": [change.as_dict() for change in step.changes],
            }
            for step in steps
        ],
        "preview": dict(shown),
    }


def _refuse_overlaps(parts: Sequence[tuple[Table, Sequence[RowChange]]]) -> None:
    """Refuse two changes of one row: which comes last must not be left to chance."""
    seen: set[tuple[str, str]] = set()
    for table, changes in parts:
        for change in changes:
            place = (table.full_name, change.identity)
            if change.identity and place in seen:
                raise QueryError(
                    f"Two statements change one row of {table.full_name}",
                    code="write.overlap",
                    hint="Write both changes as one statement.",
                    key=dict(change.key),
                )
            seen.add(place)


def _denied(table: str, identity: str) -> QueryError:
    return QueryError(
        f"{identity} may not write {table}",
        code="write.denied",
        hint="`access:` in config.yaml says who may write what.",
        table=table,
    )


def _refuse_everything(statement: Statement) -> None:
    if statement.kind == "delete" and not statement.where:
        raise QueryError(
            "DELETE without WHERE would delete every row at the source",
            code="write.where",
            hint=f"DELETE FROM {statement.connector}.{statement.table} WHERE id = 7",
        )
