"""The life of a connected MCP server, command by command: what each line prints, for the golden files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from tests.acceptance.cli_process import Cli
from tests.servers import mcp_raw

LINES = {
    "mcp info": ["mcp", "info", "shelves"],
    "mcp servers": ["mcp", "servers"],
    "mcp search": ["mcp", "search", "shelf"],
    "mcp call": ["mcp", "call", "shelves", "search_shelves", "words=cheese", "limit=5"],
    "mcp instructions": ["mcp", "instructions", "shelves"],
}


def printed(cli: Cli) -> Iterator[tuple[str, Any]]:
    """Yield each line's name and what it printed."""
    cli.root.parent.mkdir(parents=True)
    command = f"{sys.executable} {mcp_raw.__file__}"
    tools = "RAW_TOOLS=list_good,search_shelves,add_shelf"
    cli.ok("connector", "create", "shelves", "--transport", "stdio", "--command", command, "--env", tools)
    cli.ok("add", "shelves")
    for name, words in LINES.items():
        yield name, cli.ok(*words)
