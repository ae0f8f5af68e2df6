"""`dinobase status`."""

from __future__ import annotations

import argparse

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain

_MARKS = {"ok": "[dim]·[/dim]", "warn": "[yellow]![/yellow]", "fail": "[red]✗[/red]"}


def arguments(parser: parse.Parser) -> None:
    """Nothing but the format."""
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print one line per table."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    result = workspace.status(identity=workspace.identity(args.identity), captures=True)
    rows: list[tuple[object, ...]] = []
    after = []
    for connector in result.connectors:
        limits = connector.freshness
        for table in connector.tables:
            fresh = "never" if table.last_sync is None else ("stale" if table.is_stale else "fresh")
            rows.append((f"{connector.name}.{table.name}", table.rows, table.last_sync, fresh, limits, table.status))
            if table.error:
                after.append(f"[red]✗[/red] [bold]{connector.name}.{table.name}[/bold]: {plain(table.error)}")
        if connector.error and not any(table.error for table in connector.tables):
            after.append(f"[red]✗[/red] [bold]{connector.name}[/bold]: {plain(connector.error)}")
        if connector.authorization:
            missing = connector.authorization.state == "missing"
            what = "nobody has allowed the access yet" if missing else "the access has ended"
            after.append(f"[red]✗[/red] [bold]{connector.name}[/bold]: {what}: {plain(connector.authorization.next)}")
        if connector.capture:
            mark = _MARKS[connector.capture.status]
            said = f"{connector.capture.detail} {connector.capture.remedy}".strip()
            after.append(f"{mark} [bold]{connector.name}[/bold]: {plain(said)}")
        if not connector.tables:
            rows.append((connector.name, None, connector.last_sync, "never", limits, connector.status))
    columns = (
        Column("table", "name"),
        Column("rows", "count"),
        Column("last_sync", "time"),
        Column("fresh", "status"),
        Column("freshness"),
        Column("status", "status"),
    )
    before = (f"[dim]workspace {plain(result.workspace)}[/dim]", "")
    empty = "Nothing is connected yet: [bold]dinobase add NAME[/bold]"
    Output.choose(args.format).emit(result, Table(columns, rows, before=before, after=tuple(after), empty=empty))
    return Exit.DONE
