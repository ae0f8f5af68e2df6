"""Places of files that DuckDB does not read itself: a scheme in the address says which one, and each wants an extra."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dinobase.core.errors import UsageError

if TYPE_CHECKING:
    from dinobase.lake.door import Store

_MODULES = {
    "sftp": "sftp",
    "az": "azure",
    "azure": "azure",
    "abfs": "azure",
    "abfss": "azure",
    "gs": "gcs",
    "gcs": "gcs",
}


def is_far(path: str) -> bool:
    """Tell whether a path is in a place that is read through a store."""
    scheme, found, _ = path.partition("://")
    return bool(found) and scheme.lower() in _MODULES


def rest(path: str) -> str:
    """Return a path without its scheme, without a user and a port, as the store knows it."""
    head, slash, tail = path.partition("://")[2].partition("/")
    before, found, host = head.rpartition("@")
    if found and not path.lower().startswith("sftp:"):  # abfss://container@account.dfs...
        return f"{before}{slash}{tail}"
    return f"{host.partition(':')[0]}{slash}{tail}"


def refuse_secrets(path: str) -> None:
    """Raise UsageError where a password stands in the address: it would be shown, and kept in config.yaml."""
    user, found, _ = path.partition("://")[2].partition("/")[0].rpartition("@")
    if found and ":" in user:
        raise UsageError(
            "a password stands in the address of the files",
            code="files.password",
            hint="Leave it out and give it as --password: it is kept with the credentials then.",
        )


def opened(path: str, values: Mapping[str, str]) -> Store:
    """Open the place that a path names; raises FetchError, FetchRefused, UsageError where its extra is missing."""
    scheme = path.partition("://")[0].lower()
    module = importlib.import_module(f"{__name__}.{_MODULES[scheme]}")
    store: Store = module.opened(path, values)
    return store
