"""Questions in SQL, and the past of a table."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le

from dinobase.mcp.call import Call
from dinobase.mcp.tools import tool


async def query(
    call: Call,
    sql: str,
    max_rows: Annotated[int, Ge(1), Le(10_000)] = 100,
    timeout: Annotated[float, Ge(0.1), Le(600)] = 60.0,  # noqa: ASYNC109 - it is the query's, which ends in another process
) -> str:
    """Run one SELECT in DuckDB's dialect; tables are connector.table and join across connectors.

    The answer is CSV, then the version and age of each table.
    """
    return await call.ask("query", sql=sql, max_rows=max_rows, timeout=timeout)


async def history(call: Call, table: str, limit: Annotated[int, Ge(1), Le(1000)] = 20) -> str:
    """List a table's versions, newest first: rows added (+), changed (~), removed (-)."""
    return await call.ask("history", table=table, limit=limit)


TOOLS = (tool(query), tool(history))
