"""MutationEngine: plan, confirm, cancel, resume, undo. The only way from SQL to a source."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from dinobase.core.clock import iso, now
from dinobase.core.errors import DinobaseError, QueryError, UnknownName
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.mutate import approval
from dinobase.mutate.change import RowChange
from dinobase.mutate.database import FindSource
from dinobase.mutate.fitting import Fitting
from dinobase.mutate.journal import Journal, digest
from dinobase.mutate.planner import FindConnector, Planned, Planner
from dinobase.mutate.runner import Runner
from dinobase.mutate.shown import outcome
from dinobase.mutate.shown import planned as planned_for
from dinobase.mutate.standing import (
    STOPPED,
    WAITING,
    alone,
    as_applied,
    counted,
    expired,
    id_word,
    not_waiting,
    rows_of,
    shown_step,
    status_of,
)
from dinobase.mutate.step import inverse
from dinobase.mutate.values import Json

_CODE = "code"


class MutationEngine:
    """`config` is config.yaml as plain data; `find` gives a connector with its credentials in, `source` a database."""

    def __init__(self, paths: Paths, config: Mapping[str, Any], find: FindConnector, source: FindSource) -> None:
        self._paths = paths
        self._config = config
        self._find = find
        self._planner = Planner(paths, config, find)
        self._storage = Storage(paths.lakes, config["storage"]["url"], config["storage"]["catalog"])
        self.journal = Journal(paths.state, self._storage.catalog)
        self._runner = Runner(paths, self._storage, find, self.journal, source)
        self._fitting = Fitting(paths, config, find, self._runner)

    def write(
        self, sql: str, *, identity: str = "cli", max_rows: int | None = None, timeout: float = 60.0
    ) -> dict[str, Json]:
        """Plan a write and record it; one that needs nobody's approval is applied at once."""
        result = self._planner.plan(sql, identity, max_rows=max_rows, timeout=timeout)
        return self._shown(self._record(result, identity), result.mutations, identity)

    def undo(self, name: str, *, identity: str = "cli") -> dict[str, Json]:
        """Plan what takes an applied mutation back; it is previewed and approved like any other."""
        [*_, last] = found = self._own(name, identity)
        if len(found) > 1:
            raise QueryError(
                "A batch is undone one mutation at a time, the last one first",
                code="write.batch",
                hint=f"dinobase undo {last['mutation_id']}",
            )
        table, steps = self._runner.rebuilt(last)
        states = {row["step"]: row for row in self.journal.steps(last["mutation_id"])}
        changes: list[RowChange] = []
        reasons: list[str] = []
        for number, (_, change) in reversed(list(enumerate(rows_of(steps), 1))):
            state = states.get(number)
            if state is None or state["status"] != "done":
                continue
            back, reason = inverse(self._find(table.connector), table, as_applied(table, change, state))
            if back is not None:
                changes.append(back)
            else:
                reasons.append(reason)
        if not changes:
            raise QueryError(
                "Nothing of it can be undone" + (f": {reasons[0]}" if reasons else ": nothing of it was done"),
                code="write.undo",
                hint=f"dinobase mutations show {name}",
                reasons=sorted(set(reasons)),
            )
        planned = self._planner.undo(identity, table, changes, last["mutation_id"], f"undo {last['mutation_id']}")
        return self._shown(self._record(planned, identity), planned.mutations, identity)

    @property
    def has_key(self) -> bool:
        """Tell whether a person's approval takes a passphrase."""
        return bool(self._config.get("approval_key"))

    def needs_human(self, name: str, *, identity: str = "cli") -> bool:
        """Tell whether a mutation or batch takes a person's approval."""
        return self._fitting.asked(self._own(name, identity)) == "human"

    def approve_code(
        self, name: str, *more: str, identity: str = "cli", human: bool = False, passphrase: str = ""
    ) -> dict[str, Json]:
        """Approve mutations or batches as a person and return the code with which another may confirm them, once."""
        names = (name, *more)
        whole: list[dict[str, Any]] = []
        for each in names:
            found = self._own(each, identity)
            self._confirmable(each, found, human=human, passphrase=passphrase)
            whole += found
        if self._fitting.asked(whole) != "human":
            raise QueryError(
                "It needs no person's approval",
                code="write.state",
                hint=f"dinobase confirm {' '.join(names)}",
                approval="agent",
            )
        code = approval.code_of(os.urandom(approval.CODE_BYTES))
        with self.journal.writing() as writing:
            writing.steps(whole[0]["mutation_id"], _CODE, [], {"seal": self._fitting.seal(whole, code), "by": identity})
        what: dict[str, Json] = {id_word(names[0]): names[0]} if len(names) == 1 else {"ids": list(names)}
        return what | {"code": code, "expires_at": min(m["expires_at"] for m in whole)}

    def confirm(
        self, name: str, *, identity: str = "cli", human: bool = False, passphrase: str = "", code: str = ""
    ) -> dict[str, Json]:
        """Approve a mutation or a batch and apply it.

        human: a person gave it on a terminal; code: a person gave whoever confirms what `approve_code` returned.
        """
        return next(self.confirm_each([name], identity=identity, human=human, passphrase=passphrase, code=code))

    def confirm_batch(
        self, names: Sequence[str], *, identity: str = "cli", human: bool = False, passphrase: str = "", code: str = ""
    ) -> dict[str, Json]:
        """Confirm several, in order; ends at the first that is not wholly executed."""
        done = []
        for result in self.confirm_each(names, identity=identity, human=human, passphrase=passphrase, code=code):
            done.append(result)
            if result["status"] != "executed":
                break
        return {"mutations": done, "not_confirmed": list(names[len(done) :])}

    def confirm_each(
        self, names: Sequence[str], *, identity: str = "cli", human: bool = False, passphrase: str = "", code: str = ""
    ) -> Iterator[dict[str, Json]]:
        """Confirm one after the other, as they are asked for; a code is of all of them together, or of none."""
        coded = bool(code and names) and not human
        approved = self._coded(names, identity, code) if coded else {}
        by = f"{identity} (a person)" if human else f"{identity} (with a person's code)" if coded else identity
        for name in names:
            found = approved.get(name) or self._own(name, identity)
            if coded:
                self._waits(name, found)
                self._fitting.asked(found)
                self._fitting.as_shown(found)
            else:
                self._confirmable(name, found, human=human, passphrase=passphrase)
            yield self._approved(name, found, identity, by)

    def _approved(self, name: str, found: Sequence[Mapping[str, Any]], identity: str, by: str) -> dict[str, Json]:
        """Apply what may be applied, unless another was first."""
        facts = {"approved_by": by, "approved_at": iso(now())}
        with self._alone(found), self.journal.writing() as writing:
            for mutation in found:
                if not writing.move(mutation["mutation_id"], "approved", [WAITING], "executing", **facts):
                    raise not_waiting(name, "decided by another")
            return outcome(self._planner.guard(identity), self._runner.run(found, writing))

    def cancel(self, name: str, *, identity: str = "cli") -> dict[str, Json]:
        """Take back what waits for its approval."""
        found = self._own(name, identity)
        with self.journal.writing() as writing:
            for mutation in found:
                if not writing.move(
                    mutation["mutation_id"], "cancelled", [WAITING], "cancelled", finished_at=iso(now())
                ):
                    raise not_waiting(name, mutation["status"])
        return {id_word(name): name, "status": "cancelled"}

    def listed(self, *, identity: str = "cli", limit: int = 0) -> list[dict[str, Json]]:
        """List mutations, newest first; an identity sees its own, `cli` all."""
        rows = self.journal.mutations(identity="" if identity == "cli" else identity, limit=limit)
        return [{k: v for k, v in (row | {"status": status_of(row)}).items() if k != "place"} for row in rows]

    def show(self, name: str, *, identity: str = "cli") -> dict[str, Json]:
        """Return all that is known of a mutation or a batch."""
        found = self._own(name, identity)
        plans = [dict(mutation) for mutation in found]
        shown = []
        for mutation in found:
            plan = mutation.pop("plan") or {}
            mutation.pop("place")
            steps = [shown_step(row) for row in self.journal.steps(mutation["mutation_id"])]
            shown.append(mutation | {"status": status_of(mutation), "preview": plan.get("preview"), "steps": steps})
        result = shown[0] if len(shown) == 1 else {"batch_id": name, "mutations": shown}
        return self._shown(result, plans, identity)

    def verify(self) -> dict[str, Json]:
        """Check the journal's hash chain."""
        count, broken = self.journal.verify()
        if broken is not None:
            raise DinobaseError(
                f"The journal was altered at record {broken.place}: {broken.reason}",
                code="journal.altered",
                hint="Compare state/records.db with a backup.",
                record=broken.place,
            )
        return {"status": "intact", "records": count}

    def resume(
        self,
        name: str,
        *,
        identity: str = "cli",
        human: bool = False,
        resend: bool = False,
        passphrase: str = "",
    ) -> dict[str, Json]:
        """Go on with an approved mutation that stopped; `resend` sends again what nobody knows the outcome of."""
        found = self._own(name, identity)
        self._fitting.check(name, found, human=human, passphrase=passphrase, resumed=True)
        with self._alone(found), self.journal.writing() as writing:
            left = [m for m in found if m["status"] in STOPPED]
            if not left:
                raise not_waiting(name, found[0]["status"], "resume")
            for mutation in left:
                facts = {"resend": True} if resend else {}
                if not writing.move(mutation["mutation_id"], "resumed", STOPPED, "executing"):
                    raise not_waiting(name, "decided by another", "resume")
                if facts:
                    writing.steps(mutation["mutation_id"], "resend", [], facts)
            return outcome(self._planner.guard(identity), self._runner.run(left, writing, resend=resend))

    def abandon(self, name: str, *, identity: str = "cli") -> dict[str, Json]:
        """Give up what is left of a mutation that stopped; what was done stays done."""
        found = self._own(name, identity)
        with self._alone(found), self.journal.writing() as writing:
            for mutation in found:
                if not writing.move(mutation["mutation_id"], "abandoned", STOPPED, "abandoned", finished_at=iso(now())):
                    raise not_waiting(name, mutation["status"], "abandon")
        return counted(self.journal, found, status="abandoned")

    def _shown(self, result: dict[str, Json], mutations: Sequence[Mapping[str, Any]], identity: str) -> dict[str, Json]:
        """Return a result as its reader may see it."""
        guard = self._planner.guard(identity)
        if guard is None:
            return result
        tables = [m["plan"]["table"] for m in mutations if m.get("plan")]
        return planned_for(guard, result, {f"{t['connector']}.{t['name']}": t["paths"] for t in tables})

    def _alone(self, found: Sequence[Mapping[str, Any]]) -> AbstractContextManager[None]:
        return alone(self._paths, self._storage.catalog, found[0]["batch_id"])

    # confirmation

    def _own(self, name: str, identity: str) -> list[dict[str, Any]]:
        """Find a mutation; what another identity planned does not exist for this one."""
        found = self.journal.find(name)
        if identity != "cli" and any(m["identity"] != identity for m in found):
            raise UnknownName(
                f"There is no mutation {name}", code="unknown.mutation", hint="dinobase mutations", mutation_id=name
            )
        return found

    def _confirmable(
        self, name: str, found: Sequence[Mapping[str, Any]], *, human: bool = False, passphrase: str = ""
    ) -> None:
        """Raise unless it waits, is what was shown, and who confirms may."""
        self._waits(name, found)
        self._fitting.check(name, found, human=human, passphrase=passphrase)

    def _waits(self, name: str, found: Sequence[Mapping[str, Any]]) -> None:
        """Raise unless it waits, whole and in time."""
        for mutation in found:
            if mutation["status"] != WAITING:
                raise not_waiting(name, mutation["status"])
        whole = self.journal.find(found[0]["batch_id"])
        if len(whole) > len(found):
            raise QueryError(
                "It is one of several that were planned together",
                code="write.batch",
                hint=f"dinobase confirm {found[0]['batch_id']}",
                batch_id=found[0]["batch_id"],
            )
        if expired(found[0]):
            with self.journal.writing() as writing:
                for mutation in found:
                    writing.move(mutation["mutation_id"], "expired", [WAITING], "expired", finished_at=iso(now()))
            raise not_waiting(name, "expired")

    def _coded(self, names: Sequence[str], identity: str, code: str) -> dict[str, list[dict[str, Any]]]:
        """Return what a code is of, as it was when the code was looked at; a wrong one tells nothing."""
        approved = {name: self._own(name, identity) for name in names}
        for name, each in approved.items():
            self._waits(name, each)
        found = [mutation for name in names for mutation in approved[name]]
        seal = self._fitting.seal(found, code)
        known = [str(facts["seal"]) for facts in self.journal.facts(found[0]["mutation_id"], _CODE)]
        if not any(hmac.compare_digest(seal, each) for each in known):
            raise QueryError(
                "The code is not one that a person got for this write",
                code="write.code",
                hint=f"A person runs `dinobase mutations approve-code {' '.join(names)}` on a terminal.",
            )
        return approved

    # running

    def _record(self, planned: Planned, identity: str) -> dict[str, Json]:
        with self.journal.writing() as writing:
            writing.plan(planned.mutations)
        empty = planned.rows == 0
        if planned.approval == "auto" or empty:
            name = planned.batch_id if len(planned.mutations) > 1 else planned.mutations[0]["mutation_id"]
            done = self._approved(str(name), self._own(str(name), identity), identity, "config.yaml")
            previews = [m["plan"]["preview"] for m in planned.mutations]
            return done | ({"preview": previews[0]} if len(previews) == 1 else {"previews": previews})
        waiting = [
            {
                "mutation_id": m["mutation_id"],
                "status": WAITING,
                "approval": planned.approval,
                "preview": m["plan"]["preview"],
                "hash": m["plan_hash"],
                "expires_at": m["expires_at"],
            }
            for m in planned.mutations
        ]
        if len(waiting) == 1:
            return waiting[0]
        whole = digest([m["plan_hash"] for m in planned.mutations])
        return {
            "batch_id": planned.batch_id,
            "status": WAITING,
            "approval": planned.approval,
            "mutations": waiting,
            "hash": whole,
            "expires_at": waiting[0]["expires_at"],
        }
