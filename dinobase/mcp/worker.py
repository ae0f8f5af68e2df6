"""A child process: reads operations as JSON lines, answers each with one; it can be stopped whatever it does.

Its own stdout carries answers alone; what a library prints goes to stderr. It ends when its stdin does, with its
parent. A query that heeds no interrupt ends with the process, after its answer was written.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from dinobase.core.errors import DinobaseError, QueryTimeout, ReadOnlyError
from dinobase.core.secrets import redact, redact_error
from dinobase.core.settings import read_only
from dinobase.mcp.desk import Desk
from dinobase.mcp.work import JOBS, OPERATIONS
from dinobase.query.watch import confine_memory
from dinobase.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping


class Worker:
    """One operation at a time on the main thread; another thread listens for the next and for cancellations."""

    def __init__(self, root: str) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        os.dup2(2, 1)
        self._writing = threading.Lock()
        self._asked: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._desk = Desk(Workspace.open(root), self._stuck, self._announce)
        self._now = 0
        self._confined = False

    def run(self) -> None:
        """Work until stdin ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            try:
                asked = self._asked.get()
                if asked is None:
                    return
                self._answer(asked)
            except KeyboardInterrupt:  # a cancellation that came when its operation had just ended
                continue

    def _listen(self) -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if "cancel" not in message:
                self._asked.put(message)
            elif message["cancel"] == self._now and not self._desk.interrupt():
                os.kill(os.getpid(), signal.SIGINT)  # as a person's Ctrl-C would
        if not self._desk.stop_sending():
            os._exit(0)  # the parent is gone: whatever runs has nobody to answer
        self._asked.put(None)  # but a call that was sent has an outcome to be written down

    def _answer(self, asked: Mapping[str, Any]) -> None:
        number, operation = int(asked["id"]), str(asked["op"])
        if operation not in JOBS and not self._confined:
            confine_memory()
            self._confined = True

        def report(text: str) -> None:
            self._write({"id": number, "progress": redact(text)})

        self._now = number
        try:
            text = OPERATIONS[operation](self._desk, str(asked["identity"]), asked["args"], report)
            reply: dict[str, Any] = {"id": number, "text": text}
        except KeyboardInterrupt:
            reply = _failed(number, DinobaseError("Cancelled", code="cancelled"))
        except DinobaseError as error:
            reply = _failed(number, error)
        except MemoryError:
            reply = _failed(number, DinobaseError("It needs more memory than it may use", code="query.memory"))
        except Exception as error:  # noqa: BLE001 - the server outlives any fault of one answer
            reply = _failed(number, _unexpected(error))
        finally:
            self._now = 0
        if reply.get("error", {}).get("code") == "query.memory":  # its heap is as it is: a new process starts afresh
            self._write({**reply, "last": True})
            os._exit(1)
        self._write(reply)

    def _announce(self) -> None:
        self._write({"id": self._now, "sending": True})

    def _stuck(self, error: QueryTimeout) -> None:
        self._write({**_failed(self._now, error), "last": True})
        os._exit(1)

    def _write(self, message: Mapping[str, Any]) -> None:
        with self._writing, contextlib.suppress(BrokenPipeError):  # a write goes on though nobody hears of it
            self._out.write(json.dumps(message, ensure_ascii=False) + "\n")
            self._out.flush()


def _failed(number: int, error: DinobaseError) -> dict[str, Any]:
    facts = redact_error(error.as_dict()["error"])
    return {"id": number, "error": {key: str(facts[key]) for key in ("code", "message", "hint")}}


def _unexpected(error: Exception) -> DinobaseError:
    folder = read_only(error) if isinstance(error, OSError) else ""
    if folder:
        return ReadOnlyError(folder)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return DinobaseError(f"Something unexpected happened: {what}", hint="Please report it.")


def main() -> None:
    """Run; the workspace is the one argument."""
    # DuckDB's module can be read once in a process: a cancellation that came within its import would leave it broken.
    importlib.import_module("dinobase.query.engine")
    Worker(sys.argv[1]).run()


if __name__ == "__main__":
    main()
