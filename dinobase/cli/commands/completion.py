"""`dinobase completion`."""

from __future__ import annotations

import argparse

from dinobase.cli import output, parse
from dinobase.cli.diagnostics import Exit

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")


def arguments(parser: parse.Parser) -> None:
    """Take a shell that shtab writes for."""
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


def run(args: argparse.Namespace) -> int:
    """Print a script."""
    import shtab

    from dinobase.cli import whole

    output.write(shtab.complete(whole.parser(), shell=args.shell))
    return Exit.DONE
