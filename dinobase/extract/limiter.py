"""One rate limit and one pause per connector instance, in all processes of a workspace.

The file holds the moments of the last `capacity` requests as a ring. A request may go when the oldest is a whole span
ago, so no window of that length ever holds more. Nothing has to be given back: what a dead process took runs out by
itself.
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

from dinobase.core import clock
from dinobase.extract.lock import Lock

_HEADER = struct.Struct("<8sqqd")  # magic, capacity, next place in the ring, pause until
_MOMENT = struct.Struct("<d")
_MAGIC = b"dinorl01"
_WORTH_TELLING = 1.0
_TICK = 0.001  # clocks round: what is shorter than this is over
_MARGIN = 0.02  # of the span: requests of one burst do not take equally long to arrive

Sleep = Callable[[float], Awaitable[None]]
Now = Callable[[], float]


def wall() -> float:
    """Return the moment as a number that means the same in every process."""
    return clock.now().timestamp()


def _quiet(seconds: float) -> None:
    del seconds


class Limiter:
    """Waits until a request may go; `requests` 0 means no limit, and only pauses are shared."""

    def __init__(
        self,
        path: Path,
        *,
        requests: int = 0,
        span: float = 0.0,
        sleep: Sleep = asyncio.sleep,
        now: Now = wall,
        longest_pause: float = 300.0,
        tell: Callable[[float], None] = _quiet,
    ) -> None:
        self._path = path
        self._capacity = requests
        self._span = span * (1 + _MARGIN)
        self._sleep = sleep
        self._now = now
        self._longest_pause = longest_pause
        self._tell = tell
        self._lock = Lock(path)
        self._queue = asyncio.Lock()
        self._file = -1

    def open(self) -> None:
        """Open the shared file, making it where it is missing or of another shape."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        with self._lock.at_once():
            header = self._header()
            if header is None or header[1] != self._capacity:
                pause = header[3] if header else 0.0
                os.ftruncate(self._file, 0)
                self._write(_HEADER.pack(_MAGIC, self._capacity, 0, pause), 0)
                os.ftruncate(self._file, _HEADER.size + self._capacity * _MOMENT.size)

    def close(self) -> None:
        """Close the file; what it says stays for the others."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    async def acquire(self, *, first: bool = False) -> float:
        """Wait for a place; returns the seconds waited. `first` (writes, live look-ups) goes before those who wait."""
        begun = self._now()
        while (seconds := self.paused()) > _TICK:
            await self._sleep(seconds + _TICK)
        if self._capacity and first:
            await self._take(reserve=True)
        elif self._capacity:
            async with self._queue:
                await self._take(reserve=False)
        return max(0.0, self._now() - begun)

    async def pause(self, seconds: float) -> None:
        """Hold back all requests of the instance, in every process, for so long."""
        until = self._now() + min(seconds, self._longest_pause)
        async with self._lock:
            header = self._header()
            place, known = (header[2], header[3]) if header else (0, 0.0)
            self._write(_HEADER.pack(_MAGIC, self._capacity, place, max(until, self._sane_pause(known))), 0)

    def paused(self) -> float:
        """Return the seconds that the present pause still lasts."""
        header = self._header()
        return max(0.0, self._sane_pause(header[3]) - self._now()) if header else 0.0

    async def _wait(self, seconds: float) -> None:
        if seconds >= _WORTH_TELLING:
            self._tell(seconds)
        await self._sleep(seconds + _TICK)

    async def _take(self, *, reserve: bool) -> None:
        while True:
            async with self._lock:
                header = self._header()
                place = header[2] if header else 0
                now = self._now()
                due = self._due(place, now)
                if due <= now or reserve:
                    self._write(_MOMENT.pack(max(due, now)), _HEADER.size + place * _MOMENT.size)
                    following = (place + 1) % self._capacity
                    pause = header[3] if header else 0.0
                    self._write(_HEADER.pack(_MAGIC, self._capacity, following, pause), 0)
            seconds = due - now
            if seconds <= 0:
                return
            await self._wait(seconds)
            if reserve:
                return

    def _due(self, place: int, now: float) -> float:
        """Return when the oldest request is a span ago; a moment that cannot be (clock set back) does not count."""
        raw = os.pread(self._file, _MOMENT.size, _HEADER.size + place * _MOMENT.size)
        oldest = _MOMENT.unpack(raw)[0] if len(raw) == _MOMENT.size else 0.0
        return 0.0 if oldest > now + 2 * self._span else oldest + self._span

    def _sane_pause(self, until: float) -> float:
        return 0.0 if until > self._now() + 2 * self._longest_pause else until

    def _header(self) -> tuple[bytes, int, int, float] | None:
        raw = os.pread(self._file, _HEADER.size, 0)
        if len(raw) < _HEADER.size:
            return None
        magic, capacity, place, pause = _HEADER.unpack(raw)
        if magic != _MAGIC or not 0 <= place < max(capacity, 1):
            return None
        return magic, capacity, place, pause

    def _write(self, data: bytes, at: int) -> None:
        os.pwrite(self._file, data, at)
