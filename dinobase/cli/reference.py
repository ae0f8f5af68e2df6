"""docs/cli.md is made of the parsers and the help texts: `cog` calls this, and a test that the page is current."""

from __future__ import annotations

import argparse

from dinobase.cli import help_text, whole
from dinobase.cli.catalogue import Command
from dinobase.cli.parse import Parser


def markdown() -> str:
    """Return the whole page below its heading."""
    parts = [_exit_codes(), _environment()]
    group = ""
    for command, parser in whole.parsers():
        if command.group != group:
            group = command.group
            parts.append(f"## {group}\n")
        parts.append(_command(command, parser))
    return "\n".join(parts)


def _exit_codes() -> str:
    rows = "".join(f"| {code} | {what} |\n" for code, what in help_text.EXIT_CODES)
    return f"## Exit codes\n\n| Code | Meaning |\n| ---: | --- |\n{rows}"


def _environment() -> str:
    rows = "".join(f"| `{name}` | {what} |\n" for name, what in help_text.ENVIRONMENT)
    return f"## Environment\n\n| Variable | Meaning |\n| --- | --- |\n{rows}"


def _command(command: Command, parser: Parser) -> str:
    text = help_text.of(command.name)
    parts = [f"### dinobase {command.name}\n", f"{' '.join(text.description.split())}\n"]
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001 - no other way
    if below:
        for action in below:
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001 - as above
            for name, child in action.choices.items():
                parts.append(f"#### {child.prog}\n\n{helps.get(name, '')}\n")
                parts.append(_table(child))
    else:
        parts.append(_table(parser))
    if text.examples:
        parts.append("```sh\n" + "\n".join(text.examples) + "\n```\n")
    if text.notes:
        parts.append(f"{text.notes}\n")
    if command.results:
        lines = ", ".join(f"`dinobase schema {line}`" for line, _ in command.results)
        parts.append(f"JSON: {lines}\n")
    return "\n".join(part for part in parts if part)


def _table(parser: argparse.ArgumentParser) -> str:
    rows = []
    for action in parser._actions:  # noqa: SLF001 - argparse offers no other way to list them
        if "--help" in action.option_strings:
            continue
        value = "" if action.nargs == 0 else str(action.metavar or action.dest)
        flags = ", ".join(f"`{f} {value}`".replace(" `", "`") for f in action.option_strings) or f"`{value}`"
        rows.append(f"| {flags.replace('|', chr(92) + '|')} | {(action.help or '').replace('%%', '%')} |")
    return "| Argument | Meaning |\n| --- | --- |\n" + "\n".join(rows) + "\n" if rows else ""
