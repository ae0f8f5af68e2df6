"""The composition root and the Python API: settings become engines here, each imported when it is first used."""

from __future__ import annotations

from dinobase.workspace.workspace import Workspace

__all__ = ["Workspace"]
