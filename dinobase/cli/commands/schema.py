"""`dinobase schema`."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from dinobase.cli import output, parse
from dinobase.cli.catalogue import COMMANDS
from dinobase.cli.diagnostics import Exit
from dinobase.core import errors


def arguments(parser: parse.Parser) -> None:
    """Take a command line whose output is JSON."""
    parser.add_argument("command", metavar="COMMAND", nargs="+", help="e.g. `sync`, `connectors --available`")


def run(args: argparse.Namespace) -> int:
    """Print the schema of its result."""
    output.Output.choose("json").json(of(" ".join(args.command)))
    return Exit.DONE


def shapes() -> dict[str, str]:
    """Return every command line that prints JSON, with the type of what it prints."""
    return {line: place for command in COMMANDS for line, place in command.results}


def of(line: str) -> dict[str, Any]:
    """Return the JSON Schema of one command's output."""
    import msgspec

    known = shapes()
    if line not in known:
        near = errors.did_you_mean(line, known)
        raise errors.UnknownName(
            f"`{line}` prints no JSON that has a schema",
            hint=f"Did you mean `{near}`?" if near else f"Those that do: {', '.join(known)}",
            allowed=list(known),
        )
    module, _, name = known[line].partition(":")
    kind = getattr(importlib.import_module(module), name)
    schema = msgspec.json.schema(kind, schema_hook=lambda _: {})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"dinobase {line}", **schema}
