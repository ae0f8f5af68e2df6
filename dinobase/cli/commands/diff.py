"""`dinobase diff`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table

if TYPE_CHECKING:
    from dinobase.query.difference import TableDiff


def arguments(parser: parse.Parser) -> None:
    """One table and two versions."""
    parser.add_argument("table", metavar="TABLE", help="connector.table")
    parser.add_argument("--since", metavar="WHEN", required=True, help="a span back (2d), a version (12) or a time")
    parser.add_argument("--until", metavar="WHEN", default="", help="the same; default now")
    parser.add_argument("--limit", metavar="N", default="20", help="show N rows of each kind; counts are of all")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print what was added, removed and changed."""
    from dinobase.query import difference
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    found = workspace.diff(
        args.table,
        since=args.since,
        until=args.until,
        limit=parse.limit(args.limit, example=20),
        identity=workspace.identity(args.identity),
    )
    whole = _table(found)
    people = replace(whole, rows=[row if row[0] == "changed" else (*row[:2], "", "", "") for row in whole.rows])
    if not found.changed:
        people = replace(people, columns=whole.columns[:2], rows=[row[:2] for row in whole.rows])
    Output.choose(args.format).emit(found, whole, views=(people,), compact=lambda: difference.text(found))
    return Exit.DONE


def _table(found: TableDiff) -> Table:
    rows: list[tuple[object, ...]] = []
    for change in found.changed:
        for column, values in change.columns.items():
            rows.append(("changed", _key(change.key, found), column, values.old, values.new))
    rows += [("added", _key(row, found), None, None, None) for row in found.added]
    rows += [("removed", _key(row, found), None, None, None) for row in found.removed]
    counts = found.counts
    versions = f"version {found.since.version} -> {found.until.version}"
    before = (f"{versions}: {counts.added:,} added, {counts.removed:,} removed, {counts.changed:,} changed", "")
    after = ["", "[dim]There are more: --limit N[/dim]"] if found.truncated else []
    columns = (Column("what"), Column("key"), Column("column", "name"), Column("old", "value"), Column("new", "value"))
    return Table(columns, rows, before=before, after=after, empty="Nothing differs.")


def _key(row: Mapping[str, Any], found: TableDiff) -> str:
    return ", ".join(str(row[name]) for name in found.key or row)
