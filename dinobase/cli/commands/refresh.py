"""`dinobase refresh`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dinobase.cli import diagnostics, output, parse
from dinobase.cli.commands import sync
from dinobase.cli.output import Output

if TYPE_CHECKING:
    from dinobase.sync.report import SyncReport
    from dinobase.workspace import Workspace


def arguments(parser: parse.Parser) -> None:
    """Which connectors or tables."""
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="connectors, or tables (stripe.customers); all where none is named"
    )
    parser.add_argument("--stale", action="store_true", help="of these only what is older than its `freshness`")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Sync what is asked for and print the report; a failure anywhere is exit 1."""
    from dinobase.workspace import Workspace

    report = _refreshed(Workspace.open(), args)
    empty = "Nothing is stale." if args.stale else ""
    Output.choose(args.format).emit(report, sync.table(report, empty))
    return report.exit_code


def _refreshed(workspace: Workspace, args: argparse.Namespace) -> SyncReport:
    identity = workspace.identity(args.identity)
    if output.is_terminal() and diagnostics.live():
        from dinobase.cli.progress import Progress  # rich: only where a person looks

        with Progress() as progress:
            return workspace.refresh(args.names, stale=args.stale, observe=progress.observe, identity=identity)
    return workspace.refresh(args.names, stale=args.stale, observe=diagnostics.observe, identity=identity)
