"""The first look at a connector whose rows stay where they are: after it, it can be queried."""

from __future__ import annotations

from dinobase.core import errors
from dinobase.core.settings import Paths
from dinobase.spec import config
from dinobase.workspace import adding, results, syncing


def look(added: results.Added, paths: Paths) -> None:
    """Find out what a query has to know; a connector that cannot be read where it is is not added."""
    name, settings = added.name, config.load_config(paths)
    report = syncing.sync(
        [name], resources=(), full_refresh=False, observe=lambda _: None, config=settings, paths=paths
    )
    [one] = report.connectors
    said = next((e for e in (one.error, *(t.error for t in one.tables)) if e), None)
    if said is None:
        return
    if not added.replaced:
        adding.remove(name, keep_data=False, paths=paths)
    raise errors.FetchError(
        f"`{name}` was not added: {said['message']}", code=str(said["code"]), hint=str(said.get("hint") or "")
    )
