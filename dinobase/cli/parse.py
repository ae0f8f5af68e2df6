"""Arguments: argparse with errors that name the nearest flag and never repeat a value, which may be a secret."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import NoReturn

from dinobase.core import errors

FORMATS = ("json", "table", "csv", "markdown", "ndjson", "compact")


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of leaving the process; flags are never abbreviated."""

    def __init__(self, prog: str, *, description: str = "", epilog: str = "", **_: object) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=_Help,
            add_help=False,
        )
        self._positionals.title = "arguments"
        self.add_argument("-h", "--help", action="help", help="show this help")

    def error(self, message: str) -> NoReturn:
        """Raise; argparse would print and exit."""
        dashed = " A value that begins with a dash is given as --flag=VALUE." if "expected one" in message else ""
        raise errors.UsageError(f"{self.prog}: {message}", hint=f"{self._hint()}{dashed}")

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Name the nearest choice."""
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        near = errors.did_you_mean(str(value), known)
        what = action.option_strings[-1] if action.option_strings else action.metavar or action.dest
        hint = f"Did you mean `{near}`? Known: {', '.join(known)}." if near else f"Known: {', '.join(known)}."
        raise errors.UsageError(f"{self.prog}: {what} cannot be `{value}`", hint=hint, allowed=known)

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parse all of it; what is left over is named without its value."""
        args, rest = self.parse_known_args(list(argv))
        if rest:
            self._refuse(rest)
        return args

    def flags(self) -> list[str]:
        """Return every flag that this command knows."""
        found = [flag for action in self._actions for flag in action.option_strings]
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - argparse offers no other way to see them
                found += [flag for parser in action.choices.values() for flag in parser.flags()]
        return found

    def _refuse(self, rest: Sequence[str]) -> NoReturn:
        unknown = [word.split("=", 1)[0] for word in rest if word.startswith("-") and word != "-"]
        if not unknown:
            count = len(rest)
            self.error(f"{count} argument{'s' if count > 1 else ''} too many")
        near = errors.did_you_mean(unknown[0], self.flags())
        listed = ", ".join(f"`{u}`" for u in unknown)
        raise errors.UsageError(
            f"{self.prog}: unknown flag {listed}",
            hint=f"Did you mean `{near}`?" if near else self._hint(),
            flags=unknown,
        )

    def _hint(self) -> str:
        return f"See `{self.prog} --help`."


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Wrap paragraphs; what is indented, such as examples, stays as it is."""
        import itertools  # not on the way of a command that runs
        import textwrap

        def kept(line: str) -> bool:
            return not line or line[0].isspace() or (line.endswith(":") and len(line) <= width)

        parts = itertools.groupby(text.splitlines(), kept)
        lines = (line for as_is, some in parts for line in (some if as_is else textwrap.wrap(" ".join(some), width)))
        return "\n".join(f"{indent}{line}" if line else "" for line in lines)

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, prefix="Usage: " if prefix is None else prefix)


def limit(text: str, *, example: int = 10, least: int = 0) -> int:
    """Return what `--limit` was given."""
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        wanted = "a whole number" if least == 0 else f"a whole number from {least} on"
        raise errors.UsageError(f"--limit takes {wanted}, not `{text}`", hint=f"--limit {example}")
    return int(text)


def add_identity(parser: Parser) -> None:
    """`--as`, the same on every command that reads tables."""
    parser.add_argument(
        "--as",
        dest="identity",
        metavar="NAME",
        default="",
        help="see what this identity of `access:` sees: a token's name, mcp, default; default cli",
    )


def add_format(parser: Parser) -> None:
    """`--format`, the same on every command that prints data."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        metavar="FORMAT",
        help="json, table, csv, markdown, ndjson or compact (for models); default: table on a terminal, else json",
    )


def resources(text: str) -> tuple[str, ...]:
    """Split `a,b` or `+c,d`; the plus stays on the first."""
    return tuple(part for part in (piece.strip() for piece in text.split(",")) if part)


def asked_format(argv: Sequence[str]) -> str | None:
    """Find `--format` without a parser: a failure must be printed in it even when parsing failed."""
    for position, word in enumerate(argv):
        flag, equals, value = word.partition("=")
        if flag == "--format":
            given = value if equals else "".join(argv[position + 1 : position + 2])
            return given if given in FORMATS else None
    return None
