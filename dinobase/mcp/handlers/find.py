"""Finding the way: what is here, and what it means."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le, MaxLen, MinLen

from dinobase.mcp.call import Call
from dinobase.mcp.tools import tool


async def list_connectors(call: Call, search: str = "") -> str:
    """Connectors with their tables and row counts."""
    return await call.ask("list_connectors", search=search)


async def search(call: Call, words: str, limit: Annotated[int, Ge(1), Le(100)] = 10) -> str:
    """Find tables and columns by name, meaning or value."""
    return await call.ask("search", words=words, limit=limit)


async def describe(
    call: Call,
    tables: Annotated[list[str], MinLen(1), MaxLen(50)],
    full: bool = False,  # noqa: FBT001, FBT002 - by name
) -> str:
    """Columns, meanings, keys and joins of many tables at once: connector.table, or a connector.

    full adds sample rows and what JSON holds.
    """
    return await call.ask("describe", tables=tables, full=full)


async def status(call: Call) -> str:
    """Say how fresh each connector is, which syncs failed."""
    return await call.ask("status")


TOOLS = (tool(list_connectors), tool(search), tool(describe), tool(status))
