"""`dinobase undo`: plans what takes a mutation back; confirmed like any other write."""

from __future__ import annotations

import argparse

from dinobase.cli import parse, writes


def arguments(parser: parse.Parser) -> None:
    """One mutation."""
    parser.add_argument("id", metavar="MUTATION", help="a mutation's id")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print the inverse plan."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    result = workspace.mutations().undo(args.id, identity=workspace.identity(args.identity))
    return writes.planned(result, args.format)
