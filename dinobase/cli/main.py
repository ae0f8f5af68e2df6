"""The `dinobase` command: finds the door for its first word, and loads nothing else."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit code."""
    gc.set_threshold(100_000, 50, 1_000)  # looking through all imported modules again and again cost a tenth of a sync
    _open_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["query"]:
        from dinobase.cli import fast

        fast.main(words[1:])
    from dinobase.cli import run

    os._exit(
        run.guarded(words)
    )  # all is written and flushed: taking the interpreter apart costs 50 ms that nobody sees


def _open_streams() -> None:
    """Make both ends writable whatever the caller left: closed ones go nowhere, bytes that are no text are escaped."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - pathlib costs time, it stays open
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - as above
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
