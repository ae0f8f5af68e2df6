"""The only writer to stdout: data, in the format that was asked for."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from dinobase.cli import diagnostics
from dinobase.cli.table import Table
from dinobase.core import errors, secrets, settings

DEFAULT_WIDTH = 80


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

    def emit(
        self, payload: object, table: Table, views: Sequence[Table] = (), compact: Callable[[], str] | None = None
    ) -> None:
        """Print a result: `payload` as JSON, else the table; people see `views`, models `compact` instead of it."""
        if self.format == "json":
            self.json(payload)
        elif self.format == "compact" and compact is not None:
            write(compact())
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

        body = {"error": secrets.redact_error(error.as_dict()["error"])}
        with contextlib.suppress(OSError):
            write(flat.json_text(body, indent=2 if is_terminal() else 0) + "\n")
            flush()
