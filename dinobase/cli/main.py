"""The `dinobase` command: finds the door for its first word, and loads nothing else."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        gc.set_threshold(100_000, 50, 1_000)  # looking through all imported modules again and again: a tenth of a sync
        _open_streams()
        code = _run(words)
    except KeyboardInterrupt:  # Ctrl-C while modules were read, or a second one: nothing was there to catch it
        with contextlib.suppress(OSError):
            sys.stderr.write("error: Interrupted.\n")
            sys.stderr.flush()
        code = 130
    os._exit(code)  # all is written and flushed: taking the interpreter apart costs 50 ms that nobody sees


def _run(words: Sequence[str]) -> int:
    if words[:1] == ["query"]:
        from dinobase.cli import fast

        fast.main(words[1:])
    from dinobase.cli import run

    return run.guarded(words)


def _open_streams() -> None:
    """Make both ends writable whatever the caller left: closed ones go nowhere, bytes that are no text are escaped."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - pathlib costs time, it stays open
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - as above
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
