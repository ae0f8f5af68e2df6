"""The loader's thread: one per connector, so that DuckDB works beside the fetch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from dinobase.lake import state
from dinobase.lake.connection import Writer
from dinobase.lake.location import LakeLocation

T = TypeVar("T")


class Loader:
    """Owns the writing instance; everything that touches it goes through `run`."""

    def __init__(self, location: LakeLocation, state_dir: Path, temp: Path) -> None:
        self._location = location
        self._state_dir = state_dir
        self._temp = temp
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"load-{location.name}")
        self._writer: Writer | None = None

    def opening(self) -> asyncio.Future[dict[str, dict[str, str]]]:
        """Begin to open the lake, made where there is none; gives what it remembers of each resource.

        The thread is at work when this returns: what the caller imports or opens meanwhile costs no time.
        """
        return asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    def _open(self) -> dict[str, dict[str, str]]:
        self._writer = Writer(self._location, self._temp)
        with self._writer.locked(self._state_dir):
            self._writer.attach()
            return state.read(self._writer)

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """Run in the loader's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    @property
    def writer(self) -> Writer:
        """The instance; for work that runs in the loader's thread."""
        assert self._writer is not None
        return self._writer

    def locked(self, work: Callable[[Writer], T]) -> T:
        """Do work under the connector's write lock; in the loader's thread."""
        with self.writer.locked(self._state_dir):
            return work(self.writer)

    def close(self) -> None:
        """End the thread, stopping a statement that still runs."""
        if self._writer is not None:
            self._writer.interrupt()
        self._thread.shutdown(wait=True, cancel_futures=True)
        if self._writer is not None:
            self._writer.close()
            self._writer = None
