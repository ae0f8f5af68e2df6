"""`dinobase gaps`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table


def arguments(parser: parse.Parser) -> None:
    """Take a connector, or one table."""
    parser.add_argument("source", metavar="SOURCE", help="connector, or connector.table")
    parser.add_argument(
        "--missing", metavar="KINDS", default="", help="only these: description, unit, pii, key, relationship"
    )
    parser.add_argument("--limit", metavar="N", default="0", help="the first N; default all")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print what is missing."""
    from dinobase.catalog.gaps import text
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    found = workspace.gaps(
        args.source,
        kinds=parse.resources(args.missing),
        limit=parse.limit(args.limit, example=100),
        identity=workspace.identity(args.identity),
    )
    rows = [(gap.target, gap.missing, gap.type, list(gap.near), list(gap.samples)) for gap in found.gaps]
    columns = (Column("target", "name"), Column("missing"), Column("type"), Column("near"), Column("samples", "value"))
    table = Table(columns, rows, empty=f"{found.source}: nothing is missing", wrap=True)
    Output.choose(args.format).emit(found, table, compact=lambda: text(found))
    return Exit.DONE
