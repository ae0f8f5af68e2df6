"""One run of one process, from outside: wall time, CPU time and peak memory of it and all its children."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SAMPLE = 0.05
_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Run:
    """What a process cost, and how it ended."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    exit_code: int
    stdout: str
    stderr: str


def run(argv: Sequence[str], env: Mapping[str, str], cwd: Path, *, timeout: float = 1200) -> Run:
    """Runs to the end; output goes to files, so that no pipe slows the process down."""
    out, err = cwd / "stdout.txt", cwd / "stderr.txt"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        begun = time.perf_counter()
        process = subprocess.Popen(argv, env=dict(env), cwd=cwd, stdout=stdout, stderr=stderr)
        peak = _Peak(process.pid)
        watchdog = threading.Timer(timeout, process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - begun
        except BaseException:
            process.kill()
            raise
        finally:
            watchdog.cancel()
            peak.stop()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        # The kernel's own mark is exact for one process, the samples add up a tree.
        peak_bytes=max(usage.ru_maxrss * 1024, peak.bytes),
        exit_code=process.returncode,
        stdout=out.read_text(errors="replace"),
        stderr=err.read_text(errors="replace"),
    )


class _Peak:
    """The greatest sum of resident memory over a process and its descendants."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE):
            self.bytes = max(self.bytes, sum(_resident(pid) for pid in _tree(self._pid)))

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        with suppress(OSError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found.extend(int(child) for child in (task / "children").read_text().split())
    return found


def _resident(pid: int) -> int:
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_SIZE
    return 0
