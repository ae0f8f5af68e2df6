"""Relationships where they are needed: looked for when somebody describes, by `maintain`, and where nobody waits."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from dinobase.catalog.relations.relate import Related, relate
from dinobase.core.errors import DinobaseError, LakeError
from dinobase.core.settings import Paths, can_write
from dinobase.lake.lock import work_lock

if TYPE_CHECKING:
    from dinobase.lake.location import Storage
    from dinobase.spec.config import Config
    from dinobase.spec.models import Connector


class Workspace(Protocol):
    """What is needed of one; it imports this module, so that this one cannot name it."""

    paths: Paths

    def config(self) -> Config:
        """Read config.yaml."""

    def storage(self) -> Storage:
        """Return where the lakes are."""

    def find_connector(self, name: str) -> Connector | None:
        """Return a connector's definition."""


def look_for(workspace: Workspace, changed: Collection[str] | None = None, *, seconds: float = 0.0) -> Related:
    """Bring relationships up to date; another process that is at it, or a folder that cannot be written, ends it.

    changed: connectors that may hold something new, None for all; seconds: after it no further table is begun.
    """
    paths = workspace.paths
    if not (can_write(paths.cache) and can_write(paths.state)):
        return Related()
    names = sorted(workspace.config().connectors)
    with suppress(LakeError), work_lock("relations", "", paths.state):
        return relate(workspace.storage(), paths, names, workspace.find_connector, changed=changed, seconds=seconds)
    return Related()


def before_describing(workspace: Workspace, names: Collection[str], *, seconds: float) -> None:
    """Look at what is new in the connectors of these tables, for so long; it never keeps a description from being."""
    wanted = {name.replace('"', "").partition(".")[0].lower() for name in names}
    with suppress(DinobaseError):
        look_for(workspace, [name for name in workspace.config().connectors if name.lower() in wanted], seconds=seconds)
