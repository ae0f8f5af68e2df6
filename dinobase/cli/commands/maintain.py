"""`dinobase maintain`."""

from __future__ import annotations

import argparse

from dinobase.cli import diagnostics, parse
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table

_COUNTS = ("files_merged", "files_rewritten", "versions_expired", "files_removed", "orphans_removed", "versions")

_SHOWN = ("merged", "rewritten", "expired", "removed", "orphans", "kept")
_LEGEND = ("Files merged, rewritten, removed and found without an owner; versions expired and kept:", "")


def arguments(parser: parse.Parser) -> None:
    """Take connectors, or none for all."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="which connectors; all where none is named")
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print what was merged and dropped."""
    from dinobase.workspace import Workspace

    result = Workspace.open().maintain(args.names)
    for done in result.connectors:
        if done.error:
            diagnostics.warn(f"{done.name}: {done.error['message']}. Hint: {done.error['hint']}")
    rows = [(done.name, *(getattr(done, name) for name in _COUNTS)) for done in result.connectors]
    columns = (Column("name", "name"), *(Column(name, "count") for name in _COUNTS))
    dropped = result.mutations_dropped
    after = (f"The journal keeps the facts alone of {dropped} more writes.",) if dropped else ()
    worked = [row for row, done in zip(rows, result.connectors, strict=True) if not done.error]
    shown = (Column("lake", "name"), *(Column(word, "count") for word in _SHOWN))
    view = Table(shown, worked, before=_LEGEND, after=after, empty="" if rows else "Nothing is connected yet.")
    Output.choose(args.format).emit(result, Table(columns, rows), views=(view,))
    return result.exit_code
