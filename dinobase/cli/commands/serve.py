"""`dinobase serve`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dinobase.cli import diagnostics, parse
from dinobase.cli.diagnostics import Exit

if TYPE_CHECKING:
    from dinobase.workspace import Workspace


def arguments(parser: parse.Parser) -> None:
    """Stdio, unless HTTP is asked for."""
    parser.add_argument("--http", action="store_true", help="serve at http://HOST:PORT/mcp; clients send a token")
    parser.add_argument("--host", metavar="HOST", default="127.0.0.1", help="address to bind; default 127.0.0.1")
    parser.add_argument("--port", metavar="PORT", default="8420", help="port to bind; default 8420")
    parser.add_argument("--sync", action="store_true", help="sync each connector when it is due, as long as it serves")


def run(args: argparse.Namespace) -> int:
    """Serve until the client goes, or Ctrl-C."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    if args.sync:
        return _with_scheduler(workspace, args)
    return _serve(workspace, args)


def _serve(workspace: Workspace, args: argparse.Namespace) -> int:
    if args.http:
        from dinobase.cli.daemon import port
        from dinobase.mcp import http

        http.serve(workspace, host=args.host, port=port(args.port, "--port"), say=diagnostics.note, scheduled=args.sync)
    else:
        from dinobase.mcp import stdio

        stdio.serve(workspace)
    return Exit.DONE


def _with_scheduler(workspace: Workspace, args: argparse.Namespace) -> int:
    """Serve beside a scheduler; SIGTERM ends both in order, so that no sync is cut off."""
    import signal

    from dinobase.workspace import scheduling

    def leave(_: int, __: object) -> None:
        raise SystemExit(Exit.DONE)

    workspace.config()
    with scheduling.background(workspace.paths, diagnostics.note):
        before = signal.signal(signal.SIGTERM, leave)
        try:
            return _serve(workspace, args)
        finally:
            signal.signal(signal.SIGTERM, before)
