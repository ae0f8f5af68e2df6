"""The `dinobase` command: finds the door for its first word, and loads nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["query"]:
        from dinobase.cli import fast

        fast.main(words[1:])
    from dinobase.cli import run

    sys.exit(run.guarded(words))
