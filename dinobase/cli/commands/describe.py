"""`dinobase describe`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain

if TYPE_CHECKING:
    from dinobase.catalog.tables import ColumnDescription, RelatedTable, TableDescription

_COLUMNS = (Column("column", "name"), Column("type"), Column("meaning"))
_FLAT = ("schema", "table", "column", "type", "nullable", "description", "note", "unit", "pii")


def arguments(parser: parse.Parser) -> None:
    """One or more tables."""
    parser.add_argument(
        "tables", metavar="TABLE", nargs="+", help="connector.table, or connector for all of its tables"
    )
    parser.add_argument("--full", action="store_true", help="tables and compact: with samples, nothing cut")
    parse.add_identity(parser)
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Print one description, or a list where several were asked for."""
    from dinobase.catalog.brief import describe_text
    from dinobase.workspace import Workspace
    from dinobase.workspace.results import Described

    workspace = Workspace.open()
    found = workspace.describe(args.tables, identity=workspace.identity(args.identity), full=args.full)
    single = len(args.tables) == 1 and "." in args.tables[0]
    payload = found[0].as_dict() if single else Described([t.as_dict() for t in found])  # type: ignore[misc]  # SPEC's order of keys
    views = [view for table in found for view in _views(table, full=args.full)]
    compact = lambda: describe_text(found, full=args.full)  # noqa: E731 - called where a model reads
    Output.choose(args.format).emit(payload, _flat(found), views, compact)
    return Exit.DONE


def _flat(found: list[TableDescription]) -> Table:
    rows = [
        (t.schema, t.table, c.name, c.type, c.nullable, c.description, c.note, c.unit, c.pii)
        for t in found
        for c in t.columns
    ]
    return Table([Column(name) for name in _FLAT], rows)


def _views(table: TableDescription, *, full: bool) -> list[Table]:
    from dinobase.catalog.metric_notes import line
    from dinobase.cli.terminal import ago

    fresh = "never synced" if table.last_sync is None else f"synced {ago(table.last_sync)}"
    stale = " [yellow]stale[/yellow]" if table.is_stale and table.last_sync else ""
    rows = f"{table.row_count:,} row{'' if table.row_count == 1 else 's'}"
    before = [f"[bold cyan]{table.schema}.{plain(table.table)}[/bold cyan]  {rows}, [dim]{fresh}[/dim]{stale}"]
    if table.description:
        before.append(plain(table.description))
    before += [f"[dim]{plain(key)}[/dim] {plain(str(value))}" for key, value in (table.annotations or {}).items()]
    if table.primary_key:
        before.append(f"[dim]key[/dim] {plain(', '.join(table.primary_key))}")
    after = []
    if table.related_tables:
        after = ["", "[bold]Joins[/bold]"]
        after += [f"  {plain(r.join)}  [dim]{plain(_counted(r))}[/dim]" for r in table.related_tables]
    if table.metrics:
        after += ["", "[bold]Metrics[/bold]", *(f"  {plain(line(note))}" for note in table.metrics)]
    cells = [(c.name, c.type, meaning(c, full=full)) for c in table.columns]
    views = [Table(_COLUMNS, cells, before=(*before, ""), after=(*after, ""), wrap=True)]
    if full and table.sample_rows:
        names = list(table.sample_rows[0])
        samples = [[row.get(name) for name in names] for row in table.sample_rows]
        views.append(Table([Column(n, "value") for n in names], samples, before=("[bold]Samples[/bold]",), after=("",)))
    return views


def _counted(related: RelatedTable) -> str:
    told = [related.cardinality.replace("_", " ")]
    if related.nulls:
        told.append(f"{related.nulls:,} null")
    if related.orphans:
        told.append(f"not there: {', '.join(map(str, related.orphans))}")
    return ", ".join(told)


def meaning(column: ColumnDescription, *, full: bool) -> str:
    """Return one text of all that is known of a column."""
    parts = []
    if column.description:
        parts.append(column.description)
    if column.note:
        parts.append(column.note)
    if column.unit:
        parts.append(f"[{column.unit}]")
    if column.pii:
        parts.append(f"[pii: {column.pii}]")
    if column.values:
        parts.append(f"one of {_values(column.values)}")
    if column.deprecated:
        parts.append("deprecated" if column.deprecated is True else f"deprecated: {column.deprecated}")
    parts += [f"{key}: {value}" for key, value in (column.annotations or {}).items()]
    if full and column.paths:
        parts.append("holds " + ", ".join(f"{p.path} {p.type}" for p in column.paths))
    return " ".join(parts)


def _values(values: Any) -> str:
    if isinstance(values, Mapping):
        return ", ".join(f"{value} ({what})" if what else str(value) for value, what in values.items())
    return ", ".join(map(str, values))
