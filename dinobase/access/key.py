"""The workspace's key for hashed values: made once, readable by its owner alone, in nothing that leaves the process."""

from __future__ import annotations

import os
from pathlib import Path

from dinobase.core.errors import LakeError
from dinobase.core.secrets import register
from dinobase.core.settings import Paths

FILE = "access.key"
_BYTES = 32


def workspace_key(paths: Paths) -> str:
    """Return the key as 64 hexadecimal digits; from now on no output of this process can hold it."""
    path = paths.state / FILE
    found = _read(path)
    if not found:
        paths.make(paths.state)
        found = _make(path)
    return register(found)


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    if len(text) != _BYTES * 2 or set(text) - set("0123456789abcdef"):
        raise LakeError(
            f"{path} is no key",
            code="access.key",
            hint="Restore it; where that cannot be, remove it: hashed values then change.",
        )
    return text


def _make(path: Path) -> str:
    """Write a whole file aside and link it into place: of two processes one wins, and both read the same key."""
    draft = path.with_name(f"{FILE}.{os.getpid()}.{os.urandom(4).hex()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(os.urandom(_BYTES).hex())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return _read(path)
