"""The scheduler at work: a process for each sync, one scheduler a machine, and a clean end.

Several may be started: one works, the others stand by and take over when it goes. What is due is decided in
`sync.scheduler`; that no connector is synced twice at once is the sync lock's doing, whoever syncs.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dinobase.catalog.runs import RunLog
from dinobase.core import clock
from dinobase.core.errors import DinobaseError
from dinobase.core.settings import VERSION, Paths
from dinobase.lake.lock import work_lock
from dinobase.spec.config_plain import plain_config
from dinobase.sync.scheduler import AT_ONCE, Standing, chosen, due_at, wake_at
from dinobase.workspace import schedule_state
from dinobase.workspace.schedule_state import COUNTED

_LONGEST_WAIT_S = 2.0  # a machine that slept, a changed config.yaml and a lost leader are noticed within it
_GRACE_S = (20.0, 5.0, 5.0)  # after an interrupt, a termination, a kill
_HEARTBEAT_S = 10.0
_LOCKED_S = 30.0  # between two attempts where a sync of another machine is in the way
_STOP = ""
_BUSY = "lake.locked"


@dataclass(frozen=True, slots=True)
class Ended:
    """How the process of one sync ended."""

    name: str
    code: int
    outcome: Mapping[str, Any]


class Scheduler:
    """Syncs what is due until it is stopped; `stop` may be called from a signal handler and from any thread."""

    def __init__(self, paths: Paths, *, say: Callable[[str], object], at_once: int = AT_ONCE) -> None:
        self._paths = paths
        self._say = say
        self._at_once = at_once
        self._events: queue.SimpleQueue[Ended | str] = queue.SimpleQueue()
        self._standings: dict[str, Standing] = {}
        self._status: dict[str, str] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._last_start: datetime | None = None
        self._catalog = ""
        self._stamp: tuple[int, int] | None = (-1, -1)
        self._zone = schedule_state.local_zone()
        self._began = clock.now()
        self._told: tuple[dict[str, Any], float] = ({}, 0.0)
        self._stopping = False
        self._failed = False

    def stop(self) -> None:
        """End: running syncs are interrupted as by Ctrl-C. Called again, they are killed."""
        self._events.put(_STOP)

    def run(self) -> None:
        """Work until `stop`; another scheduler of this machine is waited for."""
        with ExitStack() as stack:
            if not self._lead(stack):
                self._say("another scheduler is at work; standing by")
                while not self._lead(stack):
                    self._wait(_LONGEST_WAIT_S)
                    if self._stopping:
                        return
            try:
                self._work()
            finally:
                self._end_children()

    def once(self) -> bool:
        """Sync what is due now, and return whether all of it worked; nothing where another scheduler is at work."""
        with ExitStack() as stack:
            if not self._lead(stack):
                self._say("another scheduler is at work")
                return True
            self._read_config()
            moment = clock.now()
            self._standings = {n: one for n, one in self._standings.items() if due_at(one, moment) <= moment}
            try:
                while self._standings and not self._stopping:
                    self._begin_due()
                    self._wait(self._seconds())
                    self._standings = {n: one for n, one in self._standings.items() if self._is_to_do(one, moment)}
            finally:
                self._end_children()
        return not self._failed

    def _work(self) -> None:
        while not self._stopping:
            self._read_config()
            self._begin_due()
            self._tell("running")
            self._wait(self._seconds())

    @staticmethod
    def _is_to_do(one: Standing, since: datetime) -> bool:
        """Tell whether a connector has not had its run yet; one that another process syncs is having it."""
        return one.running is not None or (one.busy_until is None and (one.began is None or one.began < since))

    def _lead(self, stack: ExitStack) -> bool:
        try:
            stack.enter_context(work_lock("scheduler", "", self._paths.state))
        except DinobaseError as error:
            if error.error_code != _BUSY:
                raise
            return False
        return True

    def _read_config(self) -> None:
        """Take a changed config.yaml; one with a fault is said and the one before it holds."""
        try:
            found = self._paths.config.stat()
            stamp: tuple[int, int] | None = (found.st_mtime_ns, found.st_size)
        except OSError:
            stamp = None
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            config = plain_config(self._paths)
        except DinobaseError as error:
            self._say(f"config.yaml cannot be used, and the schedule stays as it was: {error.message}")
            return
        self._catalog = config["storage"]["catalog"]
        timings = {n: schedule_state.timing_of(entry, self._zone) for n, entry in config["connectors"].items()}
        standings = {}
        for name, when in timings.items():
            known = self._standings.get(name)
            if when is not None:
                standings[name] = replace(known, timing=when) if known else self._recorded(name, Standing(when))
            elif known is not None and known.running is not None:
                standings[name] = known
        for name, one in self._standings.items():  # removed while it runs: it is waited for
            if name not in standings and one.running is not None:
                standings[name] = one
        self._standings = standings

    def _recorded(self, name: str, one: Standing) -> Standing:
        """Return how a connector stands by the records, which know of everybody's runs; else as we know it."""
        try:
            runs = RunLog(self._paths.state, self._catalog).last_runs(name, COUNTED)
        except DinobaseError as error:
            self._say(f"{name}: the records of runs cannot be read: {error.message}")
            return one
        now = clock.now()
        found = schedule_state.standing(one.timing, runs, now)
        if runs:
            self._status.setdefault(name, str(runs[0]["status"]))
        known = one.ended or one.began  # a run of ours is recorded a moment after it began for us
        if found.began is not None and (known is None or found.began > known):
            one = one.seen(found.began, found.ended, found.failures)
        return one.busy(now, _LONGEST_WAIT_S) if runs and runs[0]["status"] == "running" and not self._catalog else one

    def _begin_due(self) -> None:
        while not self._stopping:
            name = chosen(self._standings, clock.now(), last_start=self._last_start, at_once=self._at_once)
            if name is None:
                return
            before = replace(self._standings[name], busy_until=None)
            one = self._recorded(name, before)
            self._standings[name] = one
            if one == before:
                self._start(name, one)

    def _start(self, name: str, one: Standing) -> None:
        now = clock.now()
        self._last_start = now
        self._standings[name] = one.starting(now)
        command = [sys.executable, "-m", "dinobase.workspace.scheduled", str(self._paths.root), name]
        try:
            child = subprocess.Popen(  # noqa: S603 - our own module, and a name from config.yaml
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C is ours to hear
            )
        except OSError as error:  # no process more can be had: the backoff waits for better times
            self._ended(Ended(name, 1, {"status": "error", "message": str(error)}))
            return
        self._children[name] = child
        threading.Thread(target=self._watch, args=(name, child), daemon=True).start()

    def _watch(self, name: str, child: subprocess.Popen[bytes]) -> None:
        out, _ = child.communicate()
        try:
            outcome = json.loads(out)
        except ValueError:
            ended = f"by signal {-child.returncode}" if child.returncode < 0 else f"with {child.returncode}"
            outcome = {"status": "error", "message": f"its process ended {ended}"}
            if self._stopping:  # the interrupt met it before it listened
                outcome = {"status": "interrupted"}
        self._events.put(Ended(name, child.returncode, outcome))

    def _ended(self, ended: Ended) -> None:
        self._children.pop(ended.name, None)
        one = self._standings[ended.name]
        now = clock.now()
        outcome = ended.outcome
        if outcome.get("code") == _BUSY:
            self._standings[ended.name] = one.busy(now, _LOCKED_S)
            return
        good = outcome["status"] == "success"
        self._failed = self._failed or not good
        self._standings[ended.name] = one.finished(now, good=good)
        self._status[ended.name] = str(outcome["status"])
        said = f"{ended.name}: {outcome['status']}, {outcome.get('rows', 0)} rows"
        self._say(f"{said}: {outcome['message']}" if "message" in outcome else said)

    def _wait(self, seconds: float) -> None:
        """Take what happens, until there is nothing more of it or the time is over."""
        try:
            event = self._events.get(timeout=max(0.0, seconds))
            while True:
                if isinstance(event, Ended):
                    self._ended(event)
                else:
                    self._stopping = True
                event = self._events.get_nowait()
        except queue.Empty:
            return

    def _seconds(self) -> float:
        now = clock.now()
        at = wake_at(self._standings, now, last_start=self._last_start, at_once=self._at_once)
        return min(_LONGEST_WAIT_S, (at - now).total_seconds()) if at is not None else _LONGEST_WAIT_S

    def _end_children(self) -> None:
        """Interrupt what runs and wait for it; what does not heed that is ended, then killed."""
        self._stopping = True
        if self._children:
            self._say(f"interrupting {', '.join(sorted(self._children))}")
            self._tell("stopping")
        for sent, grace in zip((signal.SIGINT, signal.SIGTERM, signal.SIGKILL), _GRACE_S, strict=True):
            for child in self._children.values():
                child.send_signal(sent)
            self._await_children(clock.monotonic() + grace)
        self._tell("stopped")

    def _await_children(self, until: float) -> None:
        while self._children and (left := until - clock.monotonic()) > 0:
            try:
                event = self._events.get(timeout=left)
            except queue.Empty:
                return
            if not isinstance(event, Ended):  # asked again: on to the next, harder one
                return
            self._ended(event)

    def _next_at(self, one: Standing) -> str:
        due = max(due_at(one, clock.now()), self._began)
        return clock.iso(max(due, one.busy_until) if one.busy_until else due)

    def _tell(self, status: str) -> None:
        connectors = {
            name: {
                "running": clock.iso(one.running) if one.running else None,
                "next_at": self._next_at(one),
                "status": self._status.get(name, "never"),
                "failures": one.failures,
            }
            for name, one in sorted(self._standings.items())
        }
        began = clock.iso(self._began)
        facts = {
            "status": status,
            "pid": os.getpid(),
            "version": VERSION,
            "started_at": began,
            "connectors": connectors,
        }
        if facts == self._told[0] and clock.monotonic() < self._told[1]:
            return
        self._told = (facts, clock.monotonic() + _HEARTBEAT_S)
        schedule_state.tell(self._paths, facts)


@contextmanager
def background(paths: Paths, say: Callable[[str], object]) -> Iterator[None]:
    """Keep a scheduler at work in a thread for as long as the block lasts."""
    scheduler = Scheduler(paths, say=say)
    thread = threading.Thread(target=_guarded, args=(scheduler, say), daemon=True)
    thread.start()
    try:
        yield
    finally:
        scheduler.stop()
        with suppress(KeyboardInterrupt):  # a second Ctrl-C while it is waited for: what is left is killed
            thread.join()
        scheduler.stop()
        thread.join(_GRACE_S[-1])


def _guarded(scheduler: Scheduler, say: Callable[[str], object]) -> None:
    try:
        scheduler.run()
    except Exception as error:  # noqa: BLE001 - the server goes on without it, and the health check tells
        say(f"the scheduler ended: {type(error).__name__}: {error}")
