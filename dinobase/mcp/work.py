"""What a child process does: one function per operation, from plain arguments to the text of an answer.

Everything happens for an identity, and this is the place where it is handed on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from dinobase.core.values import Event, Observer
from dinobase.mcp import answers, writes
from dinobase.mcp.desk import Desk

if TYPE_CHECKING:
    from dinobase.query.decision import Told

Report: TypeAlias = Callable[[str], None]


def query(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Answer one SELECT within a budget of tokens."""
    from dinobase.query.budget import run_within
    from dinobase.query.compact import render_compact

    desk.running = desk.engine(identity)
    try:
        told = _told(args.get("told", ""))
        found = run_within(desk.running, args["sql"], args["budget"], timeout=args["timeout"], told=told)
        return render_compact(found)
    finally:
        desk.running = None


def describe(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Describe tables."""
    from dinobase.catalog.brief import describe_text

    full = bool(args["full"])
    found = desk.workspace.describe(args["tables"], samples=3 if full else 0, identity=identity, full=full)
    return describe_text(found, full=full)


def search(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Find tables and columns."""
    from dinobase.catalog import search as found

    return found.text(desk.workspace.search(args["words"], limit=args["limit"], identity=identity))


def annotate(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Keep what somebody's model found out; what a person says counts before it."""
    return answers.annotated(desk.workspace.annotate(args["words"], origin="agent", identity=identity))


def diff(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Compare two versions of a table."""
    from dinobase.query import difference

    limit = args["limit"]
    found = desk.workspace.diff(args["table"], since=args["since"], until=args["until"], limit=limit, identity=identity)
    return difference.text(found)


def list_connectors(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """List what is connected."""
    search = args["search"]
    return answers.connectors(desk.workspace.connectors(search, identity=identity), _nothing(desk, identity), search)


def status(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Say how fresh everything is."""
    del args
    return answers.status(desk.workspace.status(identity=identity), _nothing(desk, identity))


def _nothing(desk: Desk, identity: str) -> str:
    return answers.nothing(identity, limited=desk.workspace.guard(identity) is not None)


def history(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """List the versions of a table."""
    return answers.history(desk.workspace.history(args["table"], limit=args["limit"], identity=identity))


def refresh(desk: Desk, identity: str, args: Mapping[str, Any], report: Report) -> str:
    """Sync connectors, and say what comes in while it does."""
    names = args["names"]
    observe = _observer(report)
    return answers.synced(desk.workspace.refresh(names, stale=not names, observe=observe, identity=identity))


def freshen(desk: Desk, identity: str, args: Mapping[str, Any], report: Report) -> str:
    """Bring what a SELECT reads up to date where it is older than it may be; the query is told what was done."""
    from dinobase.workspace import bounded

    max_age = bounded.parse(args["max_age"])
    told = desk.workspace.fresh(args["sql"], max_age, identity=identity, observe=_observer(report))
    return json.dumps({"notes": told.notes, "live": sorted(told.live)})


def _told(text: str) -> Told | None:
    if not text:
        return None
    from dinobase.query.decision import Told

    said = json.loads(text)
    return Told(tuple(said["notes"]), frozenset(said["live"]))


def _observer(report: Report) -> Observer:
    def observe(event: Event) -> None:
        if event.kind == "finished":
            report(f"{event.connector}.{event.resource}: {event.status}, {event.rows} rows")
        elif event.kind == "waiting" and event.seconds >= 1:
            report(f"{event.connector}: waits {event.seconds:.0f} s ({event.reason})")

    return observe


def exec_code(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Run Python in the sandbox."""
    from dinobase.mcp import code

    return code.run(desk, identity, args["code"], timeout=args["timeout"], budget=args["budget"])


def briefing(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Compute the instructions."""
    del args
    from dinobase.mcp.briefing import briefing as told

    return told(desk.workspace, identity)


OPERATIONS: Mapping[str, Callable[[Desk, str, Mapping[str, Any], Report], str]] = {
    "query": query,
    "describe": describe,
    "exec_code": exec_code,
    "search": search,
    "annotate": annotate,
    "diff": diff,
    "list_connectors": list_connectors,
    "status": status,
    "history": history,
    "refresh": refresh,
    "freshen": freshen,
    "briefing": briefing,
    "write": writes.write,
    "confirm": writes.confirm,
    "confirm_batch": writes.confirm_batch,
    "cancel": writes.cancel,
    "mutations": writes.mutations,
}
JOBS = frozenset({"refresh", "freshen"})  # long, each in a process of its own: no query waits for one, nor it for them
WRITES = frozenset({"write", "confirm", "confirm_batch"})  # they wait for APIs, and may not be broken off
