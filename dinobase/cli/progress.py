"""The live display of a sync on stderr: a line per resource, gone when the report is printed."""

from __future__ import annotations

import math
import sys
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from dinobase.cli import diagnostics
from dinobase.core import clock, secrets
from dinobase.core.values import Event

_SPARE = 4  # lines of the terminal that are not ours
_DONE = {"success": ("✓", "green"), "unchanged": ("=", "dim"), "error": ("✗", "red"), "skipped": ("-", "yellow")}


@dataclass(slots=True)
class _Line:
    """What is known of one resource."""

    began: float
    rows: int = 0
    pages: int = 0
    retries: int = 0
    bytes: int = 0
    waiting_until: float = 0.0
    reason: str = ""
    status: str = ""
    ended: float = 0.0
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))


class Progress:
    """Give `observe` to the engine; events may come from any thread."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()
        self._console = Console(file=sys.stderr, no_color=not diagnostics.colours(sys.stderr), highlight=False)
        self._live = Live(console=self._console, refresh_per_second=8, transient=True, get_renderable=self._render)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def observe(self, event: Event) -> None:
        """Take in what happened."""
        name = f"{event.connector}.{event.resource}" if event.resource else event.connector
        if event.kind == "note":
            self._console.print(Text(secrets.redact(f"{name}: {event.reason}"), style="dim"))
            return
        with self._lock:
            line = self._lines.setdefault(name, _Line(clock.monotonic()))
            if event.kind == "page":
                line.pages += 1
                line.rows += event.rows
                line.bytes += event.bytes
                line.waiting_until = 0.0
            elif event.kind in {"retry", "waiting"}:
                line.retries += event.kind == "retry"
                line.waiting_until = clock.monotonic() + event.seconds
                line.reason = event.reason
            elif event.kind == "finished":
                line.status = event.status
                line.ended = clock.monotonic()

    def _render(self) -> Table:
        now = clock.monotonic()
        with self._lock:
            entries = list(self._lines.items())
        running = [e for e in entries if not e[1].status]
        done = [e for e in entries if e[1].status]
        room = max(3, self._console.height - _SPARE)
        shown = (done[-max(0, room - len(running)) :] if len(running) < room else []) + running[:room]
        grid = Table.grid(padding=(0, 2))
        for justify in ("left", "left", "right", "right", "right", "left"):
            grid.add_column(justify=justify, no_wrap=True)
        for name, line in shown:
            grid.add_row(*self._cells(name, line, now))
        if len(entries) > len(shown):
            grid.add_row("", Text(f"and {len(entries) - len(shown)} more", style="dim"))
        return grid

    def _cells(self, name: str, line: _Line, now: float) -> list[Text | Spinner]:
        seconds = max(0.001, (line.ended or now) - line.began)
        rate = Text(f"{line.rows / seconds:,.0f} rows/s", style="dim") if line.rows else Text("")
        sign, style = _DONE.get(line.status, ("•", ""))
        first: Text | Spinner = Text(sign, style=style) if line.status else line.spinner
        return [
            first,
            Text(name, style="bold" if not line.status else ""),
            Text(f"{line.rows:,} rows"),
            Text(f"{line.pages:,} page{'' if line.pages == 1 else 's'}", style="dim"),
            rate,
            self._state(line, now),
        ]

    @staticmethod
    def _state(line: _Line, now: float) -> Text:
        if line.status:
            return Text(line.status, style=_DONE.get(line.status, ("", ""))[1])
        parts = []
        if line.waiting_until > now:
            parts.append(f"waiting {math.ceil(line.waiting_until - now)} s: {secrets.redact(line.reason)}")
        if line.retries:
            parts.append(f"{line.retries} retr{'y' if line.retries == 1 else 'ies'}")
        return Text(", ".join(parts), style="yellow")
