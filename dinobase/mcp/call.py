"""One call of a tool: who asks, how its answer is found, and how its progress is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from dinobase.mcp.pool import Pool
from dinobase.mcp.work import JOBS, WRITES


@dataclass(frozen=True, slots=True)
class Call:
    """`identity` is `mcp` on stdio and the token's name on HTTP."""

    identity: str
    pool: Pool
    progress: Callable[[str], Awaitable[None]]

    async def ask(self, operation: str, **args: Any) -> str:
        """Have a child process do it."""
        if operation in JOBS:
            return await self.pool.job(operation, self.identity, args, self.progress)
        if operation in WRITES:
            return await self.pool.write(operation, self.identity, args, self.progress)
        return await self.pool.ask(operation, self.identity, args, self.progress)
