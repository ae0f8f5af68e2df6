"""`dinobase cancel`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table


def arguments(parser: parse.Parser) -> None:
    """One mutation or batch."""
    parser.add_argument("id", metavar="ID", help="a mutation's or a batch's id")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Take back what waits for its approval."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    result = workspace.mutations().cancel(args.id, identity=workspace.identity(args.identity))
    Output.choose(args.format).emit(result, Table((Column("what"), Column("value")), list(result.items())))
    return Exit.DONE
