"""Data has one writer and notes have one: what prints elsewhere would get past formats, colours and redaction."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "dinobase"


def _users(pattern: str) -> set[str]:
    return {
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        if re.search(pattern, file.read_text(encoding="utf-8"))
    }


def test_stdout_is_written_by_output_and_the_fast_door_alone() -> None:
    assert _users(r"sys\.stdout\.write|print\(\"") <= {"cli/output.py", "cli/fast.py"}
    assert _users(r"sys\.stdout\b") <= {"cli/output.py", "cli/fast.py", "cli/diagnostics.py", "cli/main.py"}


def test_stderr_is_written_by_diagnostics_and_the_live_display_alone() -> None:
    assert _users(r"sys\.stderr\b") <= {"cli/diagnostics.py", "cli/progress.py", "cli/main.py"}
