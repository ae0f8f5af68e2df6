"""The pages of one listing, in order, each handed over after the next one is on its way; a listing always ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from dinobase.core.values import HttpResponse
from dinobase.extract import faults
from dinobase.extract.reader import Got, ResourceReader
from dinobase.kinds.paginate.page import Step
from dinobase.kinds.read.rest import Listing, encode

_BUFFERED = 8
_REPEAT_HINT = "Check the paginator: its parameter, and the path that it reads."


@dataclass(frozen=True, slots=True)
class Turn:
    """A page and the step after it, None where it is the last; `capped` where no more was wanted."""

    got: Got
    following: Step | None
    capped: bool = False


async def pages(
    reader: ResourceReader, listing: Listing, step: Step, *, left: int | None = None
) -> AsyncGenerator[Turn, None]:
    """Fetch a listing from a step on; with `left`, no further than that many records."""
    guard = _Guard(reader.resource.name, listing, step)
    concurrency = reader.session.connector.client.concurrency
    # Some pages more than are in flight, so that a slow one does not hold up the others; each may be large.
    width = 1 if left is not None else concurrency + min(concurrency, _BUFFERED)
    pending: deque[tuple[Step, asyncio.Task[HttpResponse]]] = deque()
    upcoming: Iterator[Step] = iter((step,))

    def ask() -> None:
        while len(pending) < width and (due := next(upcoming, None)) is not None:
            pending.append((due, asyncio.ensure_future(reader.fetch(listing, due))))

    try:
        ask()
        while pending:
            asked, task = pending.popleft()
            response = await task
            await reader.session.turns.take(reader.rank)
            got = reader.read(response, asked)
            guard.see(got)
            if left is not None:
                left -= got.page.count
                if left <= 0 and got.page.count:
                    yield Turn(got, None, capped=True)
                    return
            if pending:
                following = pending[0][0] if got.page.count else None
            else:
                following = reader.following(got)
                if following is not None:
                    guard.expect(following)
                    known = reader.ahead(got)
                    upcoming = chain((next(known, following),), known)
            if following is None:
                yield Turn(got, None)
                return
            ask()
            await asyncio.sleep(0)  # the next request goes out before this page is worked on
            yield Turn(got, following)
    finally:
        for _, task in pending:
            task.cancel()
        await asyncio.gather(*(task for _, task in pending), return_exceptions=True)


def _equal(one: Sequence[object], other: Sequence[object]) -> bool:
    """Compare pages, also one that was taken whole with one that was cut."""
    if type(one) is type(other) or len(one) != len(other):
        return one == other
    return list(one) == list(other)


class _Guard:
    """Ends a listing that comes round: a cursor or URL seen before, or the page before once more."""

    def __init__(self, resource: str, listing: Listing, step: Step) -> None:
        self._resource = resource
        self._url = encode(listing.request.url, listing.request.params)
        self._seen = {hash(self._url), hash(step.mark)}
        self._before: Sequence[object] = ()
        self._pages = 0

    def see(self, got: Got) -> None:
        """Note a page; raises where it is the one before."""
        self._pages += 1
        if got.records and _equal(got.records, self._before):
            raise self._loop(f"the same page came once more, asked for by {got.step.mark or 'the first request'}")
        self._before = got.records

    def expect(self, step: Step) -> None:
        """Note the next step; raises where it has been before."""
        if step.number:
            return  # offsets and page numbers only grow
        mark = hash(step.mark)
        if mark in self._seen:
            raise self._loop(f"`{step.mark}` comes back")
        self._seen.add(mark)

    def _loop(self, what: str) -> Exception:
        return faults.loop(what, resource=self._resource, url=self._url, pages=self._pages, hint=_REPEAT_HINT)
