"""`dinobase doctor`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain


def arguments(parser: parse.Parser) -> None:
    """Nothing but the format."""
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print every check; one that failed is exit 1."""
    from dinobase.workspace import Workspace

    result = Workspace.open().doctor()
    remedies = [
        f"[yellow]→[/yellow] [bold]{plain(c.name)}[/bold]: {plain(c.remedy)}" for c in result.checks if c.remedy
    ]
    Output.choose(args.format).emit(
        result,
        Table(
            (Column("check", "name"), Column("status", "status"), Column("detail")),
            [(c.name, c.status, c.detail) for c in result.checks],
            after=(*([""] if remedies else []), *remedies),
            wrap=True,
        ),
    )
    return Exit.DONE if result.healthy else Exit.FAILED
