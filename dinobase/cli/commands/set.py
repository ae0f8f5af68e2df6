"""`dinobase set`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table


def arguments(parser: parse.Parser) -> None:
    """Take a connector, and what is to hold for it."""
    parser.add_argument("name", metavar="NAME", help="which connector")
    parser.add_argument(
        "words",
        metavar="KEY=VALUE",
        nargs="*",
        help="sync_interval, freshness, resources; nothing after the = brings the default back; none shows them",
    )
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Change config.yaml, and print what holds now."""
    from dinobase.workspace import Workspace

    found = Workspace.open().set(args.name, args.words)
    rows = [
        ("sync_interval", found.sync_interval or "default"),
        ("freshness", found.freshness),
        ("resources", ", ".join(found.resources) or "default"),
    ]
    done = f"changed: {', '.join(found.changed)}" if found.changed else "nothing is changed"
    head = f"[green]✓[/green] [bold]{found.name}[/bold]: {done}"
    Output.choose(args.format).emit(found, Table((Column("setting"), Column("value")), rows, before=(head, "")))
    return Exit.DONE
