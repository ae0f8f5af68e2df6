"""What a child process does: one function per operation, from plain arguments to the text of an answer.

Everything happens for an identity, and this is the place where it is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from dinobase.core.values import Event
from dinobase.mcp import answers, writes
from dinobase.mcp.desk import Desk

Report: TypeAlias = Callable[[str], None]


def query(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Answer one SELECT within a budget of tokens."""
    from dinobase.query.budget import run_within
    from dinobase.query.compact import render_compact

    desk.running = desk.engine(identity)
    try:
        found = run_within(desk.running, args["sql"], args["budget"], timeout=args["timeout"])
        return render_compact(found)
    finally:
        desk.running = None


def describe(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Describe tables."""
    from dinobase.catalog.brief import describe_text

    full = bool(args["full"])
    found = desk.workspace.describe(args["tables"], samples=3 if full else 0, identity=identity)
    return describe_text(found, full=full)


def search(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Find tables and columns."""
    from dinobase.catalog import search as found

    return found.text(desk.workspace.search(args["words"], limit=args["limit"], identity=identity))


def diff(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Compare two versions of a table."""
    from dinobase.query import difference

    limit = args["limit"]
    found = desk.workspace.diff(args["table"], since=args["since"], until=args["until"], limit=limit, identity=identity)
    return difference.text(found)


def list_connectors(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """List what is connected."""
    return answers.connectors(desk.workspace.connectors(args["search"], identity=identity))


def status(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Say how fresh everything is."""
    del args
    return answers.status(desk.workspace.status(identity=identity))


def history(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """List the versions of a table."""
    return answers.history(desk.workspace.history(args["table"], limit=args["limit"], identity=identity))


def refresh(desk: Desk, identity: str, args: Mapping[str, Any], report: Report) -> str:
    """Sync connectors, and say what comes in while it does."""

    def observe(event: Event) -> None:
        if event.kind == "finished":
            report(f"{event.connector}.{event.resource}: {event.status}, {event.rows} rows")
        elif event.kind == "waiting" and event.seconds >= 1:
            report(f"{event.connector}: waits {event.seconds:.0f} s ({event.reason})")

    names = args["names"]
    return answers.synced(desk.workspace.refresh(names, stale=not names, observe=observe, identity=identity))


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
    "diff": diff,
    "list_connectors": list_connectors,
    "status": status,
    "history": history,
    "refresh": refresh,
    "briefing": briefing,
    "write": writes.write,
    "confirm": writes.confirm,
    "confirm_batch": writes.confirm_batch,
    "cancel": writes.cancel,
    "mutations": writes.mutations,
}
JOBS = frozenset({"refresh"})  # long, and in a process of their own: neither waits for the queries, nor they for it
WRITES = frozenset({"write", "confirm", "confirm_batch"})  # they wait for APIs, and may not be broken off
