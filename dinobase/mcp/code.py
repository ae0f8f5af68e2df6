"""Python that agents write, in a sandboxed interpreter: no files, no network, no environment; time and memory end.

It runs in a process of its own below the child that was asked, and sees nothing but a few functions: query, describe
and search, which answer under the identity's access rules as the tools of their names do, and tools of MCP servers.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from concurrent.futures import TimeoutError as Expired
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pydantic_monty as monty

from dinobase.catalog.tokens import exceeds
from dinobase.core import clock
from dinobase.core.errors import DinobaseError, QueryError, QueryTimeout
from dinobase.mcp import server_tools
from dinobase.mcp.answers import failure
from dinobase.query.statement import WRITE

if TYPE_CHECKING:
    from dinobase.mcp.desk import Desk

_MEMORY = 256 * 1024 * 1024
_PRINTED = 1_000_000
_MAX_ROWS = 10_000
_CALLS = 1_000
_MODULES = (
    "base64, bisect, collections, copy, csv, datetime, decimal, functools, hashlib, itertools, json, math, random, re"
)


def run(desk: Desk, identity: str, code: str, *, timeout: float, budget: int) -> str:
    """Return what the code printed and the value of its last expression; raises QueryError with its own error."""
    ends = clock.monotonic() + timeout
    printed = monty.CollectString(max_bytes=_PRINTED)
    limits: monty.ResourceLimits = {
        "max_feed_duration_secs": timeout,
        "max_memory": _MEMORY,
        "max_suspensions": _CALLS,
    }
    try:
        with (
            ExitStack() as stack,
            monty.Monty(min_processes=1, max_processes=1, request_timeout=timeout + 1) as pool,
            pool.checkout(limits=limits, script_name="code.py", os_policy={"sleep": "zero"}) as session,
        ):
            lookup = _functions(desk, identity, ends, stack)
            value = session.feed_run(code, print_callback=printed, external_lookup=lookup)
    except monty.MontyCrashedError:
        raise QueryTimeout(
            f"The code was stopped after {timeout:g} s", hint="Let SQL do the work, or give it more time."
        ) from None
    except (monty.MontySyntaxError, monty.MontyRuntimeError) as error:
        raise _faulty(error, printed.output) from None
    return _cut(_joined(printed.output, value), budget)


def _functions(desk: Desk, identity: str, ends: float, stack: ExitStack) -> dict[str, Callable[..., Any]]:
    def query(sql: str) -> list[dict[str, Any]]:
        left = ends - clock.monotonic()
        if left <= 0:
            raise TimeoutError("no time is left for a query")
        desk.running = desk.engine(identity)
        try:
            found = desk.running.run(sql, max_rows=_MAX_ROWS, timeout=left)
        finally:
            desk.running = None
        if found.truncated:
            raise ValueError(f"more than {_MAX_ROWS} rows: aggregate in SQL")
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]

    def describe(*tables: str) -> list[dict[str, Any]]:
        return [one.as_dict() for one in desk.workspace.describe(tables, samples=0, identity=identity)]

    def search(words: str, limit: int = 10) -> list[dict[str, Any]]:
        found = desk.workspace.search(words, limit=limit, identity=identity)
        metrics = [{"table": f"metric('{m.name}')", **dataclasses.asdict(m)} for m in found.metrics]
        return [*metrics, *(dataclasses.asdict(table) for table in found.tables)]

    ours = {function.__name__: function for function in (query, describe, search)}
    all_ = {**server_tools.functions(desk, identity, ends, stack), **ours}
    return {name: _told(function) for name, function in all_.items()}


_TAKES = {
    "query": "query('SELECT 1')",
    "describe": "describe('stripe.customers', 'stripe.charges')",
    "search": "search('churn')",
    "tools": "tools('issues')",
}


def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    """Turn our errors into ones that the code can catch and read."""
    name = function.__qualname__ = function.__name__  # an error shows it

    def call(*values: Any, **named: Any) -> Any:
        if name in _TAKES and values and not isinstance(values[0], str):
            raise TypeError(f"{name}() takes text: {_TAKES[name]}")
        try:
            return _plain(function(*values, **named))
        except Expired:
            raise TimeoutError("it took too long") from None
        except DinobaseError as error:
            if error.error_code == WRITE:
                raise ValueError("code only reads: give the statement to the tool `query`") from None
            raise ValueError(failure(error.as_dict()["error"])) from None

    return call


def _plain(value: Any) -> Any:
    """Return values that JSON has: nothing else crosses into the sandbox."""
    return json.loads(json.dumps(value, default=str))


def _faulty(error: monty.MontySyntaxError | monty.MontyRuntimeError, printed: str) -> DinobaseError:
    what = error.display("type-msg")
    frames = error.traceback()
    where = f" (line {frames[-1].line})" if frames else ""
    hint = ""
    if what.startswith(("ModuleNotFoundError", "NameError")):
        ours = "query(sql), describe(*tables), search(words), tools(words)"
        hint = f"There are {ours}, and of the standard library: {_MODULES}."
    elif what.startswith("TimeoutError"):
        hint = "Let SQL do the work, or give it more time."
    last = printed.strip().rpartition("\n")[2]
    said = f" It had printed: {last[:200]}" if last else ""
    return QueryError(f"{what}{where}", code="code.failed", hint=f"{hint}{said}".strip())


def _joined(printed: str, value: Any) -> str:
    parts = [printed.rstrip("\n")] if printed.strip() else []
    if value is not None:
        parts.append(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
    return "\n".join(parts) or "(nothing was printed, and there is no last value)"


def _cut(text: str, budget: int) -> str:
    """Keep the beginning where all is too long."""
    whole = text
    while exceeds(text, budget):
        text = text[: len(text) * 3 // 4]
    return text if text == whole else f"{text}\n({len(whole) - len(text):,} characters more: print less)"
