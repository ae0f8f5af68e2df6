"""Where connector files are: names come from file names, nothing is parsed; the user's own file wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

from dinobase.core.settings import Paths

Origin: TypeAlias = Literal["user", "packaged"]

PACKAGED = Path(__file__).parent / "configs"
_INDEX = Path(__file__).parent / "index.json"


def find(name: str, paths: Paths) -> Path | None:
    """Return a connector's file, the user's before the packaged one."""
    if not name or name.startswith(".") or "/" in name or "\\" in name:
        return None
    for folder in (paths.connectors, PACKAGED):
        path = folder / f"{name}.yaml"
        if path.is_file():
            return path
    return None


def names(paths: Paths) -> dict[str, Origin]:
    """List all connector files by name, sorted; a user's file of a packaged one's name says `user`."""
    found: dict[str, Origin] = dict.fromkeys(_stems(PACKAGED), "packaged")
    found.update(dict.fromkeys(_stems(paths.connectors), "user"))
    return dict(sorted(found.items()))


def described() -> dict[str, dict[str, Any]]:
    """Return what the packaged files say of themselves, by name, from an index: a hundred files need no parsing."""
    import json  # names alone need none of it

    if not _INDEX.is_file():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(_INDEX.read_bytes())["connectors"]
    return found


def shadows(name: str, paths: Paths) -> bool:
    """Tell whether a user's file hides a packaged one."""
    return (paths.connectors / f"{name}.yaml").is_file() and (PACKAGED / f"{name}.yaml").is_file()


def _stems(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return [path.stem for path in folder.glob("*.yaml") if not path.name.startswith(".") and path.is_file()]
