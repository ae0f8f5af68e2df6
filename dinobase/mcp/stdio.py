"""MCP on stdin and stdout: `initialize` is answered at once, by ourselves, while the SDK is still being loaded.

Loading the SDK takes a second, and clients show a server as broken that does not greet soon. The greeting is a function
of the client's protocol version and the instructions; a test holds it equal to what the SDK itself says. The SDK is
then given the same request, so that it knows its client, and its own answer to it goes nowhere.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import AsyncIterator
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dinobase.workspace import Workspace

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")  # those that begin with `initialize`
IDENTITY = "mcp"  # server.py's too, which is not loaded yet when the instructions are computed
CAPABILITIES = {"tools": {"listChanged": False}}


def serve(workspace: Workspace) -> None:
    """Serve until stdin ends."""
    wire_in, wire_out = _claim()
    loading = threading.Thread(target=_load, daemon=True)
    from dinobase.mcp.briefing import briefing

    instructions = briefing(workspace, IDENTITY)
    loading.start()
    first = wire_in.readline()
    if not first:
        return
    greeted = greeting(first, instructions)
    if greeted is not None:
        wire_out.write(json.dumps(greeted[1], ensure_ascii=False) + "\n")
        wire_out.flush()
    loading.join()
    import anyio

    anyio.run(_serve, workspace, instructions, _In(first, wire_in), _Out(wire_out, greeted[0] if greeted else None))


def greeting(line: str, instructions: str) -> tuple[Any, dict[str, Any]] | None:
    """Return the request's id and our answer; None for anything but a proper `initialize`, which the SDK answers."""
    from dinobase import __version__

    try:
        message = json.loads(line)
        params = message["params"]
        number, version = message["id"], params["protocolVersion"]
        proper = (
            message["jsonrpc"] == "2.0"
            and message["method"] == "initialize"
            and isinstance(number, (int, str))
            and not isinstance(number, bool)
            and isinstance(version, str)
            and isinstance(params["capabilities"], dict)
            and {"name", "version"} <= set(params["clientInfo"])
            and "_meta" not in params
        )
    except (ValueError, KeyError, TypeError):
        return None
    if not proper:
        return None
    result = {
        "protocolVersion": version if version in VERSIONS else VERSIONS[-1],
        "capabilities": CAPABILITIES,
        "serverInfo": {"name": "dinobase", "version": __version__},
        "instructions": instructions,
    }
    return number, {"jsonrpc": "2.0", "id": number, "result": result}


async def _serve(workspace: Workspace, instructions: str, stdin: _In, stdout: _Out) -> None:
    from mcp.server.stdio import stdio_server

    from dinobase.mcp.handlers import TOOLS
    from dinobase.mcp.pool import Pool, pool_size
    from dinobase.mcp.reach import teller
    from dinobase.mcp.server import build

    async def told(_: str) -> str:
        return instructions

    pool = Pool(workspace.paths.root, pool_size())
    server = build(pool, TOOLS, told, teller(workspace.paths))
    try:
        await pool.warm()
        async with stdio_server(stdin, stdout) as (read, write):  # type: ignore[arg-type]  # what it uses of a file, they have
            await server.run(read, write, server.create_initialization_options())
    finally:
        await pool.close()


def _load() -> None:
    import mcp.server.lowlevel
    import mcp.server.stdio

    from dinobase.mcp import server

    del mcp, server


def _claim() -> tuple[IO[str], IO[str]]:
    """Take the protocol's two streams away from everything else: what a library prints goes to stderr."""
    wire_in = os.fdopen(os.dup(0), "r", encoding="utf-8", errors="replace", newline="\n")
    wire_out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return wire_in, wire_out


def paired(line: str) -> str:
    """Return a message without halves of characters: the SDK takes no such line, and nobody would hear of it."""
    if "\\ud" not in line.lower():
        return line
    try:
        message = json.loads(line)
    except ValueError:
        return line
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"


class _In:
    """The lines that the SDK reads: the one that was read already, then the rest."""

    def __init__(self, first: str, wire: IO[str]) -> None:
        self._first = first
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[str]:
        from anyio import to_thread

        yield paired(self._first)
        while True:
            line = await to_thread.run_sync(self._wire.readline, abandon_on_cancel=True)
            if not line:
                return
            yield paired(line)


class _Out:
    """What the SDK writes, without its own answer to a request that was answered already."""

    def __init__(self, wire: IO[str], answered: Any) -> None:
        self._wire = wire
        self._answered = answered
        self._drop = answered is not None

    async def write(self, text: str) -> None:
        if self._drop:
            message = json.loads(text)
            if message.get("id") == self._answered and "result" in message:
                self._drop = False
                return
        self._wire.write(text)

    async def flush(self) -> None:
        self._wire.flush()
