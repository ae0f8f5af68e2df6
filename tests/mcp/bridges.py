"""What the conformance suite needs, which speaks plain HTTP alone: a proxy that adds a token, a bridge to stdio."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from tests.acceptance.cli_process import Cli


@asynccontextmanager
async def with_token(port: int, token: str) -> AsyncIterator[str]:
    """Pass bytes on to a server, with a token in each request; `localhost` and our port become the server's."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)

        async def requests() -> None:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = [line for line in head.decode("latin-1").split("\r\n") if line]
                lines = [
                    line.replace(f":{ours}", f":{port}") if line.lower()[:5] == "host:" else line for line in lines
                ]
                lines = [
                    line.replace(f":{ours}", f":{port}") if line.lower()[:7] == "origin:" else line for line in lines
                ]
                back.write("\r\n".join([*lines, f"Authorization: Bearer {token}", "", ""]).encode("latin-1"))
                length = next((int(line[15:]) for line in lines if line.lower().startswith("content-length:")), 0)
                back.write(await reader.readexactly(length))
                await back.drain()

        async def answers() -> None:
            while data := await there.read(65536):
                writer.write(data)
                await writer.drain()

        tasks = [asyncio.create_task(requests()), asyncio.create_task(answers())]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in (writer, back):
            end.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    ours = server.sockets[0].getsockname()[1]
    async with server:
        yield f"http://localhost:{ours}/mcp"


class Session:
    """One `dinobase serve` on stdio."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[str, asyncio.Future[bytes]] = {}
        self._told: list[bytes] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, cli: Cli, command: Sequence[str]) -> Session:
        pipe = asyncio.subprocess.PIPE
        environment = cli.environment()
        return cls(await asyncio.create_subprocess_exec(*command, "serve", stdin=pipe, stdout=pipe, env=environment))

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self._told.append(b"event: message\ndata: " + line + b"\n")
            waiting = self._waiting.pop(json.dumps(json.loads(line).get("id")), None)
            if waiting is not None:
                waiting.set_result(b"".join(self._told))
                self._told.clear()
        for waiting in self._waiting.values():
            waiting.set_exception(ConnectionError("the process has ended"))

    async def send(self, message: Mapping[str, Any]) -> bytes:
        """Return what was said until the answer came, as events; nothing where no answer is due."""
        assert self._process.stdin is not None
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        if "id" in message:
            self._waiting[json.dumps(message["id"])] = answer
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()
        return await answer if "id" in message else b""

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading


@asynccontextmanager
async def to_stdio(cli: Cli, command: Sequence[str]) -> AsyncIterator[str]:
    """Answer each POST with what a process on stdio answers; a process per session."""
    sessions: dict[str, Session] = {}

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await _exchange(reader, writer, sessions, lambda: Session.start(cli, command))
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        async with server:
            yield f"http://localhost:{server.sockets[0].getsockname()[1]}/mcp"
    finally:
        for session in sessions.values():
            await session.close()


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    sessions: dict[str, Session],
    start: Callable[[], Awaitable[Session]],
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(fields.get("content-length", 0)))
    status, answer, name = "405 Method Not Allowed", b"", fields.get("mcp-session-id", "")
    if head[0].startswith("POST"):
        message = json.loads(body)
        if message.get("method") == "initialize":
            name = f"s{len(sessions)}"
            sessions[name] = await start()
        answer = await sessions[name].send(message)
        status = "200 OK" if answer else "202 Accepted"
    elif head[0].startswith("DELETE"):
        status = "200 OK"
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(answer)}", "content-type: text/event-stream"]
    lines += [f"mcp-session-id: {name}"] if name else []
    writer.write("\r\n".join([*lines, "", ""]).encode() + answer)
    await writer.drain()
