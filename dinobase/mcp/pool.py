"""The server's side of its child processes: which of them does what, and in whose turn.

Each identity has a queue of its own and they take turns, so that one client's hundred questions do not stand before
another's one. Writes have places of their own, so that no question waits for an API. A sync gets a process of its own
and never waits for a turn.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from dinobase.mcp.child import Child, Progress
from dinobase.mcp.lane import Lane

_WRITERS = 2


def pool_size() -> int:
    """Return how many questions are worked on at once."""
    return max(2, min(4, os.cpu_count() or 2))


class Pool:
    """At most `size` children for questions and two for writes, started when needed; one more for each sync."""

    def __init__(self, root: Path, size: int) -> None:
        self._root = root
        self._questions = Lane(size)
        self._writes = Lane(_WRITERS)
        self._busy: set[Child] = set()
        self._tasks: set[asyncio.Task[str]] = set()

    async def warm(self) -> None:
        """Start a child before there is a question, so that none waits for it; those that came before have theirs."""
        if not self._questions.taken:
            self._questions.idle.append(await Child.start(self._root))

    async def ask(
        self, operation: str, identity: str, args: Mapping[str, Any], progress: Progress | None = None
    ) -> str:
        """Answer a question when it is the identity's turn."""
        return await self._apart(self._in(self._questions, operation, identity, args, progress))

    async def write(self, operation: str, identity: str, args: Mapping[str, Any], progress: Progress | None) -> str:
        """Plan or apply a write when it is the identity's turn."""
        return await self._apart(self._in(self._writes, operation, identity, args, progress))

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

    async def _in(
        self, lane: Lane, operation: str, identity: str, args: Mapping[str, Any], progress: Progress | None
    ) -> str:
        await lane.turn(identity)
        try:
            return await self._by(lane, operation, identity, args, progress)
        finally:
            lane.next()

    async def _by(
        self, lane: Lane | None, operation: str, identity: str, args: Mapping[str, Any], progress: Progress | None
    ) -> str:
        child = (lane.living() if lane is not None else None) or await Child.start(self._root)
        self._busy.add(child)
        try:
            return await child.ask(operation, identity, args, progress)
        finally:
            self._busy.discard(child)
            if child.alive and lane is not None:
                lane.idle.append(child)
            elif child.alive:
                await child.end()

    async def close(self) -> None:
        """End all children; one that sends a write ends its call first."""
        for child in [*self._questions.idle, *self._writes.idle, *self._busy]:
            await child.end()
        self._questions.idle.clear()
        self._writes.idle.clear()
