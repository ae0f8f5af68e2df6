"""A query ends at its time limit: interrupted, and where DuckDB does not listen to that, with its process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Self

from dinobase.core.errors import QueryTimeout

GRACE_S = 1.0
_BESIDE_LIMIT = 1_792 * 1024 * 1024  # DuckDB's own limit of 1 GB, and what functions allocate beside it


def timed_out(seconds: float) -> QueryTimeout:
    """Return the error of a query that ran into its limit."""
    return QueryTimeout(
        f"The query was stopped after {seconds:g} s",
        hint="Filter or aggregate more, or give more time with --timeout.",
        timeout=seconds,
    )


class Watch:
    """Context manager around one query; `stuck` is called from another thread a second after an unheeded interrupt."""

    def __init__(self, connection: Any, seconds: float, stuck: Callable[[QueryTimeout], object] | None) -> None:
        self.fired = False
        self.seconds = seconds
        self._connection = connection
        self._stuck = stuck
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self.seconds > 0:
            self._thread = threading.Thread(target=self._wait, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def _wait(self) -> None:
        if self._ended.wait(self.seconds):
            return
        self.fired = True
        self._connection.interrupt()
        if self._stuck is not None and not self._ended.wait(GRACE_S) and not self._ended.is_set():
            self._stuck(timed_out(self.seconds))


def confine_memory() -> None:
    """Limit this process's address space, for good: one call of repeat() passes DuckDB's own limit freely.

    For a process that answers one query; a no-op where the system has no such limit.
    """
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - pathlib is slower here
            pages = int(file.read().split()[0])
    except (ImportError, OSError):
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + _BESIDE_LIMIT
    if hard == resource.RLIM_INFINITY or wanted < hard:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
