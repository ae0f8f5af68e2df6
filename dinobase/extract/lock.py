"""A lock between processes that never blocks the event loop; the system frees it when its holder dies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

_CONTENDED = 0.002


class Lock:
    """Guards one file of the state folder by a lock file beside it."""

    def __init__(self, path: Path) -> None:
        self._lock = filelock.FileLock(path.with_name(f"{path.name}.lock"), mode=0o600, thread_local=False)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Hold it for a moment without an event loop."""
        with self._lock.acquire(poll_interval=_CONTENDED):
            yield

    async def __aenter__(self) -> None:
        while True:
            try:
                self._lock.acquire(timeout=0)
            except filelock.Timeout:
                await asyncio.sleep(_CONTENDED)
            else:
                return

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
