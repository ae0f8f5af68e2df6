"""Resources that are ready at once share a transaction; each lands whole or not at all, and has its own history."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from dinobase.core.errors import DinobaseError, LakeError
from dinobase.lake.connection import Writer
from dinobase.lake.location import LakeLocation, Storage
from dinobase.lake.lock import write_lock
from dinobase.load.write import Load, Outcome
from dinobase.query.history import Version, history
from dinobase.sync.loader import Loader
from tests.lake.load.lakes import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with a table `kept` of three rows, with whose instance runs are made ready."""
    made = Lake(tmp_path)
    made.load([{"id": n, "name": f"n{n}"} for n in range(3)], key=["id"], table="kept")
    return made


def landed(lake: Lake, loads: Sequence[Load]) -> list[Outcome | BaseException]:
    """Land all while the loader's thread is held up, so that it finds all of them ready."""

    async def run() -> list[Outcome | BaseException]:
        loader = Loader(lake.location, lake.root / "state", lake.root / "temp2")
        try:
            await loader.opening()
            begun, go = threading.Event(), threading.Event()

            def hold() -> None:
                begun.set()
                go.wait()

            held = asyncio.ensure_future(loader.run(hold))
            await asyncio.to_thread(begun.wait)
            tasks = [asyncio.ensure_future(loader.land(load)) for load in loads]
            await asyncio.sleep(0)  # each task puts its load in the queue
            go.set()
            await held
            return await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            loader.close()

    return asyncio.run(run())


def ready(lake: Lake, table: str, *names: str, deletes: str = "ignore") -> Load:
    """One run of a table whose whole listing is rows of these names."""
    load, _ = lake.ready(
        [{"id": n, "name": name} for n, name in enumerate(names)], key=["id"], table=table, deletes=deletes
    )
    return replace(load, plan=replace(load.plan, run="run_9"))


def versions(lake: Lake, table: str) -> Sequence[Version]:
    storage = Storage(lake.root)
    assert storage.lake("shop") == LakeLocation("shop", lake.location.catalog, lake.location.data)
    return history(f"shop.{table}", storage, ["shop"]).versions


def test_resources_that_are_ready_at_once_are_one_version_and_each_has_its_own_counts(lake: Lake) -> None:
    before = lake.version()
    outcomes = landed(
        lake,
        [
            ready(lake, "kept", "n0", "changed", deletes="hard"),
            ready(lake, "made", "a", "b", "c", "d"),
            ready(lake, "also", "x"),
        ],
    )
    assert [(o.inserted, o.updated, o.deleted, o.total) for o in outcomes if isinstance(o, Outcome)] == [
        (0, 1, 1, 2),
        (4, 0, 0, 4),
        (1, 0, 0, 1),
    ]
    assert lake.version() == before + 1
    kept, made = versions(lake, "kept"), versions(lake, "made")
    assert [(v.message, v.run, v.inserted, v.updated, v.deleted) for v in kept] == [
        ("sync kept", "run_9", 0, 1, 1),
        ("sync kept", "run_1", 3, 0, 0),
    ]
    assert kept[0].changes == ("inserted", "deleted")
    assert [(v.message, v.changes, v.inserted) for v in made] == [("sync made", ("created", "inserted"), 4)]


def test_one_that_cannot_be_written_is_left_out_and_the_others_land(lake: Lake) -> None:
    good = ready(lake, "made", "a", "b")
    gone = ready(lake, "lost", "a")
    for file in gone.files:
        file.unlink()
    outcomes = landed(lake, [ready(lake, "also", "x"), gone, good])
    assert isinstance(outcomes[1], DinobaseError)
    assert [o.total for o in outcomes if isinstance(o, Outcome)] == [1, 2]
    assert sorted(
        name for (name,) in lake.rows("SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake'")
    ) == [
        "_dinobase_state",
        "also",
        "kept",
        "made",
    ]


def test_a_table_that_a_shared_version_does_not_change_has_no_version_of_it(lake: Lake) -> None:
    outcomes = landed(lake, [ready(lake, "kept", "n0", "n1", "n2"), ready(lake, "made", "a")])
    assert [o.changed for o in outcomes if isinstance(o, Outcome)] == [False, True]
    assert [v.message for v in versions(lake, "made")] == ["sync made"]
    assert [v.run for v in versions(lake, "kept")] == ["run_1"]


def until(met: Callable[[], bool]) -> None:
    """Look again and again; other threads run meanwhile."""
    while not met():
        os.sched_yield()


def test_a_run_that_is_ended_while_it_waits_for_the_lock_writes_nothing(lake: Lake) -> None:
    loads = [ready(lake, "made", "a"), ready(lake, "also", "x")]
    before = lake.version()

    async def run() -> None:
        loader = Loader(lake.location, lake.root / "state", lake.root / "temp2")
        await loader.opening()
        with write_lock(lake.location, lake.root / "state"):
            tasks = [asyncio.ensure_future(loader.land(load)) for load in loads]
            await asyncio.sleep(0)
            await asyncio.to_thread(
                until, lambda: not loader._ready
            )  # the loader's thread waits for the lock with them
            for task in tasks:
                task.cancel()
            ending = asyncio.ensure_future(asyncio.to_thread(loader.close))
            await asyncio.to_thread(until, lambda: loader._closing)
        await ending
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())
    assert lake.version() == before


def made_by(other: Writer) -> str:
    """Have another instance make the same table, right before the COMMIT."""
    with other.transaction("theirs", lambda: "{}"):
        other.run("CREATE TABLE lake.wanted (b INTEGER)")
    return "{}"


def test_whether_a_failed_transaction_may_have_been_done_is_known(lake: Lake) -> None:
    other = Writer(lake.location, lake.root / "other")
    other.attach()
    assert not lake.writer.unsure
    with pytest.raises(LakeError), lake.writer.transaction("mine", lambda: made_by(other)):
        lake.writer.run("CREATE TABLE lake.wanted (a INTEGER)")
    assert lake.writer.unsure, "it failed in its COMMIT"
    with pytest.raises(LakeError), lake.writer.transaction("mine", lambda: "{}"):
        lake.writer.run("SELECT no_such_column")
    assert not lake.writer.unsure
    other.close()
