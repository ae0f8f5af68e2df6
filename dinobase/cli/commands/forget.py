"""`dinobase forget`: takes a record out of everything that is kept here."""

from __future__ import annotations

import argparse

from dinobase.cli import diagnostics, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table
from dinobase.core import errors


def arguments(parser: parse.Parser) -> None:
    """Take a table and the key of one record."""
    parser.add_argument("table", metavar="TABLE", help="connector.table")
    parser.add_argument("key", metavar="KEY", nargs="+", help="its key; a value per column where that has several")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Ask, since nothing brings it back, and print what went."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    connector = args.table.partition(".")[0]
    workspace.connector(connector)
    if not args.yes:
        if not diagnostics.interactive():
            raise errors.UsageError(
                "Nothing brings a forgotten record back", hint="Add --yes where nobody can be asked."
            )
        text = f"Forget {args.table} {' '.join(args.key)}, and drop all older versions of {connector}? [y/N] "
        if diagnostics.question(text).lower() not in {"y", "yes"}:
            raise errors.UsageError("Nothing was forgotten", code="usage.declined")
    result = workspace.forget(args.table, args.key)
    rows = [(name, getattr(result, name)) for name in result.__slots__]
    Output.choose(args.format).emit(result, Table((Column("what"), Column("value")), rows))
    diagnostics.note(f"{connector} has it still unless it was deleted there: then the next sync brings it back.")
    return Exit.DONE
