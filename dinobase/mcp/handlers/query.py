"""Questions in SQL, and the past of a table."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le

from dinobase.mcp.call import Call
from dinobase.mcp.child import OperationFailed
from dinobase.mcp.tools import tool
from dinobase.query.statement import WRITE


async def query(
    call: Call,
    sql: str,
    budget: Annotated[int, Ge(200), Le(50_000)] = 5000,
    timeout: Annotated[float, Ge(0.1), Le(600)] = 60,  # noqa: ASYNC109 - it is the query's, which ends in another process
    max_age: str = "",
) -> str:
    """One SELECT (DuckDB), or a plan of INSERT, UPDATE, DELETE, MERGE that confirm sends.

    Past budget (5000) tokens: a summary and a table result.r_... to query.
    """
    try:
        told = await call.ask("freshen", sql=sql, max_age=max_age) if max_age else ""
        return await call.ask("query", sql=sql, budget=budget, timeout=timeout, told=told)
    except OperationFailed as error:
        if error.error_code != WRITE:
            raise
    return await call.ask("write", sql=sql, budget=budget, timeout=timeout)


async def history(call: Call, table: str, limit: Annotated[int, Ge(1), Le(1000)] = 20) -> str:
    """A table's versions: rows added, changed, removed."""
    return await call.ask("history", table=table, limit=limit)


async def diff(call: Call, table: str, since: str, until: str = "", limit: Annotated[int, Ge(1), Le(1000)] = 20) -> str:
    """A table's changes since: 2d (back), 12 (a version), a time."""
    return await call.ask("diff", table=table, since=since, until=until, limit=limit)


async def exec_code(
    call: Call,
    code: str,
    budget: Annotated[int, Ge(200), Le(50_000)] = 5000,
    timeout: Annotated[float, Ge(0.1), Le(600)] = 60,  # noqa: ASYNC109 - it is the code's, which ends in another process
) -> str:
    """Run Python, answer its output.

    It has query(sql) -> list of dicts, describe(*tables), search(words), tools(); no files.
    """
    return await call.ask("exec_code", code=code, budget=budget, timeout=timeout)


TOOLS = (tool(query, read_only=False, idempotent=False, plans=True), tool(history), tool(diff), tool(exec_code))
