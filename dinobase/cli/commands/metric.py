"""`dinobase metric add|list|show|test|remove`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dinobase.cli import diagnostics, parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain

if TYPE_CHECKING:
    from dinobase.workspace.metrics import MetricSeen


def arguments(parser: parse.Parser) -> None:
    """One parser per action."""
    below = parser.add_subparsers(
        dest="action", metavar="ACTION", required=True, parser_class=parse.Parser, title="actions"
    )
    add = below.add_parser("add", help="define a metric, once it runs and its tests hold")
    add.add_argument("name", metavar="NAME", help="what FROM metric('NAME') calls it")
    add.add_argument("--sql", required=True, metavar="SELECT", help="one SELECT; it may read other metrics")
    add.add_argument("--description", metavar="TEXT", default="", help="what it means")
    add.add_argument("--unit", metavar="UNIT", default="", help="what its numbers are: usd, cents, percent, users")
    add.add_argument("--grain", metavar="GRAIN", default="", help="day, week, month, quarter or year of its rows")
    add.add_argument(
        "--test",
        dest="tests",
        metavar="SELECT",
        action="append",
        default=[],
        help="must give no row, or a single column that is true; runs before each use; may be given again",
    )
    add.add_argument("--replace", action="store_true", help="give a metric that is there a new definition")
    parse.add_format(add)
    listing = below.add_parser("list", help="list metrics")
    show = below.add_parser("show", help="print a metric with its SQL, its tests and its past")
    show.add_argument("name", metavar="NAME", help="which metric")
    test = below.add_parser("test", help="run the tests of one metric, or of all; exit 1 where one does not hold")
    test.add_argument("name", metavar="NAME", nargs="?", default="", help="which metric; default all")
    for reading in (listing, show, test):
        parse.add_identity(reading)
        parse.add_format(reading)
    remove = below.add_parser("remove", help="take a metric away; its past stays on record")
    remove.add_argument("name", metavar="NAME", help="which metric")
    parse.add_format(remove)


def run(args: argparse.Namespace) -> int:
    """Do it and print it."""
    actions = {"add": _add, "list": _list, "show": _show, "test": _test, "remove": _remove}
    return actions[args.action](args)


def _add(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    done = (
        Workspace.open()
        .metrics()
        .add(
            args.name,
            args.sql,
            description=args.description,
            unit=args.unit,
            grain=args.grain,
            tests=args.tests,
            replace=args.replace,
            origin=_origin(),
        )
    )
    Output.choose(args.format).emit(done, _one(done.metric, status=done.status))
    if not done.metric.tests:
        diagnostics.note(f'{done.metric.name} has no test: --test "SELECT ..." says what must hold at each use')
    return Exit.DONE


def _list(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    found = workspace.metrics(workspace.identity(args.identity)).listed()
    rows = [(m.name, m.unit, m.grain, len(m.tests), list(m.tables), m.description) for m in found.metrics]
    kinds = (("name", "name"), ("unit", "text"), ("grain", "text"), ("tests", "count"), ("tables", "text"))
    columns = (*(Column(name, kind) for name, kind in kinds), Column("description"))
    empty = "There is no metric yet: [bold]dinobase metric add NAME --sql ...[/bold]"
    Output.choose(args.format).emit(found, Table(columns, rows, empty=empty, wrap=True))
    return Exit.DONE


def _show(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    found = workspace.metrics(workspace.identity(args.identity)).show(args.name)
    past = [(v.at, v.origin, v.author, "removed" if v.sql is None else v.sql) for v in found.history]
    columns = (Column("at", "time"), Column("origin"), Column("by"), Column("sql"))
    views = (_one(found.metric), Table(columns, past, before=("", "[bold]History[/bold]"), wrap=True))
    Output.choose(args.format).emit(found, views[0], views)
    return Exit.DONE


def _test(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    done = workspace.metrics(workspace.identity(args.identity)).test(args.name)
    rows = [(t.metric, t.test, t.status, t.found, t.sql) for t in done.tests]
    columns = (Column("metric", "name"), Column("test"), Column("status", "status"), Column("found"), Column("sql"))
    empty = "There is no metric yet: [bold]dinobase metric add NAME --sql ...[/bold]"
    Output.choose(args.format).emit(done, Table(columns, rows, empty=empty, wrap=True))
    failed = [t for t in done.tests if t.status not in {"holds", "runs"}]
    for one in failed:
        diagnostics.note(f"{one.metric} {one.status}: {one.found}")
    return Exit.FAILED if failed else Exit.DONE


def _remove(args: argparse.Namespace) -> int:
    from dinobase.workspace import Workspace

    gone = Workspace.open().metrics().remove(args.name, origin=_origin())
    rows = [("removed", gone.name)]
    Output.choose(args.format).emit(gone, Table((Column("what"), Column("value")), rows))
    return Exit.DONE


def _origin() -> str:
    return "person" if diagnostics.interactive() else "agent"


def _one(metric: MetricSeen, *, status: str = "") -> Table:
    facts = [
        ("status", status),
        ("name", metric.name),
        ("description", metric.description),
        ("unit", metric.unit),
        ("grain", metric.grain),
        ("columns", ", ".join(f"{column.name} {column.type}" for column in metric.columns)),
        ("tables", ", ".join(metric.tables)),
        ("metrics", ", ".join(metric.metrics)),
        ("sql", metric.sql),
        *((f"test {number}", test) for number, test in enumerate(metric.tests, 1)),
    ]
    rows = [(what, value) for what, value in facts if value]
    return Table((Column("what"), Column("value")), rows, after=("", f"[dim]{plain(metric.query)}[/dim]"), wrap=True)
