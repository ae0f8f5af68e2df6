"""`type: mcp`: how a server is started or reached, and which of its tools become tables."""

from __future__ import annotations

import shlex
from typing import Any, Literal, TypeAlias

from dinobase.kinds.auth import Auth
from dinobase.kinds.base import Field, Kind

Json: TypeAlias = Any


class Server(Kind):
    """An MCP server: a process that we start, or an address."""

    transport: Literal["stdio", "sse", "streamable_http"] = Field(description="How it is spoken to.")
    command: str | list[str] = Field(default="", description="stdio: the program and its arguments.")
    env: dict[str, str] = Field(default_factory=dict, description="stdio: its environment beside PATH, HOME...")
    cwd: str = Field(default="", description="stdio: the folder in which it is started; default the workspace's.")
    url: str = Field(default="", description="sse, streamable_http: the address.")
    headers: dict[str, str] = Field(default_factory=dict, description="sse, streamable_http: sent with every request.")
    auth: Auth | None = Field(default=None, description="sse, streamable_http: how requests are authenticated.")
    timeout: float = Field(default=60.0, gt=0, strict=False, description="Seconds until an answer is given up.")
    concurrency: int = Field(default=4, ge=1, le=64, description="Calls in flight at once.")
    max_answer_mb: int = Field(default=64, ge=1, le=4096, description="The longest answer that is read, in MB.")

    @property
    def words(self) -> list[str]:
        """The command as a list; raises ValueError where its quotes do not close."""
        return shlex.split(self.command) if isinstance(self.command, str) else list(self.command)


class Tools(Kind):
    """Which tools may be called: those that say that they only read, or are named so; globs over their names."""

    include: list[str] = Field(default_factory=list, description="Further ones that only read; wins over exclude.")
    exclude: list[str] = Field(default_factory=list, description="Never called; `resources` is the table of resources.")


def with_client(data: Json) -> Json:
    """Give an MCP definition the `client` that it does not write, and `resources` where it declares none."""
    if not isinstance(data, dict) or data.get("type") != "mcp":
        return data
    server = data.get("server")
    given = server if isinstance(server, dict) else {}
    client: dict[str, Json] = {"base_url": f"mcp://{data.get('name')}"}
    if isinstance(given.get("concurrency"), int) and not isinstance(given["concurrency"], bool):
        client["concurrency"] = min(max(given["concurrency"], 1), 64)
    return {"client": client, "resources": [], **data}
