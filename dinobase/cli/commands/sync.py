"""`dinobase sync`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dinobase.cli import diagnostics, output, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain

if TYPE_CHECKING:
    from dinobase.sync.report import SyncReport
    from dinobase.workspace import Workspace


def arguments(parser: parse.Parser) -> None:
    """Which connectors and resources, and how."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="which connectors; all where none is named")
    parser.add_argument(
        "--resources",
        metavar="A,B",
        type=parse.resources,
        default=(),
        help="this run only these tables; +C adds to the selected ones",
    )
    parser.add_argument("--full-refresh", action="store_true", help="forget the cursors and start over")
    parser.add_argument("--dry-run", action="store_true", help="say what would be asked for, and ask for nothing")
    parser.add_argument("--schedule", action="store_true", help="stay, and sync each connector when it is due")
    parser.add_argument("--once", action="store_true", help="with --schedule: what is due now, and no longer")
    parser.add_argument(
        "--health-port",
        metavar="PORT",
        default=None,
        help="with --schedule: answer at http://127.0.0.1:PORT/healthz; 200 while it is well",
    )
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Sync and print the report; a failure anywhere is exit 1."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    if args.schedule or args.once or args.health_port is not None:
        from dinobase.cli import daemon

        return daemon.run(workspace, args)
    out = Output.choose(args.format)
    if args.dry_run:
        return _dry_run(workspace, args, out)
    report = _sync(workspace, args)
    out.emit(report, table(report))
    return report.exit_code


def _sync(workspace: Workspace, args: argparse.Namespace) -> SyncReport:
    if output.is_terminal() and diagnostics.live():
        from dinobase.cli.progress import Progress  # rich: only where a person looks

        with Progress() as progress:
            return workspace.sync(
                args.names, resources=args.resources, full_refresh=args.full_refresh, observe=progress.observe
            )
    return workspace.sync(
        args.names, resources=args.resources, full_refresh=args.full_refresh, observe=diagnostics.observe
    )


def table(report: SyncReport, nothing: str = "") -> Table:
    """Return a line per table, and what failed; `nothing`: what an empty report means."""
    rows = []
    after: list[str] = []
    for connector in report.connectors:
        if connector.error:
            after += _failure(connector.name, connector.error)
        for one in connector.tables:
            rows.append((f"{connector.name}.{one.name}", one.status, one.rows, one.total_rows))
            if one.error:
                after += _failure(f"{connector.name}.{one.name}", one.error)
    return Table(
        (Column("table", "name"), Column("status", "status"), Column("rows", "count"), Column("total_rows", "count")),
        rows,
        after=tuple(after),
        empty="" if after else nothing or "Nothing is connected yet: [bold]dinobase add NAME[/bold]",
    )


def _failure(name: str, error: Mapping[str, Any]) -> list[str]:
    """Say what failed, where, and what the API said."""
    context = error.get("context") or {}
    lines = ["", f"[red]✗[/red] [bold]{plain(name)}[/bold]: {plain(error.get('message', ''))}"]
    if context.get("url"):
        lines.append(f"  [dim]{plain(context['url'])}[/dim]")
    if context.get("body"):
        lines.append(f"  [dim]{plain(' '.join(str(context['body']).split()))}[/dim]")
    if error.get("hint"):
        lines.append(f"  [yellow]→[/yellow] {plain(error['hint'])}")
    return lines


def _dry_run(workspace: Workspace, args: argparse.Namespace, out: Output) -> int:
    planned = workspace.plan(args.names, resources=args.resources, full_refresh=args.full_refresh)
    out.emit(
        planned,
        Table(
            (
                Column("table", "name"),
                Column("mode"),
                Column("write"),
                Column("request"),
                Column("from"),
                Column("parent"),
            ),
            [
                (f"{c['name']}.{t.name}", t.mode, t.write_disposition, t.request, t.start_value or "", t.parent or "")
                for c in planned.connectors
                for t in c["tables"]
            ],
            before=("Nothing was asked for; a sync would bring:", ""),
            empty="Nothing is connected yet: [bold]dinobase add NAME[/bold]",
        ),
    )
    return Exit.DONE
