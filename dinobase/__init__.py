"""The database that agents query instead of a hundred APIs."""

from __future__ import annotations

from dinobase.core import settings

__all__ = ["__version__", "connect"]
__version__ = settings.VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from dinobase.workspace.database import Database


def connect(root: str | Path | None = None, *, identity: str = "cli") -> Database:
    """Return the workspace at `root`, else $DINOBASE_DIR, else ~/.dinobase, for use from Python."""
    from dinobase.workspace.database import connect as open_database  # nothing of it on the way of a query

    return open_database(root, identity=identity)
