"""One child process, from the server's side: it is asked, it is stopped, and ended where it does not listen.

A child that sends a write is never ended: it is asked to stop, and ends its call and writes down how it went first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from dinobase.core.errors import DinobaseError

Progress: TypeAlias = Callable[[str], Awaitable[None]]
_GRACE_S = 2.0  # from a cancellation to the end of a child that does not heed it
_LONGEST_LINE = 1 << 28


class OperationFailed(DinobaseError):
    """A child's own error, as it said it."""

    code = "failed"

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__(str(facts["message"]), code=str(facts["code"]), hint=str(facts["hint"]))


class Child:
    """One child process and the one operation that it does."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._count = 0
        self._ending = False
        self._sending = False

    @classmethod
    async def start(cls, root: Path) -> Child:
        """Start one; it is ready when its first answer comes."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dinobase.mcp.worker",
            str(root),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
            start_new_session=True,  # a Ctrl-C is the parent's to hear
        )
        return cls(process)

    @property
    def alive(self) -> bool:
        """Say whether it can be asked."""
        return self._process.returncode is None and not self._ending

    async def ask(self, operation: str, identity: str, args: Mapping[str, Any], progress: Progress | None) -> str:
        """Do one operation; raises OperationFailed. A cancelled caller is let go when the child has stopped."""
        self._count += 1
        await self._send({"id": self._count, "op": operation, "identity": identity, "args": args})
        try:
            return await self._reply(progress)
        except asyncio.CancelledError:
            await self._stop()
            raise

    async def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        with contextlib.suppress(ConnectionError):  # its end is seen where its answer is waited for
            await self._process.stdin.drain()

    async def _reply(self, progress: Progress | None) -> str:
        assert self._process.stdout is not None
        while True:
            line = await self._process.stdout.readline()
            if not line:
                await self._process.wait()
                raise OperationFailed(
                    {
                        "code": "query.ended",
                        "message": "The process that worked on it ended, probably for want of memory",
                        "hint": "Aggregate or filter earlier, or select fewer columns.",
                    }
                )
            message = json.loads(line)
            self._ending = bool(message.get("last"))
            if message["id"] != self._count:
                continue
            if "sending" in message:
                self._sending = True
            elif "progress" in message:
                if progress is not None:
                    await progress(message["progress"])
            else:
                self._sending = False
                if "error" in message:
                    raise OperationFailed(message["error"])
                return str(message["text"])

    async def _stop(self) -> None:
        """Cancel what it does; end it where it goes on."""
        await self._send({"cancel": self._count})
        reply = asyncio.create_task(self._reply(None))
        await asyncio.wait({reply}, timeout=None if self._sending else _GRACE_S)
        if not reply.done() and self._sending:  # it began to send in that moment
            await asyncio.wait({reply})
        if not reply.done():
            reply.cancel()
            await asyncio.wait({reply})
            await self.end()
        elif not reply.cancelled():
            reply.exception()  # seen: what it failed with has nobody to tell

    async def end(self) -> None:
        """End it now; a child that sends ends its call first."""
        if self._sending and self._process.stdin is not None:
            self._process.stdin.close()
        else:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
