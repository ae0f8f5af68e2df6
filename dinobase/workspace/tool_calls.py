"""Calling tools of connected MCP servers: each server is started once for all calls of a block, and ends with it.

What may be called is decided here, whoever asks: the person at the command line anything after saying yes, everyone
else what only reads.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import TimeoutError as Expired
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from dinobase.core.errors import RequestError, UnknownName, did_you_mean
from dinobase.core.values import Event
from dinobase.spec import credentials
from dinobase.spec.resolve import resolve
from dinobase.spec.tools import Listing, Tool, judged
from dinobase.spec.vault import Vault
from dinobase.workspace import servers
from dinobase.workspace.mcp_results import McpCalled, McpInfo

if TYPE_CHECKING:
    from dinobase.extract.mcp_client import Answer
    from dinobase.extract.readers.mcp import McpSession
    from dinobase.spec.models import Connector

T = TypeVar("T")
_ENDING_S = 20.0


class ToolCalls:
    """Context manager: a loop in a thread of its own, and in it a session per server that was asked."""

    def __init__(self, workspace: servers.Workspace, identity: str) -> None:
        self._workspace = workspace
        self._identity = identity
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="mcp-calls")
        self._sessions: dict[str, McpSession] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(Expired, Exception):
            self._do(self._close(), _ENDING_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_ENDING_S)
        if not self._thread.is_alive():
            self._loop.close()

    def info(self, name: str) -> McpInfo:
        """Ask a server what it is and has."""
        connector = servers.one(self._workspace, name, self._identity)
        return servers.info(name, connector, self._do(self._met(name, connector)).listing)

    def listing(self, name: str) -> Listing:
        """Ask a server what it has."""
        connector = servers.one(self._workspace, name, self._identity)
        return self._do(self._met(name, connector)).listing

    def reads(self, name: str, tool: str) -> bool:
        """Say whether a tool only reads; raises UnknownName."""
        connector = servers.one(self._workspace, name, self._identity)
        listing = self._do(self._met(name, connector)).listing
        return judged(connector, listing)[_tool(name, listing, tool).name].reads

    def call(
        self,
        name: str,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        confirmed: bool = False,
        timeout: float | None = None,
    ) -> McpCalled:
        """Call a tool; one that does not only read is called for the person alone, who has confirmed it."""
        connector = servers.one(self._workspace, name, self._identity)
        session = self._do(self._met(name, connector), timeout)
        found = _tool(name, session.listing, tool)
        verdict = judged(connector, session.listing)[found.name]
        if not verdict.reads and not (confirmed and self._identity == "cli"):
            raise RequestError(
                f"`{found.name}` of {name} may change something ({verdict.why}), so it was not called",
                code="mcp.writes",
                hint="A person calls it: dinobase mcp call ... --yes; `tools.include` in its file says that it reads.",
                tool=found.name,
            )
        answer = self._do(session.call(found, arguments), timeout)
        return McpCalled(name, found.name, answer.is_error, value_of(answer), [dict(b) for b in answer.blocks])

    def _do(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise

    async def _met(self, name: str, connector: Connector) -> McpSession:
        from dinobase.extract.readers.mcp import McpSession  # the SDK takes a second to load

        if name not in self._sessions:
            paths = self._workspace.paths
            entry = self._workspace.config().connectors[name]
            answers = credentials.recall(name, connector.credentials, Vault(paths), entry.params)
            resolved = resolve(connector, credentials.values(connector.credentials, answers))
            session = McpSession(resolved, name=name, state_dir=paths.make(paths.state), observe=_ignore)
            await session.__aenter__()
            self._sessions[name] = session
        return self._sessions[name]

    async def _close(self) -> None:
        for session in self._sessions.values():
            await session.__aexit__(None, None, None)


def value_of(answer: Answer) -> Any:
    """Return what an answer says as data: structured content, else JSON text, else the text."""
    if answer.has_structured:
        return answer.structured
    with suppress(ValueError, RecursionError):
        return json.loads(answer.text)
    return answer.text


def _tool(name: str, listing: Listing, tool: str) -> Tool:
    found = listing.tool(tool)
    if found is None:
        near = did_you_mean(tool, [one.name for one in listing.tools])
        listed = ", ".join(one.name for one in listing.tools) or "none"
        hint = f"Did you mean `{near}`?" if near else f"It has: {listed}."
        raise UnknownName(f"{name} has no tool `{tool}`", code="mcp.no_tool", hint=hint, name=tool)
    return found


def _ignore(_: Event) -> None:
    return
