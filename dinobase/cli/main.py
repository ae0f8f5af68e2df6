"""The `dinobase` command: finds the door for its first word, and loads nothing else."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit code."""
    gc.set_threshold(100_000, 50, 1_000)  # looking through all imported modules again and again cost a tenth of a sync
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["query"]:
        from dinobase.cli import fast

        fast.main(words[1:])
    from dinobase.cli import run

    code = run.guarded(words)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # all is written and closed: taking the interpreter apart costs 50 ms that nobody sees
