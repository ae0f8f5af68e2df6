"""`dinobase annotations`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table


def arguments(parser: parse.Parser) -> None:
    """Take what to look at."""
    parser.add_argument("target", metavar="TARGET", help="connector, connector.table or one column more")
    parser.add_argument("--history", action="store_true", help="everything that was ever said here, oldest first")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print what is said, strongest first, and which word counts."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    found = workspace.annotations(args.target, history=args.history, identity=workspace.identity(args.identity))
    names = ("target", "key", "value", "origin", "confidence", "counts", "author", "at")
    rows = [tuple(getattr(one, name) for name in names) for one in found.annotations]
    columns = [Column("target", "name"), *(Column(name) for name in names[1:-1]), Column("at", "time")]
    empty = f"Nothing is said of {found.target}: [bold]dinobase annotate {found.target} description ...[/bold]"
    Output.choose(args.format).emit(found, Table(columns, rows, empty=empty, wrap=True))
    return Exit.DONE
