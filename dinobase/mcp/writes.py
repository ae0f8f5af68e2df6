"""Writes, as a child process does them: planned, confirmed, cancelled and looked up for an identity.

An identity never confirms as a person here: whoever speaks MCP is an agent. It may have a code from a person, though.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dinobase.core.errors import DinobaseError
from dinobase.mcp import answers, plans
from dinobase.mcp.desk import Desk

_BUDGET = 8_000  # tokens of one write shown whole
_LISTED = 20


def write(desk: Desk, identity: str, args: Mapping[str, Any], report: Callable[[str], None]) -> str:
    """Plan INSERT, UPDATE, DELETE and MERGE; what needs nobody's approval is sent at once."""
    with desk.sends(args["timeout"]), _watched(desk, report):
        result = desk.workspace.write(args["sql"], identity=identity, timeout=args["timeout"])
    return plans.planned(result, args["budget"])


def confirm(desk: Desk, identity: str, args: Mapping[str, Any], report: Callable[[str], None]) -> str:
    """Send what was planned."""
    with desk.sends(), _watched(desk, report):
        desk.begin_sending()
        engine = desk.workspace.mutations()
        return plans.applied(engine.confirm(args["id"], identity=identity, code=args["code"]))


def confirm_batch(desk: Desk, identity: str, args: Mapping[str, Any], report: Callable[[str], None]) -> str:
    """Send several, in order; what comes after one that is not wholly done is left to wait."""
    told: list[str] = []
    ids = list(args["ids"])
    with desk.sends(), _watched(desk, report):
        desk.begin_sending()
        each = desk.workspace.mutations().confirm_each(ids, identity=identity, code=args["code"])
        for place, name in enumerate(ids, 1):
            try:
                result = next(each)
            except DinobaseError as error:
                if not told:
                    raise
                told.append(f"{name}: {answers.failure(error.as_dict()['error'])}")
            else:
                told.append(plans.applied(result))
                if result["status"] == "executed" and desk.goes_on():
                    continue
            if ids[place:]:
                told.append(f"Not confirmed: {', '.join(ids[place:])}.")
            break
    return "\n".join(told)


def cancel(desk: Desk, identity: str, args: Mapping[str, Any], _: Callable[[str], None]) -> str:
    """Take back what waits."""
    desk.workspace.mutations().cancel(args["id"], identity=identity)
    return f"{args['id']} cancelled"


def mutations(desk: Desk, identity: str, args: Mapping[str, Any], _: Callable[[str], None]) -> str:
    """List an identity's writes, or show one."""
    engine = desk.workspace.mutations()
    if args["id"]:
        return plans.shown(engine.show(args["id"], identity=identity), _BUDGET)
    return plans.listed(engine.listed(identity=identity, limit=_LISTED))


@contextmanager
def _watched(desk: Desk, report: Callable[[str], None]) -> Iterator[None]:
    """Tell how many calls were answered, and heed a cancellation between two of them."""
    from dinobase.mutate.watched import Onlooker, watched_by

    answered = 0

    def told() -> None:
        nonlocal answered
        answered += 1
        report(f"{answered} call{'' if answered == 1 else 's'} answered")

    with watched_by(Onlooker(desk.begin_sending, desk.goes_on, told)):
        yield
