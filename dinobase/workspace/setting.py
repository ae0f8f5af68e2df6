"""What a connector's entry in config.yaml says, changed: one key at a time, checked as the file is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dinobase.catalog import freshness
from dinobase.core.errors import UsageError, did_you_mean
from dinobase.core.settings import Paths
from dinobase.kinds import duration, timing
from dinobase.spec.config import ConnectorConfig
from dinobase.spec.config_edit import change_connector

KEYS = ("sync_interval", "freshness", "resources")
_EXAMPLE = "dinobase set NAME sync_interval=10m freshness=2h"


@dataclass(frozen=True, slots=True)
class Settled:
    """How a connector stands; `sync_interval` is '' and `resources` [] where the default holds."""

    name: str
    type: str
    sync_interval: str
    freshness: str
    resources: Sequence[str]
    changed: Sequence[str]


def change(paths: Paths, name: str, entry: ConnectorConfig, words: Mapping[str, str]) -> Settled:
    """Set what is given; an empty value brings the default back. Raises UsageError before anything is written."""
    values: dict[str, Any] = {}
    for key, text in words.items():
        values[key] = _checked(key, text.strip())
    before = entry.model_dump()
    changed = [key for key, value in values.items() if before[key] != value]
    if changed:
        entry = change_connector(paths, name, {key: values[key] for key in changed}).connectors[name]
    plain = entry.model_dump()
    return Settled(name, entry.type, entry.sync_interval, freshness.said(plain), tuple(entry.resources), tuple(changed))


def pairs(words: Sequence[str]) -> dict[str, str]:
    """Read `key=value` words."""
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"`{word}` is no setting: key=value is wanted", hint=_EXAMPLE)
        if key in found:
            raise UsageError(f"{key} is set twice", hint=_EXAMPLE)
        found[key] = value
    return found


def _checked(key: str, text: str) -> Any:
    if key not in KEYS:
        near = did_you_mean(key, KEYS)
        hint = f"Did you mean `{near}`?" if near else f"Settings: {', '.join(KEYS)}; others are in config.yaml."
        raise UsageError(f"There is no setting {key}", hint=hint)
    if key == "resources":
        return [part for part in (piece.strip() for piece in text.split(",")) if part]
    if key == "sync_interval" and text and not timing.allowed(text):
        raise UsageError(f"sync_interval cannot be `{text}`", hint=f"Allowed: {timing.ALLOWED}.")
    if key == "freshness" and text and text != freshness.NEVER and not duration.seconds(text):
        raise UsageError(f"freshness cannot be `{text}`", hint=f"Allowed: {duration.ALLOWED}, or `never`.")
    return text
