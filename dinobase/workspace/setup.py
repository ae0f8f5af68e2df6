"""The workspace's folder and where its data goes."""

from __future__ import annotations

from pathlib import Path

from dinobase.core import errors, secrets
from dinobase.core.settings import Paths
from dinobase.spec import config, config_edit
from dinobase.workspace import results


def init(*, storage: str | None, catalog: str | None, paths: Paths) -> results.Initialised:
    """Write config.yaml; where there are connectors their data stays where it is, so storage cannot change then."""
    created = not paths.config.exists()
    before = config.load_config(paths)
    url = _absolute(storage) if storage is not None else before.storage.url
    place = catalog if catalog is not None else before.storage.catalog
    wanted = config.StorageConfig(url=url, catalog=place)
    if wanted != before.storage and before.connectors:
        raise errors.UsageError(
            f"{len(before.connectors)} connectors keep their data where it is now",
            code="storage.used",
            hint="Make another workspace for the new place (DINOBASE_DIR=...), or remove the connectors first.",
            storage=before.storage.url or str(paths.lakes),
            catalog=secrets.redact_url(before.storage.catalog),
        )
    for folder in (paths.root, paths.connectors, paths.lakes, paths.state):
        paths.make(folder)
    written = config_edit.create_config(paths, wanted)
    return results.Initialised(
        workspace=str(paths.root),
        created=created,
        storage=written.storage.url or str(paths.lakes),
        catalog=secrets.redact_url(written.storage.catalog) or "sqlite",
    )


def _absolute(storage: str) -> str:
    return storage if "://" in storage or not storage else str(Path(storage).expanduser().absolute())
