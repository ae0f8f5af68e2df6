"""Questions in SQL, and the past of a table."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le

from dinobase.mcp.call import Call
from dinobase.mcp.tools import tool


async def query(
    call: Call,
    sql: str,
    budget: Annotated[int, Ge(200), Le(50_000)] = 4000,
    timeout: Annotated[float, Ge(0.1), Le(600)] = 60.0,  # noqa: ASYNC109 - it is the query's, which ends in another process
) -> str:
    """Run one SELECT in DuckDB's dialect; tables are connector.table and join across connectors.

    Rows that need more than budget tokens come as a summary and a table result.r_... that further queries read.
    """
    return await call.ask("query", sql=sql, budget=budget, timeout=timeout)


async def history(call: Call, table: str, limit: Annotated[int, Ge(1), Le(1000)] = 20) -> str:
    """List a table's versions, newest first: rows added (+), changed (~), removed (-)."""
    return await call.ask("history", table=table, limit=limit)


async def diff(call: Call, table: str, since: str, until: str = "", limit: Annotated[int, Ge(1), Le(1000)] = 20) -> str:
    """Show what changed in a table, old and new values. since, until: a span back (2d), a version (12) or a time."""
    return await call.ask("diff", table=table, since=since, until=until, limit=limit)


async def exec_code(
    call: Call,
    code: str,
    budget: Annotated[int, Ge(200), Le(50_000)] = 4000,
    timeout: Annotated[float, Ge(0.1), Le(600)] = 60.0,  # noqa: ASYNC109 - it is the code's, which ends in another process
) -> str:
    """Run Python where SQL is not enough; answers what it prints and its last value.

    It has query(sql) -> list of dicts, describe(*tables), search(words); no files, network or packages.
    """
    return await call.ask("exec_code", code=code, budget=budget, timeout=timeout)


TOOLS = (tool(query), tool(history), tool(diff), tool(exec_code))
