"""The first look at a connector whose rows stay where they are: after it, it can be queried."""

from __future__ import annotations

from dataclasses import replace

from dinobase.core import errors
from dinobase.core.settings import Paths
from dinobase.spec import config
from dinobase.workspace import adding, results, syncing


def look(added: results.Added, paths: Paths) -> results.Added:
    """Find out what a query has to know; where no table can be read where it is, nothing is added."""
    name, settings = added.name, config.load_config(paths)
    report = syncing.sync(
        [name], resources=(), full_refresh=False, observe=lambda _: None, config=settings, paths=paths
    )
    [one] = report.connectors
    failed = {t.name: t.error for t in one.tables if t.error}
    said = one.error or next(iter(failed.values()), None)
    if said is None:
        return added
    if one.error is None and len(failed) < len(one.tables) and added.check is not None:
        without = "; ".join(
            f"{table} cannot be read where it is: {error['message']}" for table, error in failed.items()
        )
        return replace(
            added,
            resources=[r for r in added.resources if r not in failed],
            check=replace(added.check, detail=f"{added.check.detail}; {without}"),
        )
    if not added.replaced:
        adding.remove(name, keep_data=False, paths=paths)
    raise errors.FetchError(
        f"`{name}` was not added: {said['message']}", code=str(said["code"]), hint=str(said.get("hint") or "")
    )
