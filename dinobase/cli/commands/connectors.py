"""`dinobase connectors`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain

if TYPE_CHECKING:
    from dinobase.workspace.results import AvailableConnector


def arguments(parser: parse.Parser) -> None:
    """Choose between connected ones and all."""
    parser.add_argument("words", nargs="*", metavar="WORD", help="only those whose name, category or text has it")
    parser.add_argument("--available", action="store_true", help="what could be connected")
    parser.add_argument("--search", metavar="WORD", help="the same as WORD")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print one of two lists."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    output = Output.choose(args.format)
    search = " ".join([*args.words, *([args.search] if args.search else [])])
    if args.available:
        found = workspace.available(search)
        output.emit(found, _available(found.available, search))
        return Exit.DONE
    result = workspace.connectors(search, identity=workspace.identity(args.identity))
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
                Column("freshness"),
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
                    c.freshness,
                )
                for c in result.connectors
            ],
            empty="Nothing is connected yet. [bold]dinobase connectors --available[/bold] lists what can be.",
        ),
    )
    return Exit.DONE


def _available(found: Sequence[AvailableConnector], search: str) -> Table:
    """Group by category; say what each needs and what proves it."""
    rows, category = [], None
    for c in found:
        shown = c.category if c.category != category else ""
        needs = ", ".join(each.name for each in c.credentials if each.required)
        rows.append((shown, c.name, needs, c.tables or "", c.writes or "", _proven(c), c.description))
        category = c.category
    columns = (
        Column("category"),
        Column("name", "name"),
        Column("needs"),
        Column("tables", "count"),
        Column("writes", "count"),
        Column("proven by"),
        Column("description"),
    )
    nothing = f"No connector matches `{plain(search)}`: dinobase connector create writes one." if search else ""
    after = ["", "[dim]Connect one: [/dim]dinobase add NAME[dim]; a word narrows this list.[/dim]"] if rows else []
    after += _untried(found)
    return Table(columns, rows, after=tuple(after), empty=nothing or "There are none.")


def _untried(found: Sequence[AvailableConnector]) -> list[str]:
    """Say what the words of `proven by` mean, and what nobody did: they promise no run against the service."""
    proven = {word for c in found for word in c.proven}
    if not proven:
        return []
    meaning = "spec: held against the vendor's specification; emulator: synced and written to on a server like it."
    none = "" if "live" in proven else " None was run against the service itself (live)."
    return [f"[dim]{meaning}{none}[/dim]"]


def _proven(connector: AvailableConnector) -> str:
    if connector.definition == "user":
        return "your own file, overrides" if connector.overrides else "your own file"
    return ", ".join(connector.proven)
