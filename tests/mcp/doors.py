"""The official Python client at both doors: a process on stdio, and a server on loopback with a token."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx2
from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from tests.acceptance.cli_process import COMMAND, Cli

ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@dataclass
class Http:
    """A running server."""

    url: str
    process: subprocess.Popen[str]

    @property
    def port(self) -> int:
        return int(re.findall(r":(\d+)/", self.url)[0])


@contextmanager
def http_server(cli: Cli, command: Sequence[str] = COMMAND) -> Iterator[Http]:
    """Run `serve --http` on a free port until the block ends."""
    with subprocess.Popen(
        [*command, "serve", "--http", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=cli.environment(),
        cwd=cli.root.parent,
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + process.stderr.read()
        try:
            yield Http(found[0], process)
        finally:
            process.send_signal(signal.SIGINT)
            process.stderr.read()
            process.wait(30)


@asynccontextmanager
async def over_stdio(cli: Cli) -> AsyncIterator[ClientSession]:
    """Start `dinobase serve` and greet it."""
    server = StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], "serve"], env=cli.environment())
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        yield session


@asynccontextmanager
async def over_http(url: str, token: str) -> AsyncIterator[ClientSession]:
    """Greet a running server."""
    headers = {"authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(url, http_client=http) as streams,
        ClientSession(*streams[:2]) as session,
    ):
        await session.initialize()
        yield session


def text(result: CallToolResult) -> str:
    """Return the one text of an answer, which must be all of it."""
    assert result.structured_content is None
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text
