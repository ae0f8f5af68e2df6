"""Copies that spare work: whole or not there, and where one cannot be written nobody minds."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from dinobase.core.settings import Paths


def keep(paths: Paths, target: Path, text: str) -> None:
    """Put a copy in its place; a reader sees the old one or the new one."""
    from dinobase.core.clock import new_id  # not on the way of a query

    draft = target.with_name(f"{new_id('kept')}.tmp")
    try:
        paths.make(target.parent)
        draft.write_text(text, encoding="utf-8")
        draft.replace(target)
    except OSError:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
