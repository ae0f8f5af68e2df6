"""The pages of one listing, in order, each handed over after the next one is on its way; a listing always ends."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
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
    reader: ResourceReader,
    listing: Listing,
    step: Step,
    *,
    left: int | None = None,
    ends: Callable[[Got], bool] | None = None,
) -> AsyncGenerator[Turn, None]:
    """Fetch a listing from a step on; with `left`, no further than that many records; `ends` tells its last page."""
    one_by_one = left is not None or ends is not None
    way = _Way(reader, listing, step, alone=one_by_one)
    turns = reader.session.turns
    early = not one_by_one and not reader.pager.counts()
    try:
        with turns.listing():
            while (due := way.due()) is not None:
                asked, response = due[0], await due[1]
                await turns.take(reader.rank)
                got = reader.open(response, asked)
                following = await way.go_on(got) if early else None
                got = reader.cut(got)
                way.see(got)
                if left is not None:
                    left -= got.page.count
                    if left <= 0 and got.page.count:
                        yield Turn(got, None, capped=True)
                        return
                if not early and not (ends is not None and ends(got)):
                    following = await way.go_on(got)
                yield Turn(got, following)
                if following is None:
                    return
    finally:
        await way.end()


class _Way:
    """The steps of a listing: those that are asked for already, and those that follow."""

    def __init__(self, reader: ResourceReader, listing: Listing, step: Step, *, alone: bool) -> None:
        self._reader = reader
        self._listing = listing
        self._guard = _Guard(reader.resource.name, listing, step)
        concurrency = reader.session.connector.client.concurrency
        # Some pages more than are in flight, so that a slow one does not hold up the others; each may be large.
        self._width = 1 if alone else concurrency + min(concurrency, _BUFFERED)
        self._pending: deque[tuple[Step, asyncio.Task[HttpResponse]]] = deque()
        self._upcoming: Iterator[Step] = iter((step,))
        self.see = self._guard.see

    def due(self) -> tuple[Step, asyncio.Task[HttpResponse]] | None:
        """Return the next page and its answer that is on its way, None at the end."""
        self._ask()
        if not self._pending:
            return None
        self._guard.pages += 1
        return self._pending.popleft()

    def _ask(self) -> None:
        while len(self._pending) < self._width and (step := next(self._upcoming, None)) is not None:
            self._pending.append((step, asyncio.ensure_future(self._reader.fetch(self._listing, step))))

    async def go_on(self, got: Got) -> Step | None:
        """Return the step after a page, which is asked for before that page is worked on."""
        if self._pending:
            following = self._pending[0][0] if got.page.count else None
        else:
            following = self._reader.following(got)
            if following is not None:
                self._guard.expect(following)
                known = self._reader.ahead(got)
                self._upcoming = chain((next(known, following),), known)
        if following is not None:
            self._ask()
            await asyncio.sleep(0)
        return following

    async def end(self) -> None:
        """Call back what nobody waits for any more."""
        for _, task in self._pending:
            task.cancel()
        await asyncio.gather(*(task for _, task in self._pending), return_exceptions=True)


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
        self.pages = 0  # that have come, or are waited for

    def see(self, got: Got) -> None:
        """Note a page; raises where it is the one before."""
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
        return faults.loop(what, resource=self._resource, url=self._url, pages=self.pages, hint=_REPEAT_HINT)
