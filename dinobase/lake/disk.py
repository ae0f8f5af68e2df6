"""A full disk is called one, whatever words a database has for it: SQLite says "disk I/O error" of its helper files."""

from __future__ import annotations

import shutil
from pathlib import Path

from dinobase.core.errors import LakeError

_FULL = ("no space left", "disk is full", "disk quota exceeded", "file too large")
_MAYBE = ("disk i/o error", "unable to open database file")
_TOO_LITTLE = 128 * 1024  # a WAL's helper files and one page more


def is_full(message: str, place: str | Path) -> bool:
    """Tell whether this failure of a file in, or at, `place` is for want of space."""
    text = message.lower()
    if any(words in text for words in _FULL):
        return True
    if not any(words in text for words in _MAYBE):
        return False
    folder = next((p for p in (Path(place), *Path(place).parents) if p.is_dir()), None)
    return folder is not None and shutil.disk_usage(folder).free < _TOO_LITTLE


def full() -> LakeError:
    """Return the error."""
    return LakeError(
        "the disk is full", code="lake.disk_full", hint="free space where the workspace is, then try again"
    )
