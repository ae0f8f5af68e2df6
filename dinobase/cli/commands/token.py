"""`dinobase token create|list|revoke`."""

from __future__ import annotations

import argparse

from dinobase.cli import diagnostics, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table


def arguments(parser: parse.Parser) -> None:
    """One parser per action."""
    below = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=parse.Parser, title="actions"
    )
    create = below.add_parser("create", help="make a token and show it once")
    create.add_argument("name", metavar="NAME", help="the agent's name; `access:` in config.yaml goes by it")
    create.add_argument("--expires", metavar="SPAN", help="when it ends: 12h, 30d; default: when it is revoked")
    parse.add_format(create)
    listing = below.add_parser("list", help="list tokens, without their values")
    parse.add_format(listing)
    revoke = below.add_parser("revoke", help="end a token at once")
    revoke.add_argument("name", metavar="NAME", help="which token")
    parse.add_format(revoke)


def run(args: argparse.Namespace) -> int:
    """Do it and print it."""
    return {"create": _create, "list": _list, "revoke": _revoke}[args.action](args)


def _create(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    made = Workspace.open().tokens().create(args.name, expires=args.expires)
    ends = made.expires_at or "when it is revoked"
    rows = [("token", made.token), ("name", made.name), ("expires_at", ends)]
    Output.choose(args.format).emit(made, Table((Column("what"), Column("value")), rows))
    diagnostics.note("The token is shown this once. Clients send it as `Authorization: Bearer TOKEN`.")
    return Exit.DONE


def _list(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    found = Workspace.open().tokens().listed()
    columns = (Column("name", "name"), Column("status", "status"), Column("created_at", "time"), Column("expires_at"))
    rows = [(one.name, one.status, one.created_at, one.expires_at or "") for one in found.tokens]
    empty = "There is no token yet: [bold]dinobase token create NAME[/bold]"
    Output.choose(args.format).emit(found, Table(columns, rows, empty=empty))
    return Exit.DONE


def _revoke(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    gone = Workspace.open().tokens().revoke(args.name)
    head = f"[green]✓[/green] [bold]{gone.name}[/bold] works no more"
    Output.choose(args.format).emit(
        gone, Table((Column("what"), Column("value")), [("revoked_at", gone.revoked_at)], before=(head, ""))
    )
    return Exit.DONE
