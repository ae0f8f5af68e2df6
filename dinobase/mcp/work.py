"""What a child process does: one function per operation, from plain arguments to the text of an answer.

Everything happens for an identity, and this is the place where it is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from dinobase.core.errors import QueryTimeout
from dinobase.core.values import Event
from dinobase.mcp import answers

if TYPE_CHECKING:
    from dinobase.query.engine import QueryEngine
    from dinobase.workspace import Workspace

Report: TypeAlias = Callable[[str], None]
_KEPT = 4  # warm instances of one identity


class Desk:
    """What a child keeps between operations: a workspace, and an engine per identity while the settings hold."""

    def __init__(self, workspace: Workspace, stuck: Callable[[QueryTimeout], object]) -> None:
        self.workspace = workspace
        self._stuck = stuck
        self._engines: dict[str, tuple[dict[str, Any], QueryEngine]] = {}
        self.running: QueryEngine | None = None

    def engine(self, identity: str) -> QueryEngine:
        """Return the identity's engine; a new one where config.yaml has changed."""
        from dinobase.query.engine import QueryEngine
        from dinobase.spec.config_plain import plain_config

        settings = plain_config(self.workspace.paths)
        held = self._engines.get(identity)
        if held is None or held[0] != settings:
            held = (settings, QueryEngine.from_config(self.workspace.paths, settings, stuck=self._stuck, keep=_KEPT))
            self._engines[identity] = held
        return held[1]

    def interrupt(self) -> bool:
        """Stop the query that runs, from another thread; false where none does."""
        if self.running is None:
            return False
        self.running.interrupt()
        return True


def query(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Answer one SELECT."""
    desk.running = desk.engine(identity)
    try:
        return answers.rows(desk.running.run(args["sql"], max_rows=args["max_rows"], timeout=args["timeout"]))
    finally:
        desk.running = None


def describe(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Describe tables."""
    del identity
    full = bool(args["full"])
    return answers.tables(desk.workspace.describe(args["tables"], samples=3 if full else 0), full=full)


def list_connectors(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """List what is connected."""
    del identity
    return answers.connectors(desk.workspace.connectors(args["search"]))


def status(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Say how fresh everything is."""
    del identity, args
    return answers.status(desk.workspace.status())


def history(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """List the versions of a table."""
    del identity
    return answers.history(desk.workspace.history(args["table"], limit=args["limit"]))


def refresh(desk: Desk, identity: str, args: Mapping[str, Any], report: Report) -> str:
    """Sync connectors, and say what comes in while it does."""
    del identity
    names, resources = [], []
    for name in args["names"]:
        connector, _, table = name.partition(".")
        names.append(connector)
        if table:
            resources.append(table)

    def observe(event: Event) -> None:
        if event.kind == "finished":
            report(f"{event.connector}.{event.resource}: {event.status}, {event.rows} rows")
        elif event.kind == "waiting" and event.seconds >= 1:
            report(f"{event.connector}: waits {event.seconds:.0f} s ({event.reason})")

    return answers.synced(desk.workspace.sync(list(dict.fromkeys(names)), resources=resources, observe=observe))


def briefing(desk: Desk, identity: str, args: Mapping[str, Any], _: Report) -> str:
    """Compute the instructions."""
    del identity, args
    from dinobase.mcp.briefing import briefing as told

    return told(desk.workspace)


OPERATIONS: Mapping[str, Callable[[Desk, str, Mapping[str, Any], Report], str]] = {
    "query": query,
    "describe": describe,
    "list_connectors": list_connectors,
    "status": status,
    "history": history,
    "refresh": refresh,
    "briefing": briefing,
}
JOBS = frozenset({"refresh"})  # long, and in a process of their own: neither waits for the queries, nor they for it
