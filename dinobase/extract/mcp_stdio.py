"""An MCP server as a process: JSON lines in and out, bounded; what else it prints is counted, not believed.

It gets an environment of its own (PATH, HOME and the like, and what its definition gives), never ours, and it ends with
everything it has started when the connection does.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import anyio
import mcp_types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage

from dinobase.core.errors import FetchError

Streams: TypeAlias = tuple[
    MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]
]

_GRACE_S = 2.0  # from the end of its stdin to SIGTERM, and from there to SIGKILL
_LAST_WORDS = 4096
_SHOWN = 200
# Our own limit of memory, where there is one, is not the server's.
_UNCONFINED = ("/bin/sh", "-c", 'ulimit -S -v "$(ulimit -H -v)" 2>/dev/null; exec "$@"', "sh")


@dataclass(slots=True)
class Wire:
    """What came beside the protocol. `broken`: why no more is read; `ended`: nothing more will come."""

    junk: int = 0
    first_junk: str = ""
    broken: str = ""
    ended: bool = False
    _said: deque[bytes] = field(default_factory=deque)
    _length: int = 0

    def hear(self, chunk: bytes) -> None:
        """Keep the end of what it writes to stderr."""
        self._said.append(chunk[-_LAST_WORDS:])
        self._length += len(self._said[-1])
        while self._length - len(self._said[0]) >= _LAST_WORDS:
            self._length -= len(self._said.popleft())

    @property
    def last_words(self) -> str:
        """The last lines of its stderr."""
        text = b"".join(self._said)[-_LAST_WORDS:].decode(errors="replace")
        return " / ".join(line.strip() for line in text.splitlines()[-3:] if line.strip())[-2 * _SHOWN :]


@asynccontextmanager
async def process(
    words: Sequence[str], *, env: Mapping[str, str], cwd: str, longest: int, wire: Wire
) -> AsyncIterator[Streams]:
    """Start a server and speak with it until the block ends; raises FetchError where it cannot be started."""
    started = await _start(words, {**get_default_environment(), **env}, cwd, longest)
    to_session, from_server = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    from_session, to_server = anyio.create_memory_object_stream[SessionMessage](0)
    tasks = [
        asyncio.create_task(_read(started, to_session, wire, longest)),
        asyncio.create_task(_write(started, to_server, to_session)),
        asyncio.create_task(_listen(started, wire)),
    ]
    try:
        yield from_server, from_session
    finally:
        await asyncio.shield(_end(started, tasks))
        for stream in (from_server, from_session, to_session, to_server):
            stream.close()


async def _start(words: Sequence[str], env: Mapping[str, str], cwd: str, longest: int) -> asyncio.subprocess.Process:
    confined = os.name == "posix"
    try:
        if confined:
            _find(words[0], env, cwd)
        return await asyncio.create_subprocess_exec(
            *(_UNCONFINED if confined else ()),
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(env),
            cwd=cwd,
            limit=longest,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FetchError(
            f"the server cannot be started: {words[0]}: {reason}",
            code="mcp.command",
            hint="Check `server.command` in its file; it is looked for in PATH, and from `cwd`.",
        ) from None


def _find(program: str, env: Mapping[str, str], cwd: str) -> None:
    """Raise where there is no such program, which the shell would say in words of its own."""
    import shutil

    path = os.path.join(cwd, program) if os.sep in program else program  # noqa: PTH118 - it is text for the system
    if shutil.which(path, path=env.get("PATH")) is None:
        raise FileNotFoundError(2, "there is no such program", program)


async def _read(
    started: asyncio.subprocess.Process,
    out: MemoryObjectSendStream[SessionMessage | Exception],
    wire: Wire,
    longest: int,
) -> None:
    try:
        await _messages(started, out, wire, longest)
    finally:
        wire.ended = True


async def _messages(
    started: asyncio.subprocess.Process,
    out: MemoryObjectSendStream[SessionMessage | Exception],
    wire: Wire,
    longest: int,
) -> None:
    assert started.stdout is not None
    async with out:
        while True:
            try:
                line = await started.stdout.readline()
            except ValueError:  # how a stream says that a line is longer than its limit
                wire.broken = f"an answer is longer than {longest // 1_000_000} MB"
                return
            if not line:
                return
            try:
                message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValueError:
                if line.strip():
                    wire.junk += 1
                    wire.first_junk = wire.first_junk or line[:_SHOWN].decode(errors="replace").strip()
                continue
            try:
                await out.send(SessionMessage(message))
            except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                return


async def _write(
    started: asyncio.subprocess.Process,
    messages: MemoryObjectReceiveStream[SessionMessage],
    out: MemoryObjectSendStream[SessionMessage | Exception],
) -> None:
    assert started.stdin is not None
    try:
        async with messages:
            async for message in messages:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                started.stdin.write(text.encode() + b"\n")
                await started.stdin.drain()
    except OSError:  # it is gone: who waits for an answer hears it now
        await out.aclose()


async def _listen(started: asyncio.subprocess.Process, wire: Wire) -> None:
    assert started.stderr is not None
    while chunk := await started.stderr.read(_LAST_WORDS):
        wire.hear(chunk)


async def _end(started: asyncio.subprocess.Process, tasks: Sequence[asyncio.Task[None]]) -> None:
    """Close its stdin, then end it and all that it has started."""
    assert started.stdin is not None
    with suppress(OSError):
        started.stdin.close()
    if not await _over(started):
        _signal(started, signal.SIGTERM)
        if not await _over(started):
            _signal(started, signal.SIGKILL)
            await _over(started)
    _signal(started, signal.SIGKILL)  # what it left behind
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _over(started: asyncio.subprocess.Process) -> bool:
    try:
        await asyncio.wait_for(started.wait(), _GRACE_S)
    except TimeoutError:
        return started.returncode is not None
    return True


def _signal(started: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(started.pid, number)
        elif started.returncode is None:
            started.send_signal(number)
