"""Places to work at, and whose turn it is: identities take turns, each in the order in which it asked."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dinobase.mcp.child import Child


class Lane:
    """At most `size` children at work; those at rest are kept in `idle`, the one used last at the end."""

    def __init__(self, size: int) -> None:
        self.idle: list[Child] = []
        self.taken = 0
        self._size = size
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def living(self) -> Child | None:
        """Take a child at rest, the warmest first."""
        while self.idle:
            child = self.idle.pop()
            if child.alive:
                return child
        return None

    async def turn(self, identity: str) -> None:
        """Wait for a place; whoever got one calls `next` in the end."""
        if self.taken < self._size:
            self.taken += 1
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(identity, deque()).append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self.next()  # its turn came in the same moment: it is the next one's
            raise

    def next(self) -> None:
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
        self.taken -= 1
