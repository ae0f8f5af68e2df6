"""config.yaml for the fast path: the compiled copy where it holds, else compiled now."""

from __future__ import annotations

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
