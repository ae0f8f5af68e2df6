"""The server on the official SDK: lists the tools, runs them, and says who asks; nothing here knows a transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import mcp_types as types
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from dinobase import __version__
from dinobase.core.errors import DinobaseError, did_you_mean
from dinobase.core.secrets import redact_error
from dinobase.mcp import answers
from dinobase.mcp.call import Call
from dinobase.mcp.pool import Pool
from dinobase.mcp.reach import Reach
from dinobase.mcp.tools import Tool

NAME = "dinobase"
STDIO = "mcp"  # the identity of whoever started the process
_GREETINGS = frozenset({"initialize", "server/discover"})


def build(
    pool: Pool,
    tools: Sequence[Tool],
    instructions: Callable[[str], Awaitable[str]],
    reach: Callable[[str], Awaitable[Reach]],
) -> Server[dict[str, Any]]:
    """Wire a server; `instructions` and what writes may do are asked for by identity, each time that they are told."""
    named = {tool.name: tool for tool in tools}

    async def on_list_tools(context: ServerRequestContext[Any, Any], _: object) -> types.ListToolsResult:
        writes = await reach(identity_of(context))
        return types.ListToolsResult(tools=[_listed(tool, writes) for tool in tools])

    async def on_call_tool(
        context: ServerRequestContext[Any, Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = named.get(params.name)
        if tool is None:
            near = did_you_mean(params.name, named)
            hint = f"Did you mean {near}?" if near else f"Tools: {', '.join(named)}."
            raise MCPError(code=types.INVALID_PARAMS, message=f"There is no tool {params.name}. {hint}")
        call = Call(identity_of(context), pool, _progress(context))
        try:
            return _text(await tool.call(call, params.arguments or {}))
        except DinobaseError as error:
            return _text(answers.failure(redact_error(error.as_dict()["error"])), failed=True)

    server: Server[dict[str, Any]] = Server(
        NAME, version=__version__, on_list_tools=on_list_tools, on_call_tool=on_call_tool
    )

    async def greet(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        result = await call_next(ctx)
        if ctx.method in _GREETINGS and isinstance(result, dict):
            return {**result, "instructions": await instructions(identity_of(ctx))}
        return result

    server.middleware.append(greet)
    return server


def identity_of(context: ServerRequestContext[Any, Any]) -> str:
    """Return the token's name, or `mcp` where there is no HTTP request."""
    if context.request is None:
        return STDIO
    return str(context.request.scope["user"].username)


def _progress(context: ServerRequestContext[Any, Any]) -> Callable[[str], Awaitable[None]]:
    steps = 0

    async def tell(text: str) -> None:
        nonlocal steps
        steps += 1
        await context.session.report_progress(float(steps), None, text)

    return tell


def _listed(tool: Tool, writes: Reach) -> types.Tool:
    """Leave out hints that say the default, or that mean nothing for a tool that only reads."""
    read_only = writes == "none" if tool.plans else tool.read_only
    sends = tool.plans and writes == "sent"
    hints: dict[str, bool] = {"readOnlyHint": read_only}
    if not read_only:
        hints["destructiveHint"] = tool.destructive or sends
        if tool.idempotent:
            hints["idempotentHint"] = True
    if not (tool.open_world or sends):
        hints["openWorldHint"] = False
    return types.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=dict(tool.schema),
        annotations=types.ToolAnnotations.model_validate(hints),
    )


def _text(text: str, *, failed: bool = False) -> types.CallToolResult:
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
    return types.CallToolResult(content=content, is_error=True) if failed else types.CallToolResult(content=content)


def capabilities(server: Server[Any]) -> Mapping[str, Any]:
    """Return what the server says it can do, as it goes over the wire."""
    return server.get_capabilities().model_dump(by_alias=True, mode="json", exclude_none=True)
