"""What a child keeps between operations, so that the second question of an identity is answered by warm instances."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dinobase.core.errors import QueryTimeout

if TYPE_CHECKING:
    from dinobase.query.engine import QueryEngine
    from dinobase.workspace import Workspace

_KEPT = 4  # warm instances of one identity
_GRACE_S = 3.0  # from a plan's time limit to the end of a process that heeds it not


class Desk:
    """A workspace, an engine per identity while the settings hold, and what it is at now.

    stuck: says so and ends the process. announce: tells the parent that a write goes out, so that nobody ends us now.
    """

    def __init__(
        self, workspace: Workspace, stuck: Callable[[QueryTimeout], object], announce: Callable[[], object]
    ) -> None:
        self.workspace = workspace
        self.running: QueryEngine | None = None
        self._stuck = stuck
        self._announce = announce
        self._engines: dict[str, tuple[dict[str, Any], QueryEngine]] = {}
        self._lock = threading.Lock()
        self._sending = False
        self._stopped = False

    def engine(self, identity: str) -> QueryEngine:
        """Return the identity's engine; a new one where config.yaml has changed."""
        from dinobase.spec.config_plain import plain_config

        settings = plain_config(self.workspace.paths)
        held = self._engines.get(identity)
        if held is None or held[0] != settings:
            held = (settings, self.workspace.engine(identity, stuck=self._stuck, keep=_KEPT))
            self._engines[identity] = held
        return held[1]

    def interrupt(self) -> bool:
        """Stop what runs, from another thread; false where that takes a signal."""
        if self.stop_sending():
            return True
        if self.running is None:
            return False
        self.running.interrupt()
        return True

    @contextmanager
    def sends(self, timeout: float = 0) -> Iterator[None]:
        """Work on a write; one that takes longer to plan than it may ends with the process."""
        self._stopped = False
        timer = threading.Timer(timeout + _GRACE_S, self._end_of_planning, [timeout])
        timer.daemon = True
        if timeout:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._sending = False

    def begin_sending(self) -> None:
        """From now on this process is not ended before it has written down what became of what it sent."""
        with self._lock:
            begun, self._sending = self._sending, True
        if not begun:
            self._announce()

    def stop_sending(self) -> bool:
        """Have nothing more sent, from another thread; false where nothing is."""
        with self._lock:
            self._stopped = self._stopped or self._sending
            return self._sending

    def goes_on(self) -> bool:
        """Say whether the next request may go out."""
        return not self._stopped

    def _end_of_planning(self, timeout: float) -> None:
        from dinobase.query.watch import timed_out

        with self._lock:
            if not self._sending:
                self._stuck(timed_out(timeout))
