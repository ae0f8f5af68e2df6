"""`dinobase search`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table


def arguments(parser: parse.Parser) -> None:
    """Words to look for."""
    parser.add_argument("words", metavar="WORDS", nargs="+", help="names, meanings or values of columns")
    parser.add_argument("--limit", metavar="N", default="10", help="the best N tables; default 10")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print the best tables, and what of them matches."""
    from dinobase.catalog import search
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    identity = workspace.identity(args.identity)
    found = workspace.search(" ".join(args.words), limit=parse.limit(args.limit, least=1), identity=identity)
    rows: list[tuple[object, ...]] = [(f"metric('{m.name}')", None, m.columns, m.description) for m in found.metrics]
    rows += [(t.table, t.rows, [c.name for c in t.columns], t.description) for t in found.tables]
    columns = (Column("table", "name"), Column("rows", "count"), Column("matches"), Column("description"))
    table = Table(columns, rows, empty=found.hint, wrap=True)
    Output.choose(args.format).emit(found, table, compact=lambda: search.text(found))
    return Exit.DONE
