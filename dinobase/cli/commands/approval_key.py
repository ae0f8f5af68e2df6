"""`dinobase approval-key set|remove`: a passphrase that only a person at a terminal can give."""

from __future__ import annotations

import argparse

from dinobase.cli import diagnostics, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table
from dinobase.core import errors


def arguments(parser: parse.Parser) -> None:
    """One parser per action."""
    below = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=parse.Parser, title="actions"
    )
    parse.add_format(below.add_parser("set", help="ask for a new one, and for the one that holds; kept as a hash"))
    parse.add_format(below.add_parser("remove", help="ask for the one that holds; from then on none is asked for"))


def run(args: argparse.Namespace) -> int:
    """Ask on the terminal and nowhere else."""
    from dinobase.workspace import Workspace

    if not diagnostics.interactive():
        raise errors.UsageError(
            "The approval key is asked for on a terminal", hint="Run it on a terminal of your own: it is never piped."
        )
    workspace = Workspace.open()
    current = diagnostics.passphrase("Approval key so far: ") if workspace.config().approval_key else ""
    if args.action == "remove":
        result = workspace.approval_key(None, current=current)
    else:
        new = diagnostics.passphrase("New approval key: ")
        if diagnostics.passphrase("Once more: ") != new:
            raise errors.UsageError("The two are not the same", hint="Nothing was changed.")
        result = workspace.approval_key(new, current=current)
    head = f"[green]✓[/green] approval key {result.status}"
    Output.choose(args.format).emit(result, Table((Column("what"), Column("value")), [], empty=head))
    return Exit.DONE
