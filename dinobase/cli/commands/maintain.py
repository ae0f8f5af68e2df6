"""`dinobase maintain`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table

_COUNTS = ("files_merged", "files_rewritten", "versions_expired", "files_removed", "orphans_removed", "versions")


def arguments(parser: parse.Parser) -> None:
    """Take connectors, or none for all."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="which connectors; all where none is named")
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print what was merged and dropped."""
    from dinobase.workspace import Workspace

    result = Workspace.open().maintain(args.names)
    rows = [(done.name, *(getattr(done, name) for name in _COUNTS)) for done in result.connectors]
    columns = (Column("name", "name"), *(Column(name, "count") for name in _COUNTS))
    dropped = result.mutations_dropped
    after = (f"The journal keeps the facts alone of {dropped} more writes.",) if dropped else ()
    Output.choose(args.format).emit(result, Table(columns, rows, after=after, empty="Nothing is connected yet."))
    return Exit.DONE
