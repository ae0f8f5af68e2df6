"""The only writer to stdout: data, in the format that was asked for."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dinobase.cli import diagnostics
from dinobase.core import errors, secrets, settings

DEFAULT_WIDTH = 80
_TAG = re.compile(r"(\\*)(\[[a-zA-Z#/@].*?])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SHOWN = {"\n": "↵", "\r": "␍", "\t": "⇥", "\x1b": "␛"}


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` decides how a cell looks on a terminal.

    text, name, status; count (of ours, with thousands apart); value and number (people's data, shown as it is, NULL
    too); time (how long ago), moment (when).
    """

    name: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for people and for csv, markdown and ndjson; `before` and `after` are lines for terminals alone.

    `wrap`: the last column goes over several lines instead of being cut.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    empty: str = ""
    wrap: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """How this process prints; made once from `--format` and the terminal."""

    format: str
    terminal: bool
    colour: bool
    width: int | None = field(default=None)

    @classmethod
    def choose(cls, asked: str | None) -> Output:
        """Table on a terminal, JSON elsewhere, unless told."""
        terminal = is_terminal()
        return cls(
            format=asked or ("table" if terminal else "json"),
            terminal=terminal,
            colour=diagnostics.colours(sys.stdout),
            width=terminal_width() if terminal else _columns(),
        )

    def emit(self, payload: object, table: Table, views: Sequence[Table] = ()) -> None:
        """Print a result: `payload` as JSON, else the table; `views` are what people see instead of it."""
        if self.format == "json":
            self.json(payload)
        elif self.format == "table":
            for view in views or (table,):
                self._table(view)
        else:
            from dinobase.cli import flat

            write(flat.render(table, self.format))

    def json(self, payload: object) -> None:
        """Print one JSON document, indented for people."""
        from dinobase.cli import flat

        write(flat.json_text(payload, indent=2 if self.terminal else 0) + "\n")

    def _table(self, table: Table) -> None:
        from dinobase.cli import terminal

        text, notes = terminal.render(table, width=self.width, colour=self.colour)
        write(text)
        for line in notes:
            diagnostics.note(line)


def is_terminal() -> bool:
    """Tell whether a person looks at stdout."""
    return sys.stdout is not None and sys.stdout.isatty()


def terminal_width() -> int:
    """COLUMNS, else the terminal's own width."""
    import shutil

    return _columns() or shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns


def _columns() -> int | None:
    text = settings.env("COLUMNS") or ""
    return int(text) if text.isdigit() and int(text) > 0 else None


def write(text: str) -> None:
    """Write data as it is: a result is never altered, not even where it holds what looks like a secret."""
    sys.stdout.write(text)


def flush() -> None:
    """Push everything out; raises BrokenPipeError where nobody reads any more."""
    if sys.stdout is not None:
        sys.stdout.flush()


def failure(error: errors.DinobaseError, asked: str | None) -> None:
    """Print the one error shape where a program reads: JSON was asked for, or stdout is no terminal."""
    if asked == "json" or (asked is None and not is_terminal()):
        from dinobase.cli import flat

        body = secrets.redact_json(error.as_dict())
        with contextlib.suppress(OSError):
            write(flat.json_text(body, indent=2 if is_terminal() else 0) + "\n")
            flush()


def safe(text: str) -> str:
    """Show control and direction characters instead of sending them: data cannot steer the terminal."""
    return _CONTROL.sub(lambda m: _SHOWN.get(m.group(), "�"), text)


def plain(text: object) -> str:
    """Keep rich from reading `[...]` of data as markup, in lines before and after a table."""
    escaped = _TAG.sub(lambda m: f"{m[1] * 2}\\{m[2]}", safe(str(text)))
    return f"{escaped} " if escaped.endswith("\\") else escaped
