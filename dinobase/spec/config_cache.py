"""The compiled config.yaml that queries read: no YAML, no pydantic on that way.

A copy holds only for the very bytes that it was made of and for this version of the package.
"""

from __future__ import annotations

import copy
import json
from typing import Any, TypeAlias

from dinobase.core.settings import VERSION, Paths
from dinobase.spec.kept import keep

ConfigDict: TypeAlias = dict[str, Any]

_FORMAT = f"{VERSION}/2"
_EMPTY: ConfigDict = {
    "storage": {"url": "", "catalog": ""},
    "retention": "30d",
    "journal_retention": "",
    "approval_key": "",
    "connectors": {},
    "writes": {"default": {"approval": "agent", "max_rows": 50}, "rules": []},
    "access": {},
}


def current(paths: Paths) -> ConfigDict | None:
    """Return config.yaml as plain data, None where the copy does not hold; a missing file is an empty workspace."""
    try:
        raw = paths.config.read_bytes()
    except FileNotFoundError:
        return copy.deepcopy(_EMPTY)
    return _holding(paths, raw)


def store(paths: Paths, raw: bytes, config: ConfigDict) -> None:
    """Leave a compiled copy; where that cannot be written, queries compile for themselves."""
    if _holding(paths, raw) is None:
        text = json.dumps({"format": _FORMAT, "source": raw.decode("utf-8"), "config": config})
        keep(paths, paths.cache / "config.json", text)


def _holding(paths: Paths, raw: bytes) -> ConfigDict | None:
    try:
        found = json.loads((paths.cache / "config.json").read_bytes())
    except (OSError, ValueError):
        return None
    try:
        holds = found["format"] == _FORMAT and found["source"].encode() == raw
    except (KeyError, TypeError, AttributeError):
        return None
    return found["config"] if holds else None
