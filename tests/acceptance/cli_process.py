"""`python -m dinobase` as a process of its own: piped, or on a real terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "dinobase"]
ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "LANG", "LC_ALL", "COVERAGE_PROCESS_START")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Done:
    """How a process ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Cli:
    """A workspace and the environment of its processes; nothing of ours is inherited."""

    root: Path
    env: dict[str, str]

    def __call__(self, *words: str, typed: str = "", env: dict[str, str] | None = None) -> Done:
        done = subprocess.run(
            [*COMMAND, *words],
            input=typed,
            capture_output=True,
            text=True,
            env=self.environment(env),
            cwd=self.root.parent,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str, env: dict[str, str] | None = None) -> Any:
        done = self(*words, env=env)
        assert done.code == 0, f"{words} ended with {done.code}\n{done.out}\n{done.err}"
        return done.json

    def environment(self, more: dict[str, str] | None = None) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        home = str(self.root.parent)
        return {
            **kept,
            "HOME": home,
            "PYTHONPATH": str(ROOT),
            "DINOBASE_DIR": str(self.root),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            **self.env,
            **(more or {}),
        }

    def terminal(
        self,
        *words: str,
        answers: Sequence[tuple[str, str]] = (),
        width: int = 80,
        env: dict[str, str] | None = None,
        interrupt_at: str = "",
    ) -> Done:
        """Run on a pseudo-terminal; `answers` are typed when their prompt shows. `out` is all that was shown."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        process = subprocess.Popen(
            [*COMMAND, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={"TERM": "xterm-256color", **self.environment(env)},
            cwd=self.root.parent,
            start_new_session=True,
            preexec_fn=_own_terminal,  # noqa: PLW1509 - without a terminal of its own a child gets no Ctrl-C
        )
        os.close(slave)
        shown = _watch(master, process, list(answers), interrupt_at)
        os.close(master)
        return Done(process.wait(60), shown.replace("\r\n", "\n"), "")


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _watch(master: int, process: subprocess.Popen[bytes], answers: list[tuple[str, str]], interrupt_at: str) -> str:
    shown = b""
    seen = 0
    while True:
        ready, _, _ = select.select([master], [], [], 60)
        assert ready, f"nothing was shown for a minute after: {shown.decode(errors='replace')}"
        try:
            piece = os.read(master, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        shown += piece
        if answers and answers[0][0].encode() in shown[seen:]:
            seen = len(shown)
            os.write(master, answers.pop(0)[1].encode() + b"\n")
        if interrupt_at and interrupt_at.encode() in shown:
            interrupt_at = ""
            process.send_signal(signal.SIGINT)
    return shown.decode(errors="replace")


def plain(text: str) -> str:
    """Return what a person sees, without colours and cursor moves."""
    return ESCAPE.sub("", text)
