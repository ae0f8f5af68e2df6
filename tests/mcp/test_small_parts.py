"""An answer's small parts go out at once; Nagle's algorithm would hold each until the client acknowledges the last."""

from __future__ import annotations

import asyncio
import socket

from dinobase.mcp.http import listen


async def test_what_is_accepted_sends_small_parts_at_once() -> None:
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = writer.get_extra_info("socket")
        found.set_result(there.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listening = listen("127.0.0.1", 0)
    async with await asyncio.start_server(accepted, sock=listening):
        _, writer = await asyncio.open_connection(*listening.getsockname())
        assert await found == 1
        writer.close()
