"""What connected MCP servers offer one identity: `db.mcp` from Python, `dinobase mcp` on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dinobase.core.settings import Paths
from dinobase.extract import mcp_listing
from dinobase.workspace import servers
from dinobase.workspace.mcp_results import McpCalled, McpFound, McpInfo, McpInstructions, McpServers, McpTool
from dinobase.workspace.tool_calls import ToolCalls

if TYPE_CHECKING:
    from dinobase.workspace.results import Drafted


class Mcp:
    """Servers and their tools, under an identity's access rules."""

    def __init__(self, workspace: servers.Workspace, identity: str) -> None:
        self._workspace = workspace
        self._identity = identity

    def create(
        self,
        name: str,
        *,
        transport: str,
        command: str = "",
        env: Mapping[str, str] | None = None,
        url: str = "",
        headers: Mapping[str, str] | None = None,
        bearer: str = "",
        replace: bool = False,
    ) -> Drafted:
        """Write the definition of a server."""
        from dinobase.workspace import server_draft

        paths: Paths = self._workspace.paths
        return server_draft.create(
            name,
            transport=transport,
            command=command,
            env=env,
            url=url,
            headers=headers,
            bearer=bearer,
            replace=replace,
            paths=paths,
        )

    def servers(self) -> McpServers:
        """List connected servers; none is started."""
        return servers.servers(self._workspace, self._identity)

    def info(self, name: str) -> McpInfo:
        """Ask a server what it is and has."""
        with self.calls() as calls:
            return calls.info(name)

    def tools(self) -> list[McpTool]:
        """List the tools of servers that have been met; none is started."""
        return servers.met(self._workspace, self._identity)

    def search(self, words: str, *, limit: int = 10) -> McpFound:
        """Find tools among what servers have said so far."""
        return servers.search(self._workspace, words, limit, self._identity)

    def call(self, name: str, tool: str, arguments: Mapping[str, Any] | None = None, **options: Any) -> McpCalled:
        """Call a tool; `confirmed=True` one that may change something, `timeout` in seconds."""
        with self.calls() as calls:
            return calls.call(name, tool, arguments or {}, **options)

    def instructions(self, name: str) -> McpInstructions:
        """Return what a server tells its clients to read first."""
        servers.one(self._workspace, name, self._identity)
        listing = mcp_listing.known(self._workspace.paths.state, name)
        if listing is None:
            with self.calls() as calls:
                listing = calls.listing(name)
        return McpInstructions(name, listing.instructions)

    def calls(self) -> ToolCalls:
        """Return a block in which a server is started once for all calls."""
        return ToolCalls(self._workspace, self._identity)
