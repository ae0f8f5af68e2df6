"""`dinobase connectors`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table


def arguments(parser: parse.Parser) -> None:
    """Choose between connected ones and all."""
    parser.add_argument("--available", action="store_true", help="what could be connected")
    parser.add_argument("--search", metavar="WORD", help="only those whose name, category or description has it")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print one of two lists."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    output = Output.choose(args.format)
    if args.available:
        found = workspace.available(args.search or "")
        output.emit(
            found,
            Table(
                (Column("name", "name"), Column("category"), Column("definition", "status"), Column("description")),
                [
                    (c.name, c.category, _origin(c.definition, overrides=c.overrides), c.description)
                    for c in found.available
                ],
                empty=f"No connector matches `{args.search}`." if args.search else "There are none.",
            ),
        )
        return Exit.DONE
    result = workspace.connectors(args.search or "", identity=workspace.identity(args.identity))
    output.emit(
        result,
        Table(
            (
                Column("name", "name"),
                Column("type"),
                Column("definition", "status"),
                Column("tables", "count"),
                Column("rows", "count"),
                Column("last_sync", "time"),
                Column("fresh", "status"),
            ),
            [
                (
                    c.name,
                    c.type,
                    c.definition,
                    len(c.tables),
                    sum(t.rows for t in c.tables),
                    c.last_sync,
                    "never" if c.last_sync is None else ("stale" if c.is_stale else "fresh"),
                )
                for c in result.connectors
            ],
            empty="Nothing is connected yet. [bold]dinobase connectors --available[/bold] lists what can be.",
        ),
    )
    return Exit.DONE


def _origin(origin: str, *, overrides: bool) -> str:
    return f"{origin}, overrides" if overrides else origin
