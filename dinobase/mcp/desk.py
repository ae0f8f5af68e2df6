"""What a child keeps between operations, so that the second question of an identity is answered by warm instances."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dinobase.core.errors import QueryTimeout

if TYPE_CHECKING:
    from dinobase.query.engine import QueryEngine
    from dinobase.workspace import Workspace

_KEPT = 4  # warm instances of one identity


class Desk:
    """What a child keeps between operations: a workspace, and an engine per identity while the settings hold."""

    def __init__(self, workspace: Workspace, stuck: Callable[[QueryTimeout], object]) -> None:
        self.workspace = workspace
        self._stuck = stuck
        self._engines: dict[str, tuple[dict[str, Any], QueryEngine]] = {}
        self.running: QueryEngine | None = None

    def engine(self, identity: str) -> QueryEngine:
        """Return the identity's engine; a new one where config.yaml has changed."""
        from dinobase.spec.config_plain import plain_config

        settings = plain_config(self.workspace.paths)
        held = self._engines.get(identity)
        if held is None or held[0] != settings:
            held = (settings, self.workspace.engine(identity, stuck=self._stuck, keep=_KEPT))
            self._engines[identity] = held
        return held[1]

    def interrupt(self) -> bool:
        """Stop the query that runs, from another thread; false where none does."""
        if self.running is None:
            return False
        self.running.interrupt()
        return True
