"""`dinobase add`: its flags are those of the connector that is named."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dinobase.cli import credential_flags, diagnostics, parse
from dinobase.cli.commands import auth
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain
from dinobase.core import errors

if TYPE_CHECKING:
    from dinobase.spec.models import Credential
    from dinobase.workspace import Workspace
    from dinobase.workspace.results import Added, Authorized


def arguments(parser: parse.Parser) -> None:
    """Those that every connector has; `parse_words` adds the connector's own."""
    parser.add_argument("kind", metavar="NAME", help="which connector: `dinobase connectors --available`")
    parser.add_argument("--name", metavar="X", help="call it X in SQL; for a second account of one API")
    parser.add_argument(
        "--resources", metavar="A,B", type=parse.resources, help="only these tables; +C adds to the default ones"
    )
    parser.add_argument("--no-check", action="store_true", help="do not try the credentials")
    parser.add_argument(
        "--replace", action="store_true", help="the name is there already: connect it anew, keep its data"
    )
    parse.add_format(parser)


def parse_words(parser: parse.Parser, words: Sequence[str]) -> argparse.Namespace:
    """Find the connector first, then parse with its flags."""
    return credential_flags.parse(parser, words, ("--name", "--resources", "--format"))


def run(args: argparse.Namespace) -> int:
    """Connect, and say what the check saw."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    if diagnostics.interactive():
        from dinobase.workspace.consents import redirect_of

        if redirect := redirect_of(args.kind, workspace.paths):
            diagnostics.note(f"The vendor's application needs this redirect address: {redirect}")
    result = _added(workspace, args)
    allowed: Authorized | None = None
    if result.authorization == "missing" and diagnostics.interactive():
        from dinobase.cli.consent import person

        diagnostics.note(f"{result.name} is connected; now its access is to be allowed.")
        allowed = workspace.authorize(result.name, person(browser=True), check=not args.no_check)
        result = replace(result, authorization="allowed", check=allowed.check)
    Output.choose(args.format).emit(result, _table(result, allowed))
    return Exit.DONE


def _added(workspace: Workspace, args: argparse.Namespace) -> Added:
    """Add it; who typed a credential that the API refuses may type it once more."""
    asked: list[str] = []

    def ask(credential: Credential) -> str:
        asked.append(credential.name)
        return diagnostics.ask(credential)

    while True:
        asked.clear()
        try:
            return workspace.add(
                args.kind,
                name=args.name,
                given=args.given,
                ask=ask if diagnostics.interactive() else None,
                resources=args.resources,
                check=not args.no_check,
                replace=args.replace,
            )
        except errors.FetchRefused as refused:
            if not asked or refused.error_code != "credential.refused":
                raise
            diagnostics.warn(refused.message)
            if diagnostics.question("Give them once more? [y/N] ").lower() not in {"y", "yes"}:
                raise


def _table(result: Added, allowed: Authorized | None) -> Table:
    verb = "connected anew" if result.replaced else "connected"
    before = [f"[green]✓[/green] [bold]{result.name}[/bold] is {verb}"]
    if allowed is not None:
        before += auth.lines(allowed)
    elif result.check is not None:
        before.append(f"  checked: {plain(result.check.detail)}")
    before += [f"  {use.name}: from {use.origin}, {use.stored}" for use in result.credentials]
    return Table(
        (Column("table", "name"),),
        [(f"{result.name}.{resource}",) for resource in result.resources],
        before=(*before, ""),
        after=("", f"Next: [bold]{_next(result)}[/bold]"),
        empty="No tables are selected.",
    )


def _next(result: Added) -> str:
    if result.in_place and result.check is not None and result.resources:
        return f'dinobase query "SELECT * FROM {result.name}.{result.resources[0]} LIMIT 5"'
    return f"dinobase {'auth' if result.authorization == 'missing' else 'sync'} {result.name}"
