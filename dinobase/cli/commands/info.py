"""`dinobase info`."""

from __future__ import annotations

import argparse
import textwrap

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import DEFAULT_WIDTH, Output
from dinobase.cli.table import Column, Table, plain


def arguments(parser: parse.Parser) -> None:
    """Nothing but the identity and the format."""
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print a line per table."""
    from dinobase.catalog import info
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    identity = workspace.identity(args.identity)
    found = workspace.info(identity=identity)
    rows: list[tuple[object, ...]] = []
    for one in found.connectors:
        fresh = "never" if one.last_sync is None else "stale" if one.is_stale else "fresh"
        rows += [(f"{one.name}.{t.name}", t.rows, fresh, t.description) for t in one.tables]
        rows += [(one.name, None, fresh, one.description)] if not one.tables else []
    rows += [(f"metric('{m.name}')", None, None, m.description) for m in found.metrics]
    columns = (Column("table", "name"), Column("rows", "count"), Column("fresh", "status"), Column("description"))
    closed = not found.connectors and workspace.guard(identity) is not None
    nothing = f"Nothing here is open to `{identity}`: see `access:` in config.yaml." if closed else ""
    empty = plain(nothing) or "Nothing is connected yet: [bold]dinobase add NAME[/bold]"
    how = (f"[dim]{plain(line)}[/dim]" for line in textwrap.wrap(found.how, DEFAULT_WIDTH))
    table = Table(columns, rows, after=("", *how), empty=empty, wrap=True)
    Output.choose(args.format).emit(found, table, compact=lambda: f"{nothing}\n" if nothing else info.text(found))
    return Exit.DONE
