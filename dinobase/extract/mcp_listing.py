"""What each MCP server said of itself when it was last met, kept so that nobody has to start it to know its tools."""

from __future__ import annotations

import json
from pathlib import Path

from dinobase.core.clock import new_id
from dinobase.spec.tools import Listing

SUFFIX = "mcp.json"


def known(state_dir: Path, name: str) -> Listing | None:
    """Return what was kept, None where nothing can be read."""
    try:
        return Listing.from_json(json.loads((state_dir / f"{name}.{SUFFIX}").read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(state_dir: Path, name: str, listing: Listing) -> None:
    """Keep it; a reader sees the old or the new one. Where it cannot be written the server is asked again."""
    draft = state_dir / f"{new_id('mcp')}.tmp"
    try:
        draft.write_text(json.dumps(listing.as_json(), ensure_ascii=False), encoding="utf-8")
        draft.replace(state_dir / f"{name}.{SUFFIX}")
    except OSError:
        draft.unlink(missing_ok=True)
