"""The cold path of `dinobase query`: an agent waits for it, so nothing is imported that one SELECT does not need.

No YAML, no pydantic, no CLI framework; a test lists what was loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from dinobase.core.errors import QueryTimeout, UsageError
from dinobase.core.settings import Paths, paths
from dinobase.kinds.duration import seconds
from dinobase.query.engine import QueryEngine
from dinobase.query.result import QueryResult
from dinobase.query.watch import confine_memory
from dinobase.spec.config_plain import plain_config

if TYPE_CHECKING:
    from dinobase.access.guard import FindPii
    from dinobase.query.decision import Told

MAX_ROWS = 10_000
TIMEOUT_S = 60.0
FORMATS = ("json", "table", "csv", "markdown", "ndjson", "compact")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says; `format` is '' where it says nothing, `write_rows` is --max-rows for a write."""

    sql: str
    format: str = ""
    max_rows: int = MAX_ROWS
    timeout: float = TIMEOUT_S
    budget: int = 0
    identity: str = ""
    write_rows: int | None = None
    max_age: float | None = None


def parse(words: Sequence[str]) -> Asked | None:
    """Read the words after `query`; None where help is wanted; raises UsageError."""
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(message[:1].upper() + message[1:], hint='dinobase query "SELECT ..."')

    parser = Parser(
        prog="dinobase query",
        add_help=False,
        allow_abbrev=False,
        formatter_class=lambda prog: argparse.HelpFormatter(prog, width=80),  # else it asks shutil for the width
    )
    parser.add_argument("sql")
    parser.add_argument("--format", choices=FORMATS, default="")
    parser.add_argument("--max-rows", type=_whole)
    parser.add_argument("--timeout", type=_span, default=TIMEOUT_S)
    parser.add_argument("--budget", type=_tokens, default=0)
    parser.add_argument("--as", dest="identity", default="")
    parser.add_argument("--max-age", type=_age)
    if any(word in {"-h", "--help"} for word in words):
        return None
    found = parser.parse_args(words)
    rows = MAX_ROWS if found.max_rows is None else found.max_rows
    budget, identity = found.budget, found.identity
    return Asked(found.sql, found.format, rows, found.timeout, budget, identity, found.max_rows, found.max_age)


def _whole(text: str) -> int:
    if not text.isdigit():
        raise UsageError(f"--max-rows takes a whole number, not {text}", hint="0 means all rows.")
    return int(text)


def _tokens(text: str) -> int:
    if not text.isdigit():
        raise UsageError(f"--budget takes a number of tokens, not {text}", hint="--budget 2000; 0 means no limit.")
    return int(text)


def _age(text: str) -> float:
    found = seconds(text)
    if found is None:
        raise UsageError(f"--max-age takes a span of time, not {text}", hint="--max-age 10m")
    return found


def _span(text: str) -> float:
    try:
        found = float(text.removesuffix("s"))
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise UsageError(f"--timeout takes seconds, not {text}", hint="--timeout 30; 0 means no limit.")
    return found


def engine(
    workspace: Paths | None = None,
    *,
    stuck: Callable[[QueryTimeout], object] | None = None,
    identity: str = "cli",
    pii: FindPii | None = None,
) -> QueryEngine:
    """Wire an engine from the workspace's compiled settings; `stuck` must end the process, which is the query's."""
    found = workspace or paths()
    if stuck is not None:
        confine_memory()
    return QueryEngine.from_config(found, plain_config(found), stuck=stuck, identity=identity, pii=pii)


def run(asked: Asked, found: QueryEngine, form: str, told: Told | None = None) -> QueryResult:
    """Answer whole, within the budget where there is one."""
    rows, timeout = asked.max_rows, asked.timeout
    if not asked.budget:
        return found.run(asked.sql, max_rows=rows, timeout=timeout, told=told)
    from dinobase.query.budget import run_within  # statistics and files: only where they are asked for

    return run_within(found, asked.sql, asked.budget, form=form, max_rows=rows, timeout=timeout, told=told)


def answer(asked: Asked, found: QueryEngine, write: Callable[[str], object], told: Told | None = None) -> None:
    """Run and write in any format but the table; unlimited results are written as they come."""
    from dinobase.query.format import render, write_stream

    form = asked.format or "json"
    if asked.max_rows or asked.budget:
        write(render(run(asked, found, form, told), form))
        return
    with found.stream(asked.sql, max_rows=0, timeout=asked.timeout, told=told) as stream:
        write_stream(stream, form, write)
