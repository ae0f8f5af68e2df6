"""Whether a plan may go out now: who approves it by the rules as they are, and whether it is still what was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dinobase.access.key import workspace_key
from dinobase.access.policy import policy_of
from dinobase.core.errors import QueryError
from dinobase.core.settings import Paths
from dinobase.mutate import approval
from dinobase.mutate.approval import Approval
from dinobase.mutate.journal import digest
from dinobase.mutate.planner import FindConnector
from dinobase.mutate.runner import Runner
from dinobase.mutate.sender import fits


class Fitting:
    """`found` is everywhere all mutations of one approval, as the journal has them."""

    def __init__(self, paths: Paths, config: Mapping[str, Any], find: FindConnector, runner: Runner) -> None:
        self._paths = paths
        self._config = config
        self._find = find
        self._runner = runner

    def asked(self, found: Sequence[Mapping[str, Any]]) -> Approval:
        """Return who approves: whom the plan asks for, or the rules of today where these are stricter."""
        rows = sum(int(m["rows"]) for m in found)
        asked: list[Approval] = []
        for mutation in found:
            connector, table = str(mutation["connector"]), str(mutation["table_name"])
            steps = (mutation["plan"] or {}).get("steps", ())
            operations = [change["operation"] for step in steps for change in step["changes"]]
            held = approval.needed(self._config["writes"], connector, table, operations, rows)
            policy = policy_of(self._config.get("access") or {}, str(mutation["identity"]))
            if held == "deny" or not policy.may_write(connector, table):
                raise QueryError(
                    f"config.yaml denies this write to {connector}.{table} by now",
                    code="write.denied",
                    hint="`writes:` and `access:` in config.yaml say who may write what.",
                    table=f"{connector}.{table}",
                )
            asked += [mutation["approval"], held]
        return approval.strictest(asked)

    def check(
        self,
        name: str,
        found: Sequence[Mapping[str, Any]],
        *,
        human: bool,
        passphrase: str,
        resumed: bool = False,
    ) -> None:
        """Raise unless who confirms may, and what is confirmed is what was shown."""
        asked, verb = self.asked(found), "mutations resume" if resumed else "confirm"
        if asked == "human" and not human:
            raise QueryError(
                "This write needs a person's approval",
                code="write.needs_human",
                hint=f"A person runs `dinobase {verb} {name}` on a terminal.",
                approval="human",
            )
        key = str(self._config.get("approval_key") or "")
        if asked == "human" and key and not approval.opens(passphrase, key):
            raise QueryError(
                "The approval key is not the right one",
                code="write.approval_key",
                hint=f"dinobase {verb} {name} asks for it on a terminal.",
            )
        self.as_shown(found, resumed=resumed)

    def as_shown(self, found: Sequence[Mapping[str, Any]], *, resumed: bool = False) -> None:
        """Raise unless each plan, and each request that it makes today, is what was shown.

        resumed: what stopped may go on with other credentials; that they were wrong is why most of it stops.
        """
        for mutation in found:
            table, steps = self._runner.rebuilt(mutation)
            if digest(mutation["plan"]) != mutation["plan_hash"]:
                raise QueryError(
                    "The plan is not the one that was shown", code="write.altered", hint="dinobase mutations verify"
                )
            same = [step.preview() for step in steps] == mutation["plan"]["preview"]["requests"]
            sender = "" if resumed else mutation["plan"].get("sender", "")
            if not same or (sender and not fits(sender, self._find(table.connector), table.name, steps)):
                raise QueryError(
                    "The connector's definition or its credentials have changed since the preview",
                    code="write.changed",
                    hint="Plan the write again.",
                )

    def seal(self, found: Sequence[Mapping[str, Any]], code: str) -> str:
        """Return what the journal keeps of a code for these plans."""
        plans = [str(m["plan_hash"]) for m in found]
        until = min(m["expires_at"] for m in found)
        verifies = str(self._config.get("approval_key") or "")
        return approval.sealed(workspace_key(self._paths), code, plans, until, verifies)
