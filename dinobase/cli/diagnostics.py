"""The only writer to stderr, and the exit codes: notes, one line per failure, never a raw traceback."""

from __future__ import annotations

import contextlib
import os
import sys
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from dinobase.core import clock, errors, secrets, settings

if TYPE_CHECKING:
    from dinobase.core.values import Event
    from dinobase.spec.models import Credential

_RED, _YELLOW, _DIM, _BOLD, _OFF = "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
_WORTH_SAYING = 5.0


class Exit(IntEnum):
    """What the process says when it ends; documented in `dinobase --help`."""

    DONE = 0
    FAILED = 1
    WRONG = 2
    INTERRUPTED = 130


def interactive() -> bool:
    """Tell whether a person can be asked: both ends of the conversation are terminals."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def colours(stream: object) -> bool:
    """NO_COLOR wins, then FORCE_COLOR, then whether the stream is a terminal that can."""
    if settings.env("NO_COLOR"):
        return False
    forced = settings.env("FORCE_COLOR")
    if forced:
        return forced != "0"
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and settings.env("TERM") != "dumb"


def live() -> bool:
    """Tell whether a display that redraws itself makes sense on stderr."""
    return sys.stderr is not None and sys.stderr.isatty() and settings.env("TERM") != "dumb"


def observe(event: Event) -> None:
    """Tell on stderr what a sync does where no display does: ends, waits and what is worth a note."""
    name = f"{event.connector}.{event.resource}" if event.resource else event.connector
    if event.kind == "finished":
        note(f"{name}: {event.status}, {event.rows} rows")
    elif event.kind == "waiting" and event.seconds >= _WORTH_SAYING:
        note(f"{name}: waits {event.seconds:.0f} s ({event.reason})")
    elif event.kind == "retry":
        note(f"{name}: tries again in {event.seconds:.1f} s, attempt {event.attempt} ({event.reason})")
    elif event.kind == "note":
        note(f"{name}: {event.reason}")


def note(text: str) -> None:
    """Say something that is not data."""
    _write(text, _DIM)


def address(text: str) -> None:
    """Show an address that a person is to open, as it is: a masked one leads nowhere, and it holds no secret."""
    _send(text)


def warn(text: str) -> None:
    """Say something that a person should look at."""
    _write(f"warning: {text}", _YELLOW)


def fail(error: errors.DinobaseError) -> None:
    """Say what went wrong and what to do, on one line; the problems of a file get a line each."""
    text = secrets.redact(_sentence(error.message))
    head = f"{_RED}{_BOLD}error:{_OFF}" if colours(sys.stderr) else "error:"
    hint = f" Hint: {secrets.redact_own(_one_line(error.hint))}" if error.hint else ""
    _send(f"{head} {text}{hint}")
    for problem in getattr(error, "problems", ()):
        _write(f"  {problem}")


def ask(credential: Credential) -> str:
    """Ask a person for a credential on the terminal; what is secret is not shown."""
    import getpass  # start-up: only `add` on a terminal

    if credential.help:
        note(credential.help)
    text = (credential.prompt or credential.name).rstrip(": ")
    more = f" [{credential.default}]" if credential.default and not credential.secret else ""
    more += "" if credential.required else " (optional)"
    shown = f"{text}{more}{' (hidden)' if credential.secret else ''}: "
    try:
        return (getpass.getpass(shown, stream=sys.stderr) if credential.secret else question(shown)).strip()
    except EOFError:  # Ctrl-D: the same as an empty answer
        return ""


def passphrase(text: str) -> str:
    """Ask on the terminal for what is not shown; an end of input is an empty answer."""
    import getpass  # only where a person approves a write

    try:
        return getpass.getpass(text, stream=sys.stderr)
    except EOFError:
        return ""


def question(text: str) -> str:
    """Ask on stderr and read a line from stdin; an end of input is an empty answer."""
    sys.stderr.write(secrets.redact(text))
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def crash(error: BaseException) -> errors.DinobaseError:
    """Turn what nobody expected into a failure that names a file with the redacted traceback."""
    import traceback  # 10 ms that only the unexpected costs

    report = "".join(traceback.format_exception(error))
    folder = settings.paths().state
    file = folder / f"crash-{clock.now():%Y%m%dT%H%M%S}-{clock.new_id('c')[-5:]}.txt"
    what = _one_line(f"{type(error).__name__}: {error}")
    try:
        settings.paths().make(folder)
        file.touch(mode=0o600)
        file.write_text(secrets.redact(f"dinobase {_version()}\n{report}"), encoding="utf-8")
    except OSError:
        return errors.DinobaseError(f"Something unexpected happened: {what}", hint="Please report it.")
    return errors.DinobaseError(
        f"Something unexpected happened: {what}", hint=f"The details are in {file}", crash=str(file)
    )


def silence() -> None:
    """Let the interpreter's last flush of stdout go nowhere: what is behind it takes nothing any more."""
    with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("w", encoding="utf-8") as null:
        os.dup2(null.fileno(), sys.stdout.fileno())


def _write(text: str, style: str = "") -> None:
    line = secrets.redact(text)
    if style and colours(sys.stderr):
        line = f"{style}{line}{_OFF}"
    _send(line)


def _send(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody reads our notes: no reason to stop
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def _sentence(text: str) -> str:
    line = _one_line(text)
    return line if line.endswith((".", "!", "?", "…", ":")) else f"{line}."


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _version() -> str:
    from dinobase import __version__

    return __version__
