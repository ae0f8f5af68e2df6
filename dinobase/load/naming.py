"""Column names as dlt's `snake_case` naming convention makes them, and the same answer to a collision every time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable

from dinobase.load.schema import Path

_REDUCED = str.maketrans("+-*@|", "x_xal")
_FOREIGN = re.compile(r"[^a-zA-Z\d_]+")
_BREAK_BEFORE_WORD = re.compile(r"([^_])([A-Z][a-z]+)")
_BREAK_AFTER_LOWER = re.compile(r"([a-z\d])([A-Z])")
_UNDERSCORES = re.compile(r"__+")

RESERVED = "_dinobase"


def snake(key: str) -> str:
    """Return `airline_id` for `airlineId`; never empty."""
    text = _FOREIGN.sub("_", key.strip().translate(_REDUCED))
    text = _BREAK_AFTER_LOWER.sub(r"\1_\2", _BREAK_BEFORE_WORD.sub(r"\1_\2", text)).lower()
    if text[:1].isdigit():
        text = f"_{text}"
    bare = text.rstrip("_")
    return _UNDERSCORES.sub("_", bare) + "x" * (len(text) - len(bare)) or "x"


def column_name(path: Iterable[str]) -> str:
    """Return `address__city` for ("address", "city")."""
    return "__".join(snake(part) for part in path)


def assign(
    paths: Iterable[Path], taken: dict[str, Path], shown: Callable[[Path], Path] = lambda path: path
) -> dict[Path, str]:
    """Give each path a name that no other has.

    A path whose own text is the name goes first, then by text; whoever comes later gets four hexadecimal digits of its
    path's hash - a lifted one (`shown` shortens it) first its whole path. `taken` is not changed.
    """
    used = dict(taken)
    names: dict[Path, str] = {}
    for path in sorted(paths, key=lambda p: (shown(p) != p, "__".join(shown(p)) != column_name(shown(p)), p)):
        name = column_name(shown(path))
        if name in used:
            name = column_name(path)
        if name in used or name.startswith(RESERVED):
            digest = hashlib.sha256("\0".join(path).encode("utf-8", "surrogatepass")).hexdigest()
            width = 4
            while f"{name}_{digest[:width]}" in used:
                width += 4
            name = f"{name}_{digest[:width]}"
        used[name] = path
        names[path] = name
    return names
