"""The loader's two threads: one stages segments beside the fetch, the other commits beside the staging."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeAlias, TypeVar

from dinobase.core.errors import LakeError, LoadError
from dinobase.lake import state
from dinobase.lake.connection import ROOMY, Statements, Writer
from dinobase.lake.location import LakeLocation
from dinobase.lake.metadata import lake_file
from dinobase.load.write import Load, Outcome, commit_all

T = TypeVar("T")
Memory: TypeAlias = dict[str, dict[str, str]]
"""What a lake remembers, by resource: its cursor, its columns..."""
_TOGETHER = 30  # segments, about 150,000 rows: a transaction is to end soon, others wait for the lock


class Loader:
    """Owns the writing instance; what touches the lake goes through `run`, what makes files for it through `stage`."""

    def __init__(self, location: LakeLocation, state_dir: Path, temp: Path) -> None:
        self._location = location
        self._state_dir = state_dir
        self._temp = temp
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"load-{location.name}")
        self._stager = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"stage-{location.name}")
        self._writer: Writer | None = None
        self._aside: Statements | None = None
        self._made = threading.Event()  # the instance, which may be of no lake yet
        self._there = True
        self._opened: asyncio.Future[Memory] | None = None
        self._closing = False
        self._ready: deque[tuple[Load, Future[Outcome]]] = deque()

    def opening(self) -> asyncio.Future[Memory]:
        """Begin to open the lake, made where there is none; gives what it remembers of each resource.

        The thread is at work when this returns: what the caller imports or opens meanwhile costs no time.
        """
        self._there = self._location.on_postgres or lake_file(self._location)
        self._opened = asyncio.get_running_loop().run_in_executor(self._thread, self._open)
        return self._opened

    async def memory(self, opening: asyncio.Future[Memory]) -> Memory:
        """Return what the lake remembers: of one that is still to be made nothing, at once."""
        return await opening if self._there or opening.done() else {}

    def _open(self) -> Memory:
        try:
            self._writer = Writer(self._location, self._temp)
            self._aside = self._writer.aside()
        finally:
            self._made.set()
        with self._writer.locked(self._state_dir):
            self._writer.attach()
            return state.read(self._writer)

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """Run in the loader's thread; raises what kept the lake from being opened."""
        if self._opened is not None:
            await asyncio.shield(self._opened)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def stage(self, work: Callable[..., T], *args: object) -> T:
        """Run in the staging thread; it needs the instance alone, not the lake that may still be being made."""
        return await asyncio.get_running_loop().run_in_executor(self._stager, work, *args)

    async def land(self, load: Load) -> Outcome:
        """Commit a resource, in one transaction with others that are ready when the loader's thread comes to it."""
        done: Future[Outcome] = Future()
        self._ready.append((load, done))
        self._thread.submit(self._land)
        return await asyncio.wrap_future(done)

    def _land(self) -> None:
        batch: list[tuple[Load, Future[Outcome]]] = []
        while self._ready and (not batch or sum(len(load.files) for load, _ in batch) < _TOGETHER):
            load, done = self._ready.popleft()
            if done.set_running_or_notify_cancel():
                batch.append((load, done))
        if batch and not self._closing:
            self._land_together(batch)

    def _land_together(self, batch: Sequence[tuple[Load, Future[Outcome]]]) -> None:
        """Write all in one transaction; where that fails each in its own, so that only the one at fault is left out."""
        loads = [load for load, _ in batch]
        try:
            outcomes = self.locked(partial(self._write, loads=loads))
        except Exception as error:  # noqa: BLE001 - raised where the load is waited for
            # A COMMIT that failed may have been done all the same: what it wrote is never written twice.
            over = self._closing or self.writer.unsure or getattr(error, "error_code", "") == "lake.locked"
            for one in batch:
                if over or len(batch) == 1:
                    one[1].set_exception(error)
                else:
                    self._land_together([one])
            return
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            done.set_result(outcome)

    def _write(self, writer: Writer, loads: Sequence[Load]) -> list[Outcome]:
        if self._closing:  # the run was ended while the lock was waited for
            raise CancelledError
        return commit_all(writer, loads)

    def ask(self, work: Callable[..., T], *args: object) -> T:
        """Have the loader's thread do something that the staging thread waits for."""
        return self._thread.submit(work, *args).result()

    @property
    def aside(self) -> Statements:
        """The staging thread's connection to the instance."""
        self._made.wait()
        assert self._aside is not None
        return self._aside

    @property
    def writer(self) -> Writer:
        """The instance; for work that runs in the loader's thread."""
        self._made.wait()
        assert self._writer is not None
        return self._writer

    def locked(self, work: Callable[[Writer], T]) -> T:
        """Do work under the connector's write lock; in the loader's thread."""
        with self.writer.locked(self._state_dir):
            try:
                return work(self.writer)
            except LakeError as error:
                if "Out of Memory" not in error.message:
                    raise
                raise LoadError(
                    f"these rows need more memory than a load may take ({ROOMY}); nothing was committed",
                    hint="declare objects with many fields as JSON under `columns:`, or have the API leave fields out",
                ) from error

    def close(self) -> None:
        """End the threads, stopping the statements that still run; what was to be written is not begun any more."""
        self._closing = True
        for connection in (self._aside, self._writer):
            if connection is not None:
                connection.interrupt()
        # The staging thread may wait for the other one: what was asked of that is done or cancelled first.
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._stager.shutdown(wait=True, cancel_futures=True)
        for connection in (self._aside, self._writer):
            if connection is not None:
                connection.close()
        self._aside = self._writer = None
