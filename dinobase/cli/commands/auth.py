"""`dinobase auth`: a person allows the access to an API that is connected."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dinobase.cli import parse
from dinobase.cli.diagnostics import Exit
from dinobase.cli.output import Output
from dinobase.cli.table import Column, Table, plain
from dinobase.core import errors

if TYPE_CHECKING:
    from dinobase.workspace.results import Authorized

_HIGHEST = 65535
_LONGEST = 86_400.0


def arguments(parser: parse.Parser) -> None:
    """One connector at a time."""
    parser.add_argument("name", metavar="NAME", help="which connector")
    parser.add_argument("--no-browser", action="store_true", help="show the address; take the answer from a paste too")
    parser.add_argument(
        "--port", metavar="N", help="where the browser brings the answer; default 8425, 0: any free one"
    )
    parser.add_argument(
        "--redirect-uri", metavar="URL", help="the redirect address that the vendor knows, in place of --port"
    )
    parser.add_argument("--timeout", metavar="S", default="300", help="how long to wait; default 300 seconds")
    parser.add_argument("--no-check", action="store_true", help="do not try the access")
    parse.add_format(parser)


def run(args: argparse.Namespace) -> int:
    """Ask, wait, and say what was allowed."""
    redirect, timeout = _redirect(args.port, args.redirect_uri), _seconds(args.timeout)
    from dinobase.cli.consent import person
    from dinobase.workspace import Workspace

    result = Workspace.open().authorize(
        args.name,
        person(browser=not args.no_browser),
        redirect=redirect,
        timeout=timeout,
        check=not args.no_check,
    )
    Output.choose(args.format).emit(result, _table(result))
    return Exit.DONE


def lines(result: Authorized) -> list[str]:
    """Say what was allowed, and for how long, as `add` says it too."""
    said = [f"[green]✓[/green] [bold]{result.name}[/bold] is authorised"]
    if result.expires_at is not None and not result.renews:
        said.append(f"  until {plain(result.expires_at)}: the server gave nothing to renew it with")
    if result.check is not None:
        said.append(f"  checked: {plain(result.check.detail)}")
    return said


def _table(result: Authorized) -> Table:
    after = ("", f"Next: [bold]dinobase sync {result.name}[/bold]")
    rows = [(scope,) for scope in result.scopes]
    return Table((Column("scope"),), rows, before=(*lines(result), ""), after=after, empty="No scopes were named.")


def _redirect(port: str | None, uri: str | None) -> str:
    if port is not None and uri is not None:
        raise errors.UsageError("--port and --redirect-uri say the same", hint="The address has a port of its own.")
    if uri is not None:
        if not uri.startswith(("http://", "https://")):
            raise errors.UsageError(f"--redirect-uri takes an http address, not `{uri}`", hint="https://...")
        return uri
    if port is None:
        return ""
    if not (port.isascii() and port.isdecimal()) or int(port) > _HIGHEST:
        raise errors.UsageError(f"--port takes 0 to {_HIGHEST}, not `{port}`", hint="--port 0 takes any free one.")
    return f"http://127.0.0.1:{int(port)}/callback"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST:
        raise errors.UsageError(f"--timeout takes seconds, not `{text}`", hint="--timeout 300")
    return seconds
