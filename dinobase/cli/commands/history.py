"""`dinobase history`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain

if TYPE_CHECKING:
    from dinobase.query.history import Version


def arguments(parser: parse.Parser) -> None:
    """One table."""
    parser.add_argument("table", metavar="TABLE", help="connector.table")
    parser.add_argument("--limit", metavar="N", default="0", help="the newest N versions; 0 is all, the default")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print one line per version."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    result = workspace.history(args.table, limit=parse.limit(args.limit), identity=workspace.identity(args.identity))
    columns = (
        Column("version", "number"),
        Column("time", "moment"),
        Column("inserted", "count"),
        Column("updated", "count"),
        Column("deleted", "count"),
        Column("changes"),
        Column("message"),
    )
    rows = [(v.version, v.time, v.inserted, v.updated, v.deleted, list(v.changes), v.message) for v in result.versions]
    after = ("", f"[dim]{plain(result.at)}[/dim]") if result.at else ()
    narrow = (
        Column("version", "number"),
        Column("time", "moment"),
        Column("rows"),
        Column("changes"),
        Column("message"),
    )
    lines = [(v.version, v.time, _counts(v), list(v.changes), v.message) for v in result.versions]
    view = Table(narrow, lines, after=after, empty="No version is kept.")
    Output.choose(args.format).emit(result, Table(columns, rows), views=(view,))
    return Exit.DONE


def _counts(version: Version) -> str | None:
    """Return what a person reads of three columns of numbers; None where they are not known."""
    counts = (("+", version.inserted), ("~", version.updated), ("-", version.deleted))
    return " ".join(f"{sign}{count:,}" for sign, count in counts if count) or None
