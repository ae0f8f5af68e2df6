"""Tools of connected MCP servers as functions of agents' code: those that only read, of servers that are there for it.

A server is started by the first call and ends with the code; what a call may do is decided in `workspace.tool_calls`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from dinobase.core import clock
from dinobase.core.secrets import redact

if TYPE_CHECKING:
    from dinobase.mcp.desk import Desk
    from dinobase.workspace.mcp_results import McpTool
    from dinobase.workspace.tool_calls import ToolCalls


def functions(desk: Desk, identity: str, ends: float, stack: ExitStack) -> dict[str, Callable[..., Any]]:
    """Return `tools` and a function per tool; what was started is ended with the stack."""
    found = {tool.function: tool for tool in desk.workspace.mcp(identity).tools() if tool.reads}
    started: list[ToolCalls] = []

    def calls() -> ToolCalls:
        if not started:
            started.append(stack.enter_context(desk.workspace.mcp(identity).calls()))
        return started[0]

    def tools(words: str = "") -> list[dict[str, Any]]:
        wanted = words.lower().split()
        return [_told(tool) for tool in found.values() if all(word in _text(tool) for word in wanted)]

    def function_of(tool: McpTool) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            left = ends - clock.monotonic()
            if left <= 0:
                raise TimeoutError("no time is left for a call")
            answer = calls().call(tool.server, tool.name, arguments, timeout=left)
            if answer.is_error:
                raise ValueError(redact(str(answer.value))[:1000])
            return answer.value

        return call

    return {"tools": tools, **{name: function_of(tool) for name, tool in found.items()}}


def _told(tool: McpTool) -> dict[str, Any]:
    arguments = {a.name: f"{a.type}{'' if a.required else ', optional'}" for a in tool.arguments}
    return {"function": tool.function, "description": tool.description, "arguments": arguments}


def _text(tool: McpTool) -> str:
    return f"{tool.function} {tool.description}".lower()
