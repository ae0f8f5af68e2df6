"""Runs `dinobase` with a clock on the loader's steps and statements; the timeline goes to stderr at the end."""

from __future__ import annotations

import collections
import functools
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BEGUN = time.perf_counter()
events: list[tuple[float, float, float, str, str]] = []


def clocked(owner: Any, name: str, label: Callable[..., str]) -> None:
    inner = getattr(owner, name)

    @functools.wraps(inner)
    def outer(*args: Any, **kwargs: Any) -> Any:
        begun, cpu = time.perf_counter(), time.thread_time()
        try:
            return inner(*args, **kwargs)
        finally:
            ended = time.perf_counter()
            thread = threading.current_thread().name
            events.append((begun - BEGUN, ended - begun, time.thread_time() - cpu, thread, label(*args, **kwargs)))

    setattr(owner, name, outer)


def statement(_: Any, sql: str, *__: Any) -> str:
    return "    sql " + re.sub(r"'[^']*/([^'/]*)'", r"'\1'", " ".join(sql.split()))[:110]


def report() -> None:
    ended = time.perf_counter() - BEGUN
    cpu = sum(os.times()[:2])
    lines = [f"process: {ended:.3f} s since the interpreter began to run this file, {cpu:.3f} s CPU"]
    summed: dict[str, list[float]] = collections.defaultdict(lambda: [0, 0.0, 0.0, 9e9])
    for begun, wall, used, thread, label in events:
        key = f"{thread:16.16} " + re.sub(r"\d{6}", "N", label)
        entry = summed[key]
        entry[0] += 1
        entry[1] += wall
        entry[2] += used
        entry[3] = min(entry[3], begun)
    for key, (count, wall, used, first) in sorted(summed.items(), key=lambda item: item[1][3]):
        lines.append(f"at {first:6.3f}  {count:5.0f} x  wall {wall:7.3f}  thread cpu {used:7.3f}  {key}")
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()


def main() -> None:
    from dinobase.cli import main as cli

    clocked(cli, "main", lambda *_: "dinobase.cli.main (everything)")
    from dinobase.workspace import syncing

    events.append((0, time.perf_counter() - BEGUN, time.thread_time(), "MainThread", "imports of workspace.syncing"))
    from dinobase.extract import http
    from dinobase.lake.connection import Writer
    from dinobase.load.check import Checker
    from dinobase.load.landing import Landing
    from dinobase.load.spool import Spool
    from dinobase.sync.loader import Loader

    clocked(Writer, "run", statement)
    clocked(Writer, "rows", statement)
    clocked(Writer, "__init__", lambda *_, **__: "  Writer.__init__")
    clocked(Writer, "attach", lambda *_: "  Writer.attach")
    clocked(Checker, "holds", lambda *_, **__: "   Checker.holds")
    clocked(Landing, "stage", lambda *_, **__: "  Landing.stage (a segment)")
    clocked(Spool, "flush", lambda *_, **__: "  Spool.flush (a segment)")
    clocked(Loader, "_open", lambda *_: " Loader.open")
    clocked(Loader, "close", lambda *_: " Loader.close")
    clocked(Loader, "_land", lambda *_: " Loader._land (a transaction)")
    del syncing, http
    real_exit = os._exit

    def leave(code: int) -> None:
        report()
        real_exit(code)

    os._exit = leave  # type: ignore[assignment]  # the command ends by it, after its last flush
    sys.argv = [str(Path(sys.argv[0])), *sys.argv[1:]]
    try:
        cli.main()
    finally:
        report()


if __name__ == "__main__":
    main()
