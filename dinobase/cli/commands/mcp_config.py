"""`dinobase mcp-config`."""

from __future__ import annotations

import argparse
from pathlib import Path

from dinobase.cli import diagnostics, output, parse
from dinobase.cli.diagnostics import Exit


def arguments(parser: parse.Parser) -> None:
    """One client."""
    from dinobase.agents.clients import NAMES

    parser.add_argument("client", metavar="CLIENT", choices=NAMES, help=f"one of {', '.join(NAMES)}")


def run(args: argparse.Namespace) -> int:
    """Print what belongs into the client's file, as that file spells it."""
    from dinobase.agents import clients, install

    client = clients.client(args.client)
    output.write(install.snippet(client, install.command(install.workspace())))
    diagnostics.note(f"{client.title} reads it from {client.file(Path.home())}; `dinobase install` writes it there.")
    return Exit.DONE
