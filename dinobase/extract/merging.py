"""Many streams at once, a bounded number of them alive: a million parents are a million turns, not a million tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing

from dinobase.core.values import Batch


async def merged(streams: Iterable[AsyncGenerator[Batch, None]], *, at_once: int) -> AsyncGenerator[Batch, None]:
    """Yield the batches of all streams as they come, in order within each; the first error ends all."""
    source = iter(streams)
    queue: asyncio.Queue[Batch | BaseException | None] = asyncio.Queue(maxsize=at_once)
    workers = [asyncio.ensure_future(_work(source, queue)) for _ in range(at_once)]
    running = at_once
    try:
        while running:
            item = await queue.get()
            if item is None:
                running -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


async def _work(
    source: Iterator[AsyncGenerator[Batch, None]], queue: asyncio.Queue[Batch | BaseException | None]
) -> None:
    try:
        for stream in source:
            async with aclosing(stream) as batches:
                async for batch in batches:
                    await queue.put(batch)
    except Exception as error:  # noqa: BLE001 - it is raised again where the batches are read
        await queue.put(error)
    else:
        await queue.put(None)
