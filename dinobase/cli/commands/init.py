"""`dinobase init`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table


def arguments(parser: parse.Parser) -> None:
    """Storage and catalog are both optional."""
    parser.add_argument("--storage", metavar="URL", help="where Parquet files go: s3://, gs://, az:// or a folder")
    parser.add_argument("--catalog", metavar="URL", help="postgresql://... for a workspace that machines share")
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Make the workspace and say where everything is."""
    from dinobase.workspace import Workspace

    result = Workspace.open().init(storage=args.storage, catalog=args.catalog)
    rows = [("workspace", result.workspace), ("storage", result.storage), ("catalog", result.catalog)]
    head = "[green]✓[/green] A new workspace" if result.created else "[green]✓[/green] The workspace is there"
    Output.choose(args.format).emit(
        result,
        Table(
            (Column("setting"), Column("value")),
            rows,
            before=(head, ""),
            after=(
                "",
                "Next: [bold]dinobase add NAME[/bold] ([bold]dinobase connectors --available[/bold] lists them)",
            ),
        ),
    )
    return Exit.DONE
