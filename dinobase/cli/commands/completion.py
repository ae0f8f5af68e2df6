"""`dinobase completion`."""

from __future__ import annotations

import argparse

from dinobase.cli import output, parse
from dinobase.cli.diagnostics import Exit

SHELLS = ("bash", "zsh", "tcsh")


def arguments(parser: parse.Parser) -> None:
    """Take a shell that shtab writes for."""
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help="bash, zsh or tcsh")


def run(args: argparse.Namespace) -> int:
    """Print a script."""
    import shtab

    from dinobase.cli import whole

    output.write(shtab.complete(whole.parser(), shell=args.shell))
    return Exit.DONE
