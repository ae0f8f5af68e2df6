"""MCP servers that are connected: what they are, what their tools are, for one identity.

A tool's answer goes round the rules of access, which are made of tables: so a server is there only for an identity that
may read all of its connector as it is, and only tools that read are.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from dinobase.core.errors import DinobaseError, UnknownName, did_you_mean
from dinobase.core.settings import Paths
from dinobase.extract import mcp_listing
from dinobase.spec import compiled
from dinobase.spec.checks.naming import snake
from dinobase.spec.tools import Expanded, Listing, Tool, expand, judged, spoken
from dinobase.sync import registry
from dinobase.workspace.mcp_results import (
    McpArgument,
    McpFound,
    McpInfo,
    McpServer,
    McpServers,
    McpTool,
)

if TYPE_CHECKING:
    from dinobase.access.guard import Guard
    from dinobase.spec.config import Config
    from dinobase.spec.models import Connector

_SHOWN = 80  # letters of a tool's name in a list of them
_DEEPEST = 8  # of an argument's schema


class Workspace(Protocol):
    """What is needed of one; it imports this module, so that this one cannot name it."""

    paths: Paths

    def config(self) -> Config:
        """Read config.yaml."""

    def guard(self, identity: str) -> Guard | None:
        """Return an identity's access rules."""


def expanded(name: str, connector: Connector, paths: Paths) -> Connector:
    """Return a definition with the tables that its server's tools made when it was last met."""
    if connector.type != "mcp":
        return connector
    listing = mcp_listing.known(paths.state, name)
    return connector if listing is None else expand(connector, listing).connector


def connected(workspace: Workspace, identity: str, among: Container[str] | None = None) -> dict[str, Connector]:
    """Return the definitions of the servers that are there for an identity, by connector; `among` narrows them down."""
    guard = workspace.guard(identity)
    found = {}
    for name, entry in sorted(workspace.config().connectors.items()):
        if among is not None and name not in among:
            continue
        path = registry.file_of(entry.type, workspace.paths)
        if path is None or (guard is not None and not guard.policy.open(name)):
            continue
        try:
            connector = compiled.load(path, workspace.paths)
        except DinobaseError:  # a faulty file is another command's to report
            continue
        if connector.type == "mcp":
            found[name] = connector
    return found


def one(workspace: Workspace, name: str, identity: str) -> Connector:
    """Return a server's definition; raises UnknownName."""
    found = connected(workspace, identity)
    if name in found:
        return found[name]
    near = did_you_mean(name, found)
    listed = f"MCP servers: {', '.join(found)}." if found else "No MCP server is connected."
    hint = f"Did you mean `{near}`?" if near else listed
    raise UnknownName(f"`{name}` is no connected MCP server", code="mcp.unknown", hint=hint, name=name)


def servers(workspace: Workspace, identity: str) -> McpServers:
    """List connected servers; none is started."""
    listed = []
    for name, connector in connected(workspace, identity).items():
        assert connector.server is not None
        listing = mcp_listing.known(workspace.paths.state, name)
        verdicts = judged(connector, listing) if listing else {}
        listed.append(
            McpServer(
                name=name,
                transport=connector.server.transport,
                server=listing.server if listing else "",
                version=listing.version if listing else "",
                tools=len(verdicts),
                reading=sum(verdict.reads for verdict in verdicts.values()),
                seen=listing.seen if listing else None,
            )
        )
    return McpServers(listed)


def info(name: str, connector: Connector, listing: Listing) -> McpInfo:
    """Say what a server is and has."""
    assert connector.server is not None
    return McpInfo(
        name=name,
        transport=connector.server.transport,
        server=listing.server,
        version=listing.version,
        protocol=listing.protocol,
        instructions=listing.instructions,
        resources=listing.resources,
        tools=tools(name, connector, listing),
        seen=listing.seen,
    )


def tools(name: str, connector: Connector, listing: Listing) -> list[McpTool]:
    """Return all tools of a server, each with what becomes of it."""
    verdicts, made = judged(connector, listing), expand(connector, listing)
    tables = {resource.tool: resource.name for resource in reversed(made.connector.resources)}
    return [
        McpTool(
            server=name,
            name=tool.name,
            description=tool.description,
            reads=verdicts[tool.name].reads,
            why=verdicts[tool.name].why,
            table=f"{name}.{tables[tool.name]}" if tool.name in tables else None,
            note=made.left_out.get(tool.name, ""),
            function=function_of(name, tool),
            arguments=_arguments(tool),
        )
        for tool in listing.tools
    ]


def met(workspace: Workspace, identity: str) -> list[McpTool]:
    """Return the tools of all servers that have said what they have; a workspace without servers costs nothing."""
    state = workspace.paths.state
    said = {file.name.removesuffix(f".{mcp_listing.SUFFIX}") for file in state.glob(f"*.{mcp_listing.SUFFIX}")}
    found = []
    for name, connector in (connected(workspace, identity, said) if said else {}).items():
        listing = mcp_listing.known(state, name)
        if listing is not None:
            found += tools(name, connector, listing)
    return found


def function_of(name: str, tool: Tool) -> str:
    """Return what a tool is called in code: `memory__read_graph`."""
    return f"{name}__{snake(tool.name)}"


def search(workspace: Workspace, words: str, limit: int, identity: str) -> McpFound:
    """Find tools by name, description and arguments, among what servers have said so far."""
    wanted = re.findall(r"[a-z0-9]+", words.lower())
    scored: list[tuple[float, McpTool]] = []
    unmet = []
    for name, connector in connected(workspace, identity).items():
        listing = mcp_listing.known(workspace.paths.state, name)
        if listing is None:
            unmet.append(name)
            continue
        scored += [(_score(tool, wanted), tool) for tool in tools(name, connector, listing)]
    found = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], pair[1].server, pair[1].name))
    hint = f"Not met yet: {', '.join(unmet)}; dinobase mcp info NAME asks it." if unmet else ""
    if not found and not hint:
        hint = "No tool is called or described so; dinobase mcp servers lists the servers."
    return McpFound([tool for _, tool in found[:limit]], hint)


def _score(tool: McpTool, wanted: list[str]) -> float:
    """Weigh where words are: in the name more than in the description, in that more than in arguments."""
    places = (
        (4.0, snake(tool.name).replace("_", " ")),
        (2.0, tool.description.lower()),
        (1.0, tool.server.replace("_", " ")),
        (1.0, " ".join(f"{a.name} {a.description}" for a in tool.arguments).lower()),
    )
    total = 0.0
    for word in wanted:
        total += max((weight for weight, text in places if re.search(rf"\b{word}", text)), default=0.0)
    return total


def said(listing: Listing, made: Expanded) -> str:
    """Say in one line what was found, for `add`."""
    reading = len(made.connector.resources)
    text = f"{listing.server} {listing.version}: {len(listing.tools)} tools, {reading} tables"
    left = [f"{spoken(tool, _SHOWN)} ({why})" for tool, why in made.left_out.items()]
    return f"{text}; left out: {', '.join(left)}" if left else text


def _arguments(tool: Tool) -> list[McpArgument]:
    return [
        McpArgument(
            name=name,
            type=_type(schema),
            required=name in tool.required,
            description=str(schema.get("description") or "") if isinstance(schema, Mapping) else "",
        )
        for name, schema in tool.arguments.items()
    ]


def _type(schema: Any, depth: int = 0) -> str:
    """Say what a schema allows, whatever a server calls a schema."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return "any"
    stated = schema.get("type")
    for words in (schema.get("enum"), stated):
        if isinstance(words, list):
            return " or ".join(str(each) for each in words)
    if stated is not None:
        return str(stated)
    parts = [part for key in ("anyOf", "oneOf") if isinstance(found := schema.get(key), list) for part in found]
    return " or ".join(_type(part, depth + 1) for part in parts) or "any"
