"""`dinobase remove`."""

from __future__ import annotations

import argparse

from dinobase.cli import diagnostics, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table
from dinobase.core import errors


def arguments(parser: parse.Parser) -> None:
    """One connector at a time."""
    parser.add_argument("name", metavar="NAME", help="which connector")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--keep-data", action="store_true", help="leave the tables where they are")
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Ask, then forget."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    workspace.connector(args.name)
    if not args.yes:
        _confirm(args.name, keep=args.keep_data)
    result = workspace.remove(args.name, keep_data=args.keep_data)
    words = {"dropped": "its tables are gone", "kept": "its tables are kept", "none": "it had no tables"}
    rows = [
        ("name", result.name),
        ("data", result.data),
        *((what, value) for what, value in (("kept in", result.kept), ("left at the source", result.left)) if value),
    ]
    head = f"[green]✓[/green] [bold]{result.name}[/bold] is disconnected; {words[result.data]}"
    Output.choose(args.format).emit(result, Table((Column("what"), Column("value")), rows, before=(head, "")))
    return Exit.DONE


def _confirm(name: str, *, keep: bool) -> None:
    if not diagnostics.interactive():
        raise errors.UsageError(
            f"`dinobase remove {name}` asks first, and there is no terminal to ask on",
            hint=f"dinobase remove {name} --yes",
        )
    what = "its credentials" if keep else "its credentials, tables and history"
    if diagnostics.question(f"Remove {name}, {what}? [y/N] ").lower() not in {"y", "yes"}:
        raise errors.UsageError("Nothing was removed", code="usage.declined")
