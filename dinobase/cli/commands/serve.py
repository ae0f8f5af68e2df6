"""`dinobase serve`."""

from __future__ import annotations

import argparse

from dinobase.cli import diagnostics, parse
from dinobase.cli.diagnostics import Exit
from dinobase.core import errors


def arguments(parser: parse.Parser) -> None:
    """Stdio, unless HTTP is asked for."""
    parser.add_argument("--http", action="store_true", help="serve at http://HOST:PORT/mcp; clients send a token")
    parser.add_argument("--host", metavar="HOST", default="127.0.0.1", help="address to bind; default 127.0.0.1")
    parser.add_argument("--port", metavar="PORT", default="8420", help="port to bind; default 8420")


def run(args: argparse.Namespace) -> int:
    """Serve until the client goes, or Ctrl-C."""
    from dinobase.workspace import Workspace

    workspace = Workspace.open()
    if args.http:
        from dinobase.mcp import http

        if not args.port.isdigit() or int(args.port) > 65535:
            raise errors.UsageError(f"--port takes a number up to 65535, not `{args.port}`", hint="--port 8420")
        http.serve(workspace, host=args.host, port=int(args.port), say=diagnostics.note)
    else:
        from dinobase.mcp import stdio

        stdio.serve(workspace)
    return Exit.DONE
