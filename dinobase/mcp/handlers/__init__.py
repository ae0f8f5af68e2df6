"""Every tool there is, in the order in which it is listed."""

from __future__ import annotations

from dinobase.mcp.handlers import find, mutations, query, sync
from dinobase.mcp.tools import Tool

TOOLS: tuple[Tool, ...] = (*query.TOOLS, *find.TOOLS, *sync.TOOLS, *mutations.TOOLS)
