"""`dinobase maintain`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output


def arguments(parser: parse.Parser) -> None:
    """One connector or all."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="which connectors; all where none is named")
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print what was merged and dropped."""
    from dinobase.cli.tables import maintained
    from dinobase.workspace import Workspace

    result = Workspace.open().maintain(args.names)
    Output.choose(args.format).emit(result, maintained(result))
    return Exit.DONE
