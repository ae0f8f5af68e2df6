"""Whose page is worked on next."""

from __future__ import annotations

import asyncio

from dinobase.extract.turns import Turns


def test_the_resource_that_is_first_in_the_file_goes_first_however_late_it_came() -> None:
    async def run() -> list[str]:
        turns, done = Turns(), []

        async def page(rank: int, name: str) -> None:
            with turns.listing():
                await turns.take(rank)
                done.append(name)

        with turns.listing():  # else the first one would be alone when it comes
            await asyncio.gather(page(2, "c1"), page(1, "b1"), page(2, "c2"), page(0, "a1"), page(1, "b2"))
        return done

    assert asyncio.run(run()) == ["a1", "b1", "b2", "c1", "c2"]


def test_a_page_that_comes_while_others_wait_is_not_put_behind_them() -> None:
    async def run() -> list[str]:
        turns, done = Turns(), []

        async def page(rank: int, name: str) -> None:
            with turns.listing():
                await turns.take(rank)
                done.append(name)
                if name == "b1":
                    others.append(asyncio.ensure_future(page(0, "a1")))

        with turns.listing():
            others = [asyncio.ensure_future(page(1, f"b{n}")) for n in range(1, 5)]
            while not all(task.done() for task in others):
                await asyncio.gather(*others)
        return done

    done = asyncio.run(run())
    assert sorted(done) == ["a1", "b1", "b2", "b3", "b4"]
    assert done.index("a1") < done.index("b4")


def test_a_page_nobody_waits_for_any_more_holds_up_no_other() -> None:
    async def run() -> list[str]:
        turns, done = Turns(), []

        async def page(rank: int, name: str) -> None:
            with turns.listing():
                await turns.take(rank)
                done.append(name)

        with turns.listing():
            gone = asyncio.ensure_future(page(0, "gone"))
            await asyncio.sleep(0)
            gone.cancel()
            await asyncio.gather(page(1, "b"), page(2, "c"))
            await asyncio.wait_for(page(0, "later"), 5)
        return done

    assert asyncio.run(run()) == ["b", "c", "later"]


def test_a_listing_that_is_alone_waits_for_nobody() -> None:
    async def run() -> bool:
        turns = Turns()
        with turns.listing():
            taking = turns.take(0)
            try:
                taking.send(None)
            except StopIteration:
                return True
            taking.close()
            return False

    assert asyncio.run(run())
