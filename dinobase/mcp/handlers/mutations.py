"""Writes that `query` has planned: sent, dropped, looked up."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen, MinLen

from dinobase.mcp.call import Call
from dinobase.mcp.tools import tool


async def confirm(call: Call, id: str, code: str = "") -> str:  # noqa: A002 - what clients call it
    """Send a planned write or batch; code: a person's."""
    return await call.ask("confirm", id=id, code=code)


async def confirm_batch(call: Call, ids: Annotated[list[str], MinLen(1), MaxLen(50)], code: str = "") -> str:
    """Confirm several, up to the first that fails."""
    return await call.ask("confirm_batch", ids=ids, code=code)


async def cancel(call: Call, id: str) -> str:  # noqa: A002
    """Drop a planned write."""
    return await call.ask("cancel", id=id)


async def mutations(call: Call, id: str = "") -> str:  # noqa: A002
    """Your writes, or one whole."""
    return await call.ask("mutations", id=id)


_SENDS = {"read_only": False, "destructive": True, "idempotent": False, "open_world": True}
TOOLS = (
    tool(confirm, **_SENDS),
    tool(confirm_batch, **_SENDS),
    tool(cancel, read_only=False, idempotent=False),
    tool(mutations),
)
