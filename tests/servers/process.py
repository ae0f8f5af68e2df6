"""A program that serves on a port of this machine for as long as tests need it."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The program; it listens when this is made. What it writes is in the folder's `log`."""

    def __init__(self, words: list[str], port: int, folder: Path) -> None:
        self.port = port
        self._log = folder / "log"
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                with suppress(subprocess.TimeoutExpired):
                    raise AssertionError(self._process.wait(0.05), self.said()) from None
            else:
                return

    def said(self) -> str:
        """Return what it wrote."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


S = TypeVar("S", bound=Server)


def running(start: Callable[[Path], S], folder: Path) -> Iterator[S]:
    """Yield a server for a fixture, and end it behind it."""
    server = start(folder)
    try:
        yield server
    finally:
        server.stop()
