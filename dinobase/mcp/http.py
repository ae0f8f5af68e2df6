"""MCP at http://HOST:PORT/mcp: one process for many clients, each with a token."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from anyio import to_thread
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from dinobase.core.errors import UsageError
from dinobase.mcp.guard import Guard, Identities, Rate, allowed_hosts
from dinobase.mcp.handlers import TOOLS
from dinobase.mcp.pool import Pool, pool_size
from dinobase.mcp.reach import teller
from dinobase.mcp.server import build

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dinobase.mcp.tools import Tool
    from dinobase.workspace import Workspace

PATH = "/mcp"
HEALTH = "/healthz"
BURST, PER_SECOND = 200, 50  # calls of one token


def serve(workspace: Workspace, *, host: str, port: int, say: Callable[[str], object], scheduled: bool = False) -> None:
    """Serve until Ctrl-C; `say` is told the address. scheduled: a scheduler is to be well, too, for /healthz."""
    listening = listen(host, port)
    bound = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    say(f"MCP at http://{shown}:{bound}{PATH}")
    if not any(token.status == "active" for token in workspace.tokens().listed().tokens):
        say("Nobody can get in yet: dinobase token create NAME")
    pool = Pool(workspace.paths.root, pool_size())
    app = with_health(application(workspace, pool, TOOLS, host=host, port=bound), workspace, scheduled=scheduled)
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on", ws="none", server_header=False)
    uvicorn.Server(config).run(sockets=[listening])


def application(workspace: Workspace, pool: Pool, tools: Sequence[Tool], *, host: str, port: int) -> ASGIApp:
    """Wire the ASGI application; its lifespan starts and ends the pool."""
    identities = Identities(workspace.tokens())

    async def instructions(identity: str) -> str:
        return await pool.ask("briefing", identity, {})

    manager = StreamableHTTPSessionManager(
        build(pool, tools, instructions, teller(workspace.paths)), json_response=False
    )

    async def sessions(scope: Scope, receive: Receive, send: Send) -> None:
        await manager.handle_request(scope, receive, send)

    guarded = Guard(
        sessions, identify=identities.of, hosts=allowed_hosts(host, port), path=PATH, rate=Rate(BURST, PER_SECOND)
    )

    @asynccontextmanager
    async def life() -> AsyncIterator[None]:
        await pool.warm()
        second = asyncio.create_task(pool.warm())  # clients come together
        try:
            async with manager.run():
                yield
        finally:
            await second
            await pool.close()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(life, receive, send)
        else:
            await guarded(scope, receive, send)

    return app


def with_health(app: ASGIApp, workspace: Workspace, *, scheduled: bool) -> ASGIApp:
    """Answer /healthz to anybody: numbers alone, of the scheduler where there is to be one."""

    async def healthy(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != HEALTH or scope["method"] != "GET":
            await app(scope, receive, send)
            return
        status, body = 200, {"status": "ok"}
        if scheduled:
            from dinobase.workspace import schedule_state

            status, body = await to_thread.run_sync(schedule_state.health, workspace.paths)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    return healthy


async def _lifespan(life: Callable[[], Any], receive: Receive, send: Send) -> None:
    await receive()
    async with life():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises UsageError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With TCP named asyncio sends small parts at once: else each waits for the ACK of the last, which clients delay.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise UsageError(
            f"{host}:{port} cannot be served at: {error.strerror or error}",
            code="serve.address",
            hint="--port 0 takes any free one.",
        ) from None
    listening.listen(128)
    return listening
