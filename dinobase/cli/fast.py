"""The door of `dinobase query`: an agent waits here, so nothing is imported that one SELECT does not need.

The process ends by `os._exit` after the flush: taking the interpreter down costs a fifth of a whole query.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from dinobase.access.pii import Declared
    from dinobase.core.errors import QueryTimeout
    from dinobase.query.decision import Lookup, Told
    from dinobase.query.engine import QueryEngine
    from dinobase.query.fast import Asked
    from dinobase.query.result import QueryResult


def main(words: Sequence[str]) -> NoReturn:
    """Answer, or say what is wrong, and end the process."""
    try:
        code = _run(words)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - the slow path knows every way of ending
        code = _end(error, words)
    if spans := sys.modules.get("dinobase.catalog.telemetry"):
        spans.flush()
    os._exit(code)


def _run(words: Sequence[str]) -> int:
    from dinobase.core.errors import QueryError
    from dinobase.query import fast
    from dinobase.query.statement import WRITE

    asked = fast.parse(words)
    if asked is None:
        from dinobase.cli import run

        return run.guarded(["query", "--help"])
    try:
        _read(asked, words)
    except QueryError as error:
        if error.error_code != WRITE:
            raise
        from dinobase.cli import writes

        return writes.plan(asked, _identity(asked.identity))
    return 0


def _read(asked: Asked, words: Sequence[str]) -> None:
    from dinobase.query import fast

    write = sys.stdout.write
    identity = _identity(asked.identity)
    told = _fresh(asked, identity)
    engine = fast.engine(stuck=lambda error: _stuck(error, words), identity=identity, pii=_pii)
    engine.live = lambda lookups: _looked_up(engine, identity, lookups)
    if asked.format == "table" or (not asked.format and sys.stdout.isatty()):
        _on_terminal(asked, fast.run(asked, engine, "compact", told))
    else:
        fast.answer(asked, engine, write, told)


def _identity(name: str) -> str:
    """Return whose rules hold."""
    if not name:
        return "cli"
    from dinobase.core.settings import paths
    from dinobase.workspace import rules

    return rules.check_identity(paths(), name)


def _pii(connector: str, table: str = "", /) -> Declared:
    """Read a connector's file: only where a rule about personal data asks for it."""
    from dinobase.core.settings import paths
    from dinobase.workspace import rules

    return rules.finder(paths())(connector, table)


def _fresh(asked: Asked, identity: str) -> Told | None:
    """Bring what is older than it may be up to date first."""
    if asked.max_age is None:
        return None
    from dinobase.cli import diagnostics
    from dinobase.workspace import Workspace

    return Workspace.open().fresh(asked.sql, asked.max_age, identity=identity, observe=diagnostics.observe)


def _looked_up(engine: QueryEngine, identity: str, lookups: tuple[Lookup, ...]) -> Told:
    """Read single records of stale tables at their source."""
    from dinobase.workspace import Workspace

    return Workspace.open().live(engine, identity)(lookups)


def _on_terminal(asked: Asked, result: QueryResult) -> None:
    from dinobase.cli import answer, diagnostics, output  # rich: only where a person looks

    output.Output.choose("table").emit(result.as_dict(), answer.table(result))
    count = f"{result.row_count:,} row{'' if result.row_count == 1 else 's'}"
    if result.summary is not None and result.handle is not None:
        count = f"{count} of {result.summary.row_count:,}, all in {result.handle.table} for an hour"
    elif result.truncated:
        count += f"; there are more: --max-rows 0 prints all, this was the first {asked.max_rows:,}"
    for note in (count, *answer.freshness(result), *result.notes):
        diagnostics.note(note)


def _end(error: BaseException, words: Sequence[str]) -> int:
    from dinobase.cli import parse, run

    def raise_again() -> int:
        raise error

    return run.guard(raise_again, parse.asked_format(words))


def _stuck(error: QueryTimeout, words: Sequence[str]) -> NoReturn:
    """End the process: a statement that does not listen to an interrupt stops in no other way."""
    os._exit(_end(error, words))
