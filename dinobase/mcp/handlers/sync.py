"""Bringing data up to date."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen

from dinobase.mcp.call import Call
from dinobase.mcp.tools import tool


async def refresh(call: Call, names: Annotated[list[str], MaxLen(50)] = []) -> str:  # noqa: B006 - never changed
    """Fetch what is new, by default where stale."""
    return await call.ask("refresh", names=names)


TOOLS = (tool(refresh, read_only=False, open_world=True),)
