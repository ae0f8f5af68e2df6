"""The server's side of its child processes: whose turn it is, and the end of a child that does not listen.

Each identity has a queue of its own and they take turns, so that one client's hundred questions do not stand before
another's one. Long work gets a process of its own and never waits for a turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
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
            if "progress" in message:
                if progress is not None:
                    await progress(message["progress"])
            elif "error" in message:
                raise OperationFailed(message["error"])
            else:
                return str(message["text"])

    async def _stop(self) -> None:
        """Cancel what it does; end it where it goes on."""
        await self._send({"cancel": self._count})
        try:
            await asyncio.wait_for(self._reply(None), _GRACE_S)
        except TimeoutError:
            await self.end()
        except OperationFailed:
            pass

    async def end(self) -> None:
        """End it now."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


def pool_size() -> int:
    """Return how many questions are worked on at once."""
    return max(2, min(4, os.cpu_count() or 2))


class Pool:
    """At most `size` children for questions, started when needed; one more for each long job."""

    def __init__(self, root: Path, size: int) -> None:
        self._root = root
        self._size = size
        self._idle: list[Child] = []
        self._busy: set[Child] = set()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._taken = 0
        self._tasks: set[asyncio.Task[str]] = set()

    async def warm(self) -> None:
        """Start a first child, so that the first question does not wait for it."""
        if not self._idle and not self._taken:
            self._idle.append(await Child.start(self._root))

    async def ask(
        self, operation: str, identity: str, args: Mapping[str, Any], progress: Progress | None = None
    ) -> str:
        """Answer a question when it is the identity's turn."""
        return await self._apart(self._question(operation, identity, args, progress))

    async def job(self, operation: str, identity: str, args: Mapping[str, Any], progress: Progress | None) -> str:
        """Do long work in a process of its own."""
        return await self._apart(self._by(None, operation, identity, args, progress))

    async def _apart(self, work: Coroutine[Any, Any, str]) -> str:
        """Work in a task of its own: a cancelled caller leaves at once, and the child is stopped behind it.

        Within the caller's cancel scope every wait would be cancelled again, that for the child's end too.
        """
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            raise

    async def _question(self, operation: str, identity: str, args: Mapping[str, Any], progress: Progress | None) -> str:
        await self._turn(identity)
        try:
            return await self._by(self._idle, operation, identity, args, progress)
        finally:
            self._next()

    async def _by(
        self,
        idle: list[Child] | None,
        operation: str,
        identity: str,
        args: Mapping[str, Any],
        progress: Progress | None,
    ) -> str:
        child = self._living(idle) or await Child.start(self._root)
        self._busy.add(child)
        try:
            return await child.ask(operation, identity, args, progress)
        finally:
            self._busy.discard(child)
            if child.alive and idle is not None:
                idle.append(child)
            elif child.alive:
                await child.end()

    @staticmethod
    def _living(idle: list[Child] | None) -> Child | None:
        while idle:
            child = idle.pop()  # the one used last: its instances are the warmest
            if child.alive:
                return child
        return None

    async def _turn(self, identity: str) -> None:
        if self._taken < self._size:
            self._taken += 1
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(identity, deque()).append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._next()  # its turn came in the same moment: it is the next one's
            raise

    def _next(self) -> None:
        """Hand the place to the identity that has waited for its turn the longest."""
        while self._waiting:
            identity = next(iter(self._waiting))
            line = self._waiting.pop(identity)
            called = line.popleft()
            if line:
                self._waiting[identity] = line  # to the end: the others come first
            if not called.done():
                called.set_result(None)
                return
        self._taken -= 1

    async def close(self) -> None:
        """End all children."""
        for child in [*self._idle, *self._busy]:
            await child.end()
        self._idle.clear()
