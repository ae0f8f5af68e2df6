"""The workspace's settings: the compiled copy of config.yaml where it holds, else the file checked."""

from __future__ import annotations

from dinobase.core.settings import Paths
from dinobase.spec import config_cache
from dinobase.spec.config_models import (
    AccessConfig,
    Config,
    ConnectorConfig,
    StorageConfig,
    WriteDefault,
    WriteRule,
    WritesConfig,
)

__all__ = ["AccessConfig", "Config", "ConnectorConfig", "StorageConfig", "WriteRule", "WritesConfig", "load_config"]


def load_config(paths: Paths) -> Config:
    """Read the settings; raises SpecError with every problem. A missing file is an empty workspace."""
    found = config_cache.current(paths)
    if found is not None:
        return _of(found)
    from dinobase.spec.config_check import checked  # pydantic and YAML

    raw = paths.config.read_bytes()
    config = checked(raw, paths.config)
    config_cache.store(paths, raw, config.model_dump())
    return config


def _of(data: config_cache.ConfigDict) -> Config:
    """Return checked settings as what they are."""
    writes = data["writes"]
    parts = {
        "storage": StorageConfig(**data["storage"]),
        "connectors": {name: ConnectorConfig(**entry) for name, entry in data["connectors"].items()},
        "writes": WritesConfig(
            default=WriteDefault(**writes["default"]), rules=[WriteRule(**rule) for rule in writes["rules"]]
        ),
        "access": {who: AccessConfig(**entry) for who, entry in data["access"].items()},
    }
    return Config(**{**data, **parts})
