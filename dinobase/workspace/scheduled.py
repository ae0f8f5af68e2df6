"""One sync in a process of its own, for the scheduler: what it took of memory goes with it. `python -m` runs it.

Its way of ending is one line of JSON on stdout; an interrupt ends it as Ctrl-C ends `dinobase sync`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from dinobase.core import errors, secrets
from dinobase.sync.report import SyncReport
from dinobase.workspace import Workspace


def main(words: Sequence[str]) -> NoReturn:
    """Sync one connector of one workspace."""
    root, name = words
    code = 0
    try:
        workspace = Workspace.open(root)
        outcome = _outcome(workspace.sync([name]))
        _look(workspace, name)
    except KeyboardInterrupt:
        code, outcome = 130, {"status": "interrupted"}
    except errors.DinobaseError as error:
        outcome = _failed(error.error_code, error.message)
    except Exception as error:  # noqa: BLE001 - whatever it is, the scheduler goes on
        outcome = _failed("internal", f"{type(error).__name__}: {error}")
    os.write(1, json.dumps(outcome).encode())
    os._exit(code)


def _outcome(report: SyncReport) -> dict[str, Any]:
    [connector] = report.connectors
    failed = next(_errors(report), None)
    outcome = {"status": connector.status, "rows": connector.rows, "seconds": connector.seconds}
    return {**outcome, "code": failed["code"], "message": failed["message"]} if failed else outcome


def _look(workspace: Workspace, name: str) -> None:
    """Look at what changed while nobody waits; whoever asks first looks at what is left."""
    from dinobase.workspace import profiling, relating

    with suppress(Exception):  # the rows are in, whatever comes of this
        profiling.look_at([name], workspace.config(), workspace.paths)
        relating.look_for(workspace, [name])


def _errors(report: SyncReport) -> Iterator[dict[str, Any]]:
    for connector in report.connectors:
        if connector.error:
            yield connector.error
        yield from (table.error for table in connector.tables if table.error)


def _failed(code: str, message: str) -> dict[str, Any]:
    return {"status": "error", "rows": 0, "code": code, "message": secrets.redact(message)}


if __name__ == "__main__":
    main(sys.argv[1:])
