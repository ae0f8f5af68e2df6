"""`dinobase schedule`, `dinobase schedule install`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dinobase.cli import output, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain


def arguments(parser: parse.Parser) -> None:
    """Nothing for what is due when, or `install`."""
    parser.add_argument(
        "action",
        metavar="ACTION",
        nargs="?",
        choices=("install",),
        help="install: print a systemd unit and a line for cron; nothing is written",
    )
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print it."""
    return _install(args) if args.action == "install" else _show(args)


def _show(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace, schedule_state

    found = schedule_state.overview(Workspace.open().paths)
    rows = [
        (
            one.name,
            one.schedule,
            "never" if one.next_at is None else "now" if one.is_due else one.next_at,
            one.last_started_at,
            one.status,
            one.failures,
        )
        for one in found.connectors
    ]
    columns = (
        Column("connector", "name"),
        Column("schedule"),
        Column("next"),
        Column("last_run", "time"),
        Column("status", "status"),
        Column("failures", "count"),
    )
    lives = found.scheduler
    said = f"scheduler: {lives.status}" if lives.status != "none" else "no scheduler: dinobase sync --schedule"
    before = (f"[dim]{plain(said)}[/dim]", "")
    empty = "Nothing is connected yet: [bold]dinobase add NAME[/bold]"
    Output.choose(args.format).emit(found, Table(columns, rows, before=before, empty=empty))
    return Exit.DONE


def _install(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace, schedule_state

    script = Path(sys.executable).with_name("dinobase")
    command = [str(script)] if script.is_file() else [sys.executable, "-m", "dinobase"]
    units = schedule_state.units(Workspace.open().paths, command)
    if (args.format or ("table" if output.is_terminal() else "json")) != "table":
        rows = [("systemd", units.systemd), ("systemd_file", units.systemd_file), ("cron", units.cron)]
        Output.choose(args.format).emit(units, Table((Column("what"), Column("text")), rows))
        return Exit.DONE
    output.write(
        f"# systemd: save it as {units.systemd_file}, then\n"
        "#   systemctl --user enable --now dinobase && loginctl enable-linger\n"
        f"{units.systemd}\n# or cron, in place of it (crontab -e):\n{units.cron}\n"
    )
    return Exit.DONE
