"""Finding the way: what is here, what it means, and saying what it means where nobody has."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen, MinLen

from dinobase.mcp.call import Call
from dinobase.mcp.tools import tool


async def list_connectors(call: Call, search: str = "") -> str:
    """Connectors, tables, row counts."""
    return await call.ask("list_connectors", search=search)


async def search(call: Call, words: str, limit: Annotated[int, Ge(1), Le(100)] = 10) -> str:
    """Find tables, columns by name, meaning, value."""
    return await call.ask("search", words=words, limit=limit)


async def describe(
    call: Call,
    tables: Annotated[list[str], MinLen(1), MaxLen(50)],
    full: bool = False,  # noqa: FBT001, FBT002 - by name
) -> str:
    """Columns, meanings, keys, joins of tables, connectors; full adds samples, what JSON holds."""
    return await call.ask("describe", tables=tables, full=full)


async def status(call: Call) -> str:
    """Say what is stale, which syncs failed."""
    return await call.ask("status")


async def annotate(call: Call, words: Annotated[list[dict[str, Any]], MinLen(1), MaxLen(500)]) -> str:
    """Say meanings: {target: a.b.column, key: description, note, unit, pii or values, value}."""
    return await call.ask("annotate", words=words)


TOOLS = (
    tool(list_connectors),
    tool(search),
    tool(describe),
    tool(status),
    tool(annotate, read_only=False, idempotent=False),
)
