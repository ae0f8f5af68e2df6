"""Runs approved mutations: each row of their plans is sent, recorded, and brought into the lake."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from dinobase.core.clock import iso, now
from dinobase.core.errors import DinobaseError, QueryError
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.mutate.apply import Applied, Applier
from dinobase.mutate.change import RowChange, Table
from dinobase.mutate.database import FindSource, Work
from dinobase.mutate.journal import Journal, Writing
from dinobase.mutate.lakeside import Lakeside, record
from dinobase.mutate.planner import FindConnector
from dinobase.mutate.refreshing import refresh
from dinobase.mutate.standing import as_applied, counted, ended, rows_of, table_of
from dinobase.mutate.statement import is_database
from dinobase.mutate.step import Step, steps_of
from dinobase.mutate.values import Json, dumps


class Runner:
    """The caller holds the batch alone; `journal` is what `writing` writes to."""

    def __init__(
        self, paths: Paths, storage: Storage, find: FindConnector, journal: Journal, source: FindSource
    ) -> None:
        self._source = source
        self._paths = paths
        self._storage = storage
        self._find = find
        self._journal = journal

    def rebuilt(self, mutation: Mapping[str, Any]) -> tuple[Table, list[Step]]:
        """Return a recorded plan's table and steps, as they are sent."""
        plan = mutation["plan"]
        if plan is None:
            raise QueryError(
                "What was planned is no longer kept",
                code="write.forgotten",
                hint="`journal_retention` in config.yaml, or `dinobase forget`, has dropped it; the facts are kept.",
            )
        table = table_of(plan["table"])
        changes = [RowChange.from_dict(c) for step in plan["steps"] for c in step["changes"]]
        return table, steps_of(self._find(table.connector), table, changes) if changes else []

    def run(self, found: Sequence[Mapping[str, Any]], writing: Writing, *, resend: bool = False) -> dict[str, Json]:
        """Send what is open of approved mutations, in order; what follows one that stopped is not tried."""
        stopped = False
        with Lakeside(self._paths) as lakes:
            for mutation in found:
                table, steps = self.rebuilt(mutation)
                self._begin(writing, mutation, steps)
                if not stopped and steps:
                    earlier = self._unmerged(mutation, table, steps)
                    if is_database(self._find(table.connector)):
                        work = self._at_database(mutation, table, steps, writing, resend=resend)
                        self._renewed(lakes, mutation, table, [*(c for c, _ in earlier), *work.done], writing)
                        stopped = work.stopped
                    else:
                        applied = asyncio.run(self._apply(mutation, table, steps, writing, resend=resend))
                        self._into_lake(lakes, mutation, table, [*earlier, *applied.done], writing)
                        stopped = applied.stopped
                status = ended([row["status"] for row in self._journal.steps(mutation["mutation_id"])])
                writing.move(mutation["mutation_id"], "ended", ["executing"], status, finished_at=iso(now()))
        return counted(self._journal, found)

    def _unmerged(
        self, mutation: Mapping[str, Any], table: Table, steps: Sequence[Step]
    ) -> list[tuple[RowChange, bytes | None]]:
        """Return what an earlier run has done and, killed, not brought into the lake."""
        states = {row["step"]: row for row in self._journal.steps(mutation["mutation_id"]) if row["status"] == "done"}
        if not states or self._journal.has(mutation["mutation_id"], "merged"):
            return []
        numbered = enumerate(rows_of(steps), 1)
        return [(as_applied(table, change, states[n]), None) for n, (_, change) in numbered if n in states]

    def _begin(self, writing: Writing, mutation: Mapping[str, Any], steps: Sequence[Step]) -> None:
        if self._journal.steps(mutation["mutation_id"]):
            return
        rows = [
            {
                "step": number,
                "call": step.number,
                "operation": change.operation,
                "key": dumps(dict(change.key)),
                "before": None if change.old is None else dumps(change.old),
            }
            for number, (step, change) in enumerate(rows_of(steps), 1)
        ]
        writing.begin(mutation["mutation_id"], rows)

    async def _apply(
        self, mutation: Mapping[str, Any], table: Table, steps: Sequence[Step], writing: Writing, *, resend: bool
    ) -> Applied:
        from dinobase.extract.session import Session  # aiohttp: only where something is sent

        states = {row["step"]: row["status"] for row in self._journal.steps(mutation["mutation_id"])}
        connector = self._find(table.connector)
        async with Session(connector, name=table.connector, state_dir=self._paths.state) as session:
            return await Applier(session, writing, mutation["mutation_id"], states, resend=resend).run(steps)

    def _at_database(
        self, mutation: Mapping[str, Any], table: Table, steps: Sequence[Step], writing: Writing, *, resend: bool
    ) -> Work:
        name = str(mutation["mutation_id"])
        states = {row["step"]: row["status"] for row in self._journal.steps(name)}
        folder = self._paths.spool / "writes" / f"{name}-{os.getpid()}-source"
        changes = [change for _, change in rows_of(steps)]
        work = Work(self._source(table.connector), table, changes, states, writing, name, folder, resend)
        work.apply()
        return work

    def _renewed(
        self,
        lakes: Lakeside,
        mutation: Mapping[str, Any],
        table: Table,
        done: Sequence[RowChange],
        writing: Writing,
    ) -> None:
        """Read what was written anew; a source or lake that cannot be reached now is brought up to date by a sync."""
        keys = list({change.identity: change.key for change in done if change.identity}.values())
        if not keys:
            return
        run = str(mutation["mutation_id"])
        try:
            with closing(self._source(table.connector).reading()) as opened:
                lakes.renew(
                    self._storage.lake(table.connector),
                    lambda writer, folder: refresh(writer, opened, table, keys, folder, run),
                    run,
                )
        except DinobaseError as error:
            writing.steps(run, "not_merged", [], {}, {"error": error.message})
        else:
            writing.steps(run, "merged", [], {"rows": len(keys), "deleted": 0})

    def _into_lake(
        self,
        lakes: Lakeside,
        mutation: Mapping[str, Any],
        table: Table,
        done: Sequence[tuple[RowChange, bytes | None]],
        writing: Writing,
    ) -> None:
        """Show the next query what was done; a lake that cannot be written now is brought up to date by a sync."""
        records, gone, keys = [], [], []
        for change, answer in done:
            if change.operation == "delete" and answer is None:
                gone.append(change.key)
                continue
            row = record(table, change, answer)
            if row is not None:
                records.append(row)
                keys.append(change.key)
        if not records and not gone:
            return
        connector = self._find(table.connector)
        resource = connector.resource(table.name)
        assert resource is not None
        location = self._storage.lake(table.connector)
        try:
            run = str(mutation["mutation_id"])
            lakes.merge(location, connector, resource, table, records, gone, [*keys, *gone], run)
        except DinobaseError as error:
            writing.steps(str(mutation["mutation_id"]), "not_merged", [], {}, {"error": error.message})
        else:
            writing.steps(str(mutation["mutation_id"]), "merged", [], {"rows": len(records), "deleted": len(gone)})
