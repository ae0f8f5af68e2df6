"""`dinobase install`."""

from __future__ import annotations

import argparse
from pathlib import Path

from dinobase.cli import diagnostics, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain


def arguments(parser: parse.Parser) -> None:
    """One client at a time."""
    from dinobase.agents.clients import NAMES

    parser.add_argument("client", metavar="CLIENT", choices=NAMES, help=f"one of {', '.join(NAMES)}")
    parser.add_argument("--uninstall", action="store_true", help="take it out again")
    parser.add_argument("--no-skills", action="store_true", help="the server alone, without the skills")
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Change the client's file, and say what was changed."""
    from dinobase.agents import clients, install

    client = clients.client(args.client)
    if args.uninstall:
        done = install.uninstall(client, Path.home())
    else:
        command = install.command(install.workspace())
        done = install.install(client, Path.home(), command, skills=not args.no_skills)
    rows = [(change.change, change.file, change.backup or "") for change in done.changes]
    what = "is set up" if done.installed else "is as it was without dinobase"
    head = f"[green]✓[/green] [bold]{plain(client.title)}[/bold] {what}"
    columns = (Column("change", "status"), Column("file"), Column("backup"))
    Output.choose(args.format).emit(done, Table(columns, rows, before=(head, ""), empty="There was nothing to change."))
    if done.next:
        diagnostics.note(done.next)
    return Exit.DONE
