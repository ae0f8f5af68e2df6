"""`dinobase sync --schedule`: in the foreground until SIGTERM (exit 0) or Ctrl-C (exit 130)."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from dinobase.cli import diagnostics
from dinobase.cli.diagnostics import Exit
from dinobase.core import errors

if TYPE_CHECKING:
    from dinobase.workspace import Workspace
    from dinobase.workspace.scheduling import Scheduler


def run(workspace: Workspace, args: argparse.Namespace) -> int:
    """Keep everything fresh, or with `--once` make what is due fresh."""
    _check(args)
    workspace.config()  # a faulty one is refused now; one that is broken later is said, and waited for
    from dinobase.workspace.scheduling import Scheduler

    scheduler = Scheduler(workspace.paths, say=diagnostics.note)
    with ExitStack() as stack:
        if args.health_port is not None:
            from dinobase.workspace import health

            place = stack.enter_context(health.served(workspace.paths, port(args.health_port, "--health-port")))
            diagnostics.note(f"health at {place}")
        interrupted = stack.enter_context(_signals(scheduler))
        if args.once:
            code = Exit.DONE if scheduler.once() else Exit.FAILED
        else:
            scheduler.run()
            code = Exit.DONE
    if signal.SIGINT in interrupted:
        raise KeyboardInterrupt
    return code


def port(text: str, flag: str) -> int:
    """Return the number of a port."""
    if not text.isdigit() or int(text) > 65535:
        raise errors.UsageError(f"{flag} takes a number up to 65535, not `{text}`", hint=f"{flag} 8420")
    return int(text)


def _check(args: argparse.Namespace) -> None:
    if not args.schedule:
        flag = "--once" if args.once else "--health-port"
        raise errors.UsageError(f"{flag} goes with --schedule", hint=f"dinobase sync --schedule {flag}")
    if args.names or args.resources or args.full_refresh or args.dry_run:
        raise errors.UsageError(
            "--schedule syncs all connectors, each as config.yaml says",
            hint="`sync_interval: never` leaves a connector out; `dinobase sync NAME` syncs one now.",
        )
    if args.once and args.health_port is not None:
        raise errors.UsageError(
            "--once ends by itself and has no --health-port", hint="dinobase sync --schedule --once"
        )


@contextmanager
def _signals(scheduler: Scheduler) -> Iterator[list[int]]:
    """Stop the scheduler on either signal; which ones came is in the list."""
    came: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        came.append(number)
        scheduler.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
