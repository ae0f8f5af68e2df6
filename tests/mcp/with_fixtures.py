"""`dinobase` with three tools more: those that the conformance suite calls to see how a server's tools answer."""

from __future__ import annotations

import asyncio

from dinobase.cli import main
from dinobase.core.errors import QueryError
from dinobase.mcp import handlers
from dinobase.mcp.call import Call
from dinobase.mcp.tools import tool


async def test_simple_text(call: Call) -> str:
    """Answer with a text."""
    del call
    return "This is a simple text response for testing."


async def test_error_handling(call: Call) -> str:
    """Fail."""
    del call
    raise QueryError("This tool intentionally returns an error for testing")


async def test_tool_with_progress(call: Call) -> str:
    """Say three times how far it is."""
    for step in ("begun", "half", "done"):
        await call.progress(step)
        await asyncio.sleep(0.05)  # what the suite asks for
    return "done"


if __name__ == "__main__":
    more = (test_simple_text, test_error_handling, test_tool_with_progress)
    handlers.TOOLS = (*handlers.TOOLS, *map(tool, more))
    main.main()
