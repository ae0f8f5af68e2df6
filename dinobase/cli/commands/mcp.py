"""`dinobase mcp servers|info|search|call|instructions`: other people's MCP servers that are connected."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dinobase.cli import diagnostics, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain
from dinobase.core import errors

if TYPE_CHECKING:
    from dinobase.workspace.mcp import Mcp
    from dinobase.workspace.mcp_results import McpCalled, McpTool
    from dinobase.workspace.tool_calls import ToolCalls


_WITH_VALUE = ("--json", "--format", "--as")


def arguments(parser: parse.Parser) -> None:
    """One parser per action."""
    below = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=parse.Parser, title="actions"
    )
    listing = below.add_parser("servers", help="list connected servers; none is started")
    info = below.add_parser("info", help="ask a server what it is and has, or what one tool takes")
    info.add_argument("name", metavar="NAME", help="a connected server")
    info.add_argument("tool", metavar="TOOL", nargs="?", default="", help="this tool alone")
    search = below.add_parser("search", help="find tools of all servers by names and descriptions")
    search.add_argument("words", metavar="WORDS", nargs="+", help="names, meanings, arguments")
    search.add_argument("--limit", metavar="N", default="10", help="the best N tools; default 10")
    call = below.add_parser("call", help="call a tool; one that may change something asks first")
    call.add_argument("name", metavar="NAME", help="a connected server")
    call.add_argument("tool", metavar="TOOL", help="one of its tools")
    call.add_argument("given", metavar="KEY=VALUE", nargs="*", help="arguments; numbers and JSON where its schema says")
    call.add_argument("--json", metavar="TEXT", default="", help="all arguments as one JSON object")
    call.add_argument("--yes", action="store_true", help="do not ask before a tool that may change something")
    instructions = below.add_parser("instructions", help="what a server tells its clients to read first")
    instructions.add_argument("name", metavar="NAME", help="a connected server")
    for each in (listing, info, search, call, instructions):
        parse.add_identity(each)
        parse.add_format(each)


def parse_words(parser: parse.Parser, words: Sequence[str]) -> argparse.Namespace:
    """Let flags stand between the arguments of a call: argparse takes a list of them in one piece only."""
    if words[:1] != ["call"]:
        return parser.parse(words)
    flags: list[str] = []
    rest: list[str] = []
    left = iter(words[1:])
    for word in left:
        if not word.startswith("-"):
            rest.append(word)
            continue
        flags.append(word)
        if word in _WITH_VALUE:
            flags += [value for value in [next(left, None)] if value is not None]
    return parser.parse(["call", *flags, *rest])


def run(args: argparse.Namespace) -> int:
    """Do it and print it."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    mcp = workspace.mcp(workspace.identity(args.identity))
    return {
        "servers": _servers,
        "info": _info,
        "search": _search,
        "call": _call,
        "instructions": _instructions,
    }[args.action](mcp, args)


def _servers(mcp: Mcp, args: argparse.Namespace) -> int:
    found = mcp.servers()
    columns = (
        Column("name", "name"),
        Column("transport"),
        Column("server"),
        Column("tools", "count"),
        Column("reading", "count"),
        Column("seen", "time"),
    )
    rows = [
        (one.name, one.transport, f"{one.server} {one.version}".strip(), one.tools, one.reading, one.seen)
        for one in found.servers
    ]
    empty = 'There is none yet: [bold]dinobase connector create NAME --transport stdio --command "..."[/bold]'
    Output.choose(args.format).emit(found, Table(columns, rows, empty=empty))
    return Exit.DONE


def _info(mcp: Mcp, args: argparse.Namespace) -> int:
    found = mcp.info(args.name)
    if args.tool:
        chosen = [tool for tool in found.tools if tool.name == args.tool]
        if not chosen:
            near = errors.did_you_mean(args.tool, [tool.name for tool in found.tools])
            hint = f"Did you mean `{near}`?" if near else f"dinobase mcp info {args.name} lists them."
            raise errors.UnknownName(f"{args.name} has no tool `{args.tool}`", code="mcp.no_tool", hint=hint)
        import dataclasses

        found = dataclasses.replace(found, tools=chosen)
    head = f"[bold]{found.name}[/bold]: {plain(found.server)} {plain(found.version)}, MCP {plain(found.protocol)}"
    after: list[str] = []
    if args.tool:
        for argument in found.tools[0].arguments:
            needed = "" if argument.required else ", optional"
            after.append(
                f"  {plain(argument.name)}  [dim]{plain(argument.type)}{needed}[/dim]  {plain(argument.description)}"
            )
    Output.choose(args.format).emit(found, _tools(found.tools, before=(head, ""), after=after))
    return Exit.DONE


def _search(mcp: Mcp, args: argparse.Namespace) -> int:
    found = mcp.search(" ".join(args.words), limit=parse.limit(args.limit, least=1))
    Output.choose(args.format).emit(found, _tools(found.tools, empty=plain(found.hint)))
    return Exit.DONE


def _tools(
    tools: Sequence[McpTool], *, before: Sequence[str] = (), after: Sequence[str] = (), empty: str = "It has no tools."
) -> Table:
    columns = (
        Column("tool", "name"),
        Column("reads", "status"),
        Column("arguments"),
        Column("table"),
        Column("description"),
    )
    rows = [
        (
            f"{tool.server} {tool.name}",
            "yes" if tool.reads else "no",
            ", ".join(f"{a.name}{'' if a.required else '?'}" for a in tool.arguments),
            tool.table or "",
            tool.description.split("\n")[0],
        )
        for tool in tools
    ]
    return Table(columns, rows, before=before, after=after, empty=empty, wrap=True)


def _call(mcp: Mcp, args: argparse.Namespace) -> int:
    given = _given(args.given, args.json)
    with mcp.calls() as calls:
        confirmed = args.yes or _confirmed(calls, args.name, args.tool)
        called = calls.call(args.name, args.tool, given, confirmed=confirmed)
    Output.choose(args.format).emit(called, _answer(called))
    return Exit.FAILED if called.is_error else Exit.DONE


def _confirmed(calls: ToolCalls, name: str, tool: str) -> bool:
    """Ask the person at a terminal; what only reads needs no question."""
    if not diagnostics.interactive() or calls.reads(name, tool):
        return False
    if diagnostics.question(f"`{tool}` of {name} may change something. Call it? Type `yes`: ").lower() != "yes":
        raise errors.UsageError("Nothing was called", code="usage.declined", hint=f"dinobase mcp info {name} {tool}")
    return True


def _given(pairs: Sequence[str], text: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if text:
        try:
            given = json.loads(text)
        except ValueError as error:
            raise errors.UsageError(f"--json is no JSON: {error}", hint='--json \'{"city": "Oslo"}\'') from None
        if not isinstance(given, dict):
            raise errors.UsageError("--json is no JSON object", hint='--json \'{"city": "Oslo"}\'')
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise errors.UsageError(f"`{pair[:40]}` is no KEY=VALUE", hint="dinobase mcp call NAME TOOL city=Oslo")
        given[key] = value
    return given


def _answer(called: McpCalled) -> Table:
    """Show records as rows, anything else as it is."""
    value = called.value
    if isinstance(value, dict):
        lists = [item for item in value.values() if isinstance(item, list) and item and isinstance(item[0], dict)]
        value = lists[0] if len(lists) == 1 and len(value) == 1 else [value]
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        names = list(dict.fromkeys(key for item in value for key in item))
        return Table([Column(name, "value") for name in names], [[_cell(item.get(n)) for n in names] for item in value])
    items = value if isinstance(value, list) else [value]
    return Table((Column("value", "value"),), [(_cell(item),) for item in items], wrap=True)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _instructions(mcp: Mcp, args: argparse.Namespace) -> int:
    found = mcp.instructions(args.name)
    rows = [(line,) for line in found.instructions.splitlines()]
    empty = f"{args.name} gives no instructions."
    Output.choose(args.format).emit(found, Table((Column("instructions"),), rows, empty=empty, wrap=True))
    return Exit.DONE
