"""All parsers in one tree: for completion scripts and for the reference page, never for a command's own run."""

from __future__ import annotations

import argparse

from dinobase.cli import run
from dinobase.cli.catalogue import COMMANDS, Command
from dinobase.cli.parse import Parser


def parsers() -> list[tuple[Command, Parser]]:
    """Return every command with its parser."""
    return [(command, run.parser_of(command, run.load(command))) for command in COMMANDS]


def parser() -> argparse.ArgumentParser:
    """Return the root parser with all commands below it."""
    root = argparse.ArgumentParser(prog="dinobase", description="The database that agents query")
    root.add_argument("-V", "--version", action="store_true", help="say which version this is")
    below = root.add_subparsers(metavar="COMMAND")
    for command, made in parsers():
        copy = below.add_parser(command.name, help=command.summary, parents=[made], add_help=False)
        copy.prog = made.prog
    return root
