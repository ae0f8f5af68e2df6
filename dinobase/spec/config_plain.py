"""config.yaml for the fast path: the compiled copy where it holds, else compiled now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dinobase.core.settings import Paths
from dinobase.spec import config_cache


def plain_config(paths: Paths) -> dict[str, Any]:
    """Return the settings as plain data, all keys there; raises SpecError where the file is faulty."""
    found = config_cache.current(paths)
    if found is not None:
        return found
    from dinobase.spec.config import load_config  # costs more than a whole query does

    return load_config(paths).model_dump()


MAY_STAY = frozenset({"csv", "parquet", "json", "excel", "postgres", "mysql", "mariadb", "sqlite", "duckdb"})
"""Kinds of source whose rows may stay where they are."""


def may_stay(config: Mapping[str, Any]) -> bool:
    """Tell whether a connector may be of such a kind: whether it is costs an import."""
    return any(entry.get("type") in MAY_STAY for entry in config.get("connectors", {}).values())
