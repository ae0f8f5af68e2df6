"""Whose page is worked on next: of those whose answers are there, that of the resource named first in the file.

Without it all resources of a fast API end at once, and their commits, which could have run beside the fetch, follow it.
Nobody starves: a turn is one page, and while the first one waits for its answer the next one works.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count


class Turns:
    """One page for each time around the event loop, so that answers that have just come take part."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self._listings = 0

    @contextmanager
    def listing(self) -> Iterator[None]:
        """Take part; a listing that is alone waits for nobody."""
        self._listings += 1
        try:
            yield
        finally:
            self._listings -= 1

    async def take(self, rank: int) -> None:
        """Wait until no other page of a lower rank, nor an earlier one of the same, waits to be worked on."""
        if self._listings < 2:
            return
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._grant, loop)
        heapq.heappush(self._waiting, (rank, next(self._arrivals), turn))
        await turn

    def _grant(self, loop: asyncio.AbstractEventLoop) -> None:
        _, _, turn = heapq.heappop(self._waiting)
        if not turn.done():  # else who waited was cancelled
            turn.set_result(None)
        if self._waiting:
            loop.call_soon(self._grant, loop)
