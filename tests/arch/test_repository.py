"""What holds for the repository itself: short files, a small core, no address in a lock."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST = 400
CORE = {"__init__.py", "clock.py", "errors.py", "secrets.py", "settings.py", "values.py"}


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git has, or all there are where it is no checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()]


def test_no_python_file_is_longer_than_400_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in tracked("*.py")}
    assert lengths
    assert {name: count for name, count in lengths.items() if count > LONGEST} == {}


def test_core_does_not_grow_without_review() -> None:
    assert {path.name for path in (ROOT / "dinobase/core").glob("*.py")} == CORE


@pytest.mark.parametrize("text", ["TODO", "FIXME", "NotImplementedError", "unittest.mock"])
def test_nothing_is_left_for_later_and_our_own_code_is_not_mocked(text: str) -> None:
    own = Path(__file__)
    assert [str(p.relative_to(ROOT)) for p in tracked("*.py") if p != own and text in p.read_text()] == []


def test_type_ignores_name_their_code() -> None:
    bare = re.compile(r"# type: ignore(?!\[)")
    own = Path(__file__)
    assert [str(p.relative_to(ROOT)) for p in tracked("*.py") if p != own and bare.search(p.read_text())] == []


def test_locks_hold_hashes_and_no_address() -> None:
    locks = tracked("*.lock")
    assert locks
    for lock in locks:
        text = lock.read_text()
        assert "--hash=sha256:" in text, lock
        assert re.search(r"https?://|index-url|find-links|file://", text) is None, lock
