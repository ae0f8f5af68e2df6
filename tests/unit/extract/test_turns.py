"""Whose page is worked on next."""

from __future__ import annotations

import asyncio

from dinobase.extract.turns import Turns


class Pages:
    """Listings that each have one page, and the order in which these were worked on."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.done: list[str] = []

    async def work(self, rank: int, name: str) -> None:
        with self.turns.listing():
            await self.turns.take(rank)
            self.done.append(name)


async def test_the_resource_that_is_first_in_the_file_goes_first_however_late_it_came() -> None:
    pages = Pages()
    asked = [(2, "c1"), (1, "b1"), (2, "c2"), (0, "a1"), (1, "b2")]
    with pages.turns.listing():  # else the first one would be alone when it comes
        await asyncio.gather(*(pages.work(rank, name) for rank, name in asked))
    assert pages.done == ["a1", "b1", "b2", "c1", "c2"]


async def test_a_page_that_comes_while_others_wait_is_not_put_behind_them() -> None:
    pages = Pages()

    async def first_of_others() -> None:
        await pages.work(1, "b1")
        await pages.work(0, "a1")

    with pages.turns.listing():
        await asyncio.gather(first_of_others(), *(pages.work(1, f"b{n}") for n in range(2, 5)))
    assert sorted(pages.done) == ["a1", "b1", "b2", "b3", "b4"]
    assert pages.done.index("a1") < pages.done.index("b4")


async def test_a_page_nobody_waits_for_any_more_holds_up_no_other() -> None:
    pages = Pages()
    with pages.turns.listing():
        gone = asyncio.ensure_future(pages.work(0, "gone"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(pages.work(1, "b"), pages.work(2, "c"))
        await asyncio.wait_for(pages.work(0, "later"), 5)
    assert pages.done == ["b", "c", "later"]


async def test_a_listing_that_is_alone_waits_for_nobody() -> None:
    turns = Turns()
    with turns.listing():
        taking = turns.take(0)
        try:
            taking.send(None)
        except StopIteration:
            return
        taking.close()
    raise AssertionError("it waited")
