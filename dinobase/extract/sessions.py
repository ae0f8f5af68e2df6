"""Which session reads a connector: by the `type` of its definition; REST and GraphQL share the one over HTTP."""

from __future__ import annotations

from pathlib import Path

from dinobase.core.values import Observer
from dinobase.extract.session import Session
from dinobase.spec.models import Connector


def session_for(connector: Connector, *, name: str, state_dir: Path, observe: Observer) -> Session:
    """Return the session of a resolved connector, not open yet."""
    if connector.type == "mcp":
        from dinobase.extract.readers.mcp import McpSession  # the SDK takes a second to load

        return McpSession(connector, name=name, state_dir=state_dir, observe=observe)
    return Session(connector, name=name, state_dir=state_dir, observe=observe)
