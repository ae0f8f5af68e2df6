"""The rate limit of an instance holds over all processes of a workspace, and nothing is left behind by a dead one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dinobase.extract.limiter import Limiter
from dinobase.extract.session import Session
from tests.api.extract.api import Bench, Clock, collect, connect, parents, serving

TAKER = """
import asyncio, sys
from pathlib import Path
from dinobase.extract.limiter import Limiter, wall

async def main():
    limiter = Limiter(Path(sys.argv[1]), requests=10, span=0.2)
    limiter.open()
    for _ in range(int(sys.argv[2])):
        await limiter.acquire()
        print(wall(), flush=True)

asyncio.run(main())
"""


def limiter(path: Path, clock: Clock, **facts: Any) -> Limiter:
    made = Limiter(path, sleep=clock.sleep, now=clock.seconds, **facts)
    made.open()
    return made


async def test_no_span_ever_holds_more_than_the_limit(tmp_path: Path) -> None:
    clock = Clock()
    limit = limiter(tmp_path / "x.limit", clock, requests=5, span=10)
    moments = []
    for _ in range(23):
        await limit.acquire()
        moments.append(clock.moment.timestamp())
    assert all(later - earlier >= 10 for earlier, later in zip(moments, moments[5:], strict=False))
    assert moments[-1] - moments[0] == pytest.approx(4 * 10, rel=0.05)


async def test_an_unused_limit_costs_no_time(tmp_path: Path) -> None:
    clock = Clock()
    limit = limiter(tmp_path / "x.limit", clock)
    for _ in range(100):
        assert await limit.acquire() == 0
    assert clock.slept == []


async def test_what_goes_first_does_not_wait_behind_a_queue(tmp_path: Path) -> None:
    clock = Clock()
    limit = limiter(tmp_path / "x.limit", clock, requests=1, span=10)
    await limit.acquire()
    order: list[str] = []

    async def take(name: str, *, first: bool) -> None:
        await limit.acquire(first=first)
        order.append(name)

    await asyncio.gather(*(take(f"sync {n}", first=False) for n in range(3)), take("write", first=True))
    assert order[0] == "write"


async def test_two_processes_share_one_limit(tmp_path: Path) -> None:
    path = tmp_path / "x.limit"
    command = [sys.executable, "-c", TAKER, str(path), "25"]
    running = [await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE) for _ in range(2)]
    said = [(await process.communicate())[0] for process in running]
    moments = sorted(float(line) for text in said for line in text.split())
    assert len(moments) == 50
    assert all(later - earlier >= 0.2 for earlier, later in zip(moments, moments[10:], strict=False))
    assert moments[-1] - moments[0] < 1.3 * 4 * 0.2 + 0.1


async def test_a_process_that_is_killed_leaves_the_limit_usable(tmp_path: Path) -> None:
    path = tmp_path / "x.limit"
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", TAKER, str(path), "1000", stdout=subprocess.PIPE
    )
    assert killed.stdout is not None
    await killed.stdout.readline()
    killed.kill()
    await killed.wait()
    limit = Limiter(path, requests=10, span=0.2)
    limit.open()
    assert await limit.acquire() <= 0.25
    limit.close()


@pytest.mark.parametrize("content", [b"", b"garbage", b"\0" * 500, b"dinorl01" + b"\xff" * 100])
async def test_a_damaged_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.limit"
    path.write_bytes(content)
    clock = Clock()
    limit = limiter(path, clock, requests=2, span=10)
    for _ in range(3):
        await limit.acquire()
    assert sum(clock.slept) == pytest.approx(10, rel=0.05)


async def test_a_changed_limit_holds_at_once(tmp_path: Path) -> None:
    clock = Clock()
    path = tmp_path / "x.limit"
    await limiter(path, clock, requests=2, span=10).acquire()
    changed = limiter(path, clock, requests=3, span=10)
    for _ in range(3):
        await changed.acquire()
    assert clock.slept == []


async def test_a_clock_that_is_set_back_does_not_stop_the_instance(tmp_path: Path) -> None:
    ahead, clock = Clock(), Clock()
    await ahead.sleep(100_000)
    path = tmp_path / "x.limit"
    late = limiter(path, ahead, requests=1, span=10)
    await late.acquire()
    await late.pause(300)
    assert await limiter(path, clock, requests=1, span=10).acquire() == 0


async def test_the_connectors_rate_limit_is_kept_by_all_its_resources(bench: Bench) -> None:
    kids = {"name": "kids", "endpoint": {"path": "p/{pid}"}}
    client = {"rate_limit": {"requests": 10, "per": "50ms"}}
    async with serving(lambda _: []) as api:
        connector = connect(api, resources=[kids, {**kids, "name": "pets"}], client=client)
        async with Session(connector, name="acme", state_dir=bench.state) as session:
            begun = asyncio.get_running_loop().time()
            await asyncio.gather(*(collect(session, r, parents=parents(*range(20))) for r in connector.resources))
            took = asyncio.get_running_loop().time() - begun
    assert len(api.asked) == 40
    assert took >= 3 * 0.05
    assert sum(c.waited_s for c in session.counters.values()) > 0.05
