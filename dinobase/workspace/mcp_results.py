"""What `dinobase mcp` prints: typed, every key always there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class McpServer:
    """A connected server as it was last met; `tools` counts all, `reading` those that only read; `seen` is when."""

    name: str
    transport: str
    server: str
    version: str
    tools: int
    reading: int
    seen: str | None


@dataclass(frozen=True, slots=True)
class McpServers:
    """All connected servers."""

    servers: Sequence[McpServer]


@dataclass(frozen=True, slots=True)
class McpArgument:
    """An argument of a tool, from its schema."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class McpTool:
    """A tool; `why` says why it counts as reading or not, `table` is what it is synced into, `note` why it is not."""

    server: str
    name: str
    description: str
    reads: bool
    why: str
    table: str | None
    note: str
    function: str
    arguments: Sequence[McpArgument]


@dataclass(frozen=True, slots=True)
class McpInfo:
    """A server, asked just now."""

    name: str
    transport: str
    server: str
    version: str
    protocol: str
    instructions: str
    resources: bool
    tools: Sequence[McpTool]
    seen: str


@dataclass(frozen=True, slots=True)
class McpFound:
    """The tools that a search found, the best first."""

    tools: Sequence[McpTool]
    hint: str


@dataclass(frozen=True, slots=True)
class McpInstructions:
    """What a server tells its clients to read first."""

    name: str
    instructions: str


@dataclass(frozen=True, slots=True)
class McpCalled:
    """What a tool answered: `value` is what it says as data (structured content, else JSON text), else its text."""

    server: str
    tool: str
    is_error: bool
    value: Any
    content: Sequence[Any]
