"""`dinobase connector`: files that describe APIs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dinobase.cli import credential_flags, diagnostics, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain
from dinobase.core import errors, secrets

if TYPE_CHECKING:
    from dinobase.workspace.results import Drafted, ResourceTried, Validated

AUTH = ("bearer", "api_key", "http_basic", "none")
TRANSPORTS = ("stdio", "sse", "streamable_http")
_OF_SERVERS = ("command", "env", "header", "bearer")
_OF_APIS = ("endpoint", "data_selector", "primary_key", "from_openapi")


def arguments(parser: parse.Parser) -> None:
    """One parser per action."""
    actions = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=parse.Parser, title="actions"
    )
    _create(actions.add_parser("create", help="write a first draft: of a REST connector, or an MCP server"))
    validate = actions.add_parser("validate", help="check a file without a network")
    validate.add_argument("target", metavar="NAME|PATH", help="a connector, or a file")
    test = actions.add_parser("test", help="one page per selected resource against the real API")
    test.add_argument("target", metavar="NAME", help="a connected connector, or a definition")
    test.add_argument("--resources", metavar="A,B", type=parse.resources, help="these; +C adds to the default ones")
    lists = actions.add_parser("list", help="packaged files and your own")
    edit = actions.add_parser("edit", help="open in $EDITOR, then check; a packaged one is copied first")
    edit.add_argument("target", metavar="NAME", help="a connector file")
    for each in (validate, test, lists, edit):
        parse.add_format(each)
    actions.add_parser("schema", help="JSON Schema of connector files, for editors")


def _create(parser: parse.Parser) -> None:
    parser.add_argument("target", metavar="NAME", help="the connector's name, and the file's")
    parser.add_argument("--url", default="", help="base URL of the API, or address of the MCP server")
    parser.add_argument(
        "--from-openapi",
        metavar="FILE|URL",
        default="",
        help="OpenAPI 3 or Swagger 2: tables, pages, keys, writes of it",
    )
    parser.add_argument("--endpoint", metavar="PATH", action="append", help="a path that lists records; repeatable")
    parser.add_argument("--data-selector", metavar="JSONPATH", help="where the records are in the answer, e.g. `data`")
    parser.add_argument("--primary-key", metavar="FIELD", help="what identifies a record, e.g. `id`")
    parser.add_argument(
        "--auth", choices=AUTH, metavar="TYPE", default="bearer", help="bearer, api_key, http_basic, none"
    )
    server = parser.add_argument_group("an MCP server")
    server.add_argument(
        "--transport", choices=TRANSPORTS, metavar="KIND", help="stdio, sse, streamable_http: it is an MCP server"
    )
    server.add_argument("--command", metavar="WORDS", default="", help="stdio: what starts it, in quotes")
    server.add_argument("--env", metavar="K=V", action="append", help="stdio: in its environment; repeatable")
    server.add_argument("--header", metavar="K=V", action="append", help="sent with every request; repeatable")
    server.add_argument("--bearer", metavar="TOKEN", default="", help="sent as Authorization: Bearer TOKEN")
    parser.add_argument("--replace", action="store_true", help="overwrite your file of this name")
    parse.add_format(parser)


def parse_words(parser: parse.Parser, words: Sequence[str]) -> argparse.Namespace:
    """`test` takes the connector's own credential flags."""
    if words[:1] == ["test"]:
        test = parse.Parser("dinobase connector test", description="One page per selected resource, nothing is stored.")
        test.add_argument("target", metavar="NAME", help="a connected connector, or a definition")
        test.add_argument("--resources", metavar="A,B", type=parse.resources, help="these; +C adds to the default ones")
        parse.add_format(test)
        args = credential_flags.parse(test, words[1:], ("--resources", "--format"))
        args.action = "test"
        return args
    return parser.parse(words)


def run(args: argparse.Namespace) -> int:
    """Do the action."""
    return {
        "create": _run_create,
        "validate": _run_validate,
        "test": _run_test,
        "list": _run_list,
        "edit": _run_edit,
        "schema": _run_schema,
    }[args.action](args)


def _run_create(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    if args.transport:
        return _run_create_server(args)
    given = [name for name in _OF_SERVERS if getattr(args, name)]
    if given:
        raise errors.UsageError(f"--{given[0]} is for MCP servers", hint="Add --transport stdio, for example.")
    wanted = () if args.from_openapi else ("url", "endpoint")
    beside = [name for name in _OF_APIS[:3] if args.from_openapi and getattr(args, name)]
    if beside:
        flag = f"--{beside[0].replace('_', '-')}"
        raise errors.UsageError(f"{flag} does not go with --from-openapi", hint="Change the file that is drafted.")
    missing = [name for name in wanted if not getattr(args, name)]
    if missing:
        listed = " and ".join(f"--{name}" for name in missing)
        hint = "--url https://api.acme.com/v1 --endpoint customers; an MCP server: --transport stdio --command ..."
        raise errors.UsageError(f"dinobase connector create: {listed} must be given", hint=hint)
    result = Workspace.open().connector_create(
        args.target,
        url=args.url,
        endpoints=args.endpoint or (),
        data_selector=args.data_selector,
        primary_key=args.primary_key,
        auth=args.auth,
        replace=args.replace,
        from_openapi=args.from_openapi,
    )
    Output.choose(args.format).emit(result, _drafted(result))
    return Exit.DONE


def _run_create_server(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    given = [name for name in _OF_APIS if getattr(args, name)]
    if given:
        flag = f"--{given[0].replace('_', '-')}"
        raise errors.UsageError(f"{flag} is for APIs over HTTP", hint="Leave it out, or leave --transport out.")
    result = (
        Workspace.open()
        .mcp()
        .create(
            args.target,
            transport=args.transport,
            command=args.command,
            env=_pairs("--env", args.env),
            url=args.url,
            headers=_pairs("--header", args.header),
            bearer=secrets.register(args.bearer),
            replace=args.replace,
        )
    )
    Output.choose(args.format).emit(result, _drafted(result))
    return Exit.DONE


def _pairs(flag: str, given: Sequence[str] | None) -> dict[str, str]:
    """Split `K=V`, or a header's `K: V`; a value is not repeated in errors."""
    found = {}
    for pair in given or ():
        key, sign, value = pair.partition("=")
        if flag == "--header" and (not sign or ":" in key):
            key, sign, value = pair.partition(":")
        if not sign or not key.strip():
            raise errors.UsageError(f"{flag} takes NAME=VALUE", hint=f"{flag} NAME=VALUE, or {flag} 'NAME=${{VAR}}'")
        found[key.strip()] = secrets.register(value.strip())
    return found


def _drafted(result: Drafted) -> Table:
    return Table(
        (Column("file"),),
        [(result.path,)],
        before=(f"[green]✓[/green] [bold]{result.name}[/bold] is drafted and valid", ""),
        after=(
            "",
            f"Next: [bold]dinobase connector edit {result.name}[/bold], then [bold]dinobase add {result.name}[/bold]",
        ),
    )


def _run_validate(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    result = Workspace.open().connector_validate(args.target)
    return _print_validated(result, args.format)


def _print_validated(result: Validated, asked: str | None) -> int:
    from dinobase.workspace.results import count

    rows = [
        (f"{p.line}:{p.column}", kind, p.code, f"{p.message} {p.hint}".strip())
        for kind, found in (("error", result.problems), ("warn", result.warnings))
        for p in found
    ]
    sign = "[green]✓[/green]" if result.valid else "[red]✗[/red]"
    verdict = "is valid" if result.valid else f"has {count(len(result.problems), 'problem')}"
    warned = f", {count(len(result.warnings), 'warning')}" if result.warnings else ""
    tables = f"Tables: {', '.join(result.resources)}" if result.resources else ""
    head = f"{sign} {plain(result.file)} {verdict}{warned}"
    out = Output.choose(asked)
    out.emit(
        result,
        Table(
            (Column("place", "number"), Column("kind", "status"), Column("code"), Column("what")),
            rows,
            before=(head, ""),
            empty=plain(tables) or " ",
            wrap=True,
        ),
    )
    return Exit.DONE if result.valid else Exit.WRONG


def _run_test(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    result = Workspace.open().connector_test(
        args.target,
        given=args.given,
        ask=diagnostics.ask if diagnostics.interactive() else None,
        resources=args.resources or (),
    )
    after = []
    for resource in result.resources:
        after += _tried(resource)
    Output.choose(args.format).emit(
        result,
        Table(
            (
                Column("resource", "name"),
                Column("status", "status"),
                Column("rows", "count"),
                Column("columns", "count"),
                Column("next_page"),
                Column("cursor"),
            ),
            [(r.name, r.status, r.rows, len(r.columns), _found(r.next_page), r.cursor or "") for r in result.resources],
            after=tuple(after),
            empty="No resource is selected.",
        ),
    )
    return Exit.FAILED if any(r.status == "error" for r in result.resources) else Exit.DONE


def _found(next_page: bool | None) -> str:  # noqa: FBT001 - it is a cell, not a switch
    return "" if next_page is None else ("found" if next_page else "none")


def _tried(resource: ResourceTried) -> list[str]:
    lines = ["", f"[bold]{resource.name}[/bold]"]
    if resource.error:
        return [*lines, f"  [red]✗[/red] {plain(resource.error.get('message', ''))}"]
    width = max((len(c.name) for c in resource.columns), default=0)
    lines += [f"  {plain(c.name.ljust(width))}  [dim]{plain(c.type)}[/dim]" for c in resource.columns]
    if resource.absent:
        lines.append(f"  [yellow]declared, not seen yet: {plain(', '.join(resource.absent))}[/yellow]")
    return lines


def _run_list(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    result = workspace.definitions()
    people = Table(
        (Column("name", "name"), Column("origin", "status"), Column("description")),
        [(d.name, f"{d.origin}, overrides" if d.overrides else d.origin, d.description) for d in result.definitions],
        after=("", f"[dim]Your own files are in {plain(str(workspace.paths.connectors))}[/dim]"),
        empty="There are no connector files.",
    )
    Output.choose(args.format).emit(
        result,
        Table(
            (
                Column("name", "name"),
                Column("origin", "status"),
                Column("overrides"),
                Column("description"),
                Column("path"),
            ),
            [
                (d.name, d.origin, "a packaged one" if d.overrides else "", d.description, d.path)
                for d in result.definitions
            ],
            empty="There are no connector files.",
        ),
        views=(people,),
    )
    return Exit.DONE


def _run_edit(args: argparse.Namespace) -> int:
    from dinobase.cli.editor import open_editor
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    path, copied = workspace.connector_file_to_edit(args.target)
    if copied:
        diagnostics.note(f"{args.target} is packaged; your copy at {path} wins from now on.")
    open_editor(path)
    return _print_validated(workspace.connector_validate(str(path)), args.format)


def _run_schema(_: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    Output.choose("json").json(Workspace.open().connector_schema())
    return Exit.DONE
