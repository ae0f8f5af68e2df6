"""What is known of the tables that a decided SELECT names: their columns, their rows, how old they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dinobase.catalog.runs import LastSync
from dinobase.core.errors import QueryError, UnknownName
from dinobase.lake import reader
from dinobase.lake.introspect import LakeView
from dinobase.lake.sql import qualified
from dinobase.query.decision import Read, Refused, TableUse


def columns(connection: Any, read: Read) -> set[str]:
    """Return the columns of all tables that a query names, for the hint of an error."""
    found: set[str] = set()
    for use in read.uses:
        try:
            sql = f"SELECT column_name FROM (DESCRIBE {qualified(use.connector, 'main', use.table)})"
            found.update(row[0] for row in connection.execute(sql).fetchall())
        except reader.DuckDBError:
            continue  # a view whose table has changed; the error at hand is the one to show
    return found


def refuse_hidden(connection: Any, read: Read) -> None:
    """Raise UnknownName for a column that DuckDB has and no table shows."""
    missing = read.hidden - {name.lower() for name in columns(connection, read)}
    if missing:
        raise UnknownName(f"There is no column {min(missing)}", code="unknown.column", column=min(missing))


def rows(use: TableUse, views: Mapping[str, LakeView]) -> int:
    """Return how many rows a table holds."""
    table = views[use.connector].tables.get(use.table.lower())
    return table.rows if table else 0


def last_of(log: Mapping[tuple[str, str], LastSync], connector: str, table: str) -> LastSync:
    """Return how a table stands; the view of an array stands as its table does."""
    name = table
    while (connector, name) not in log and "__" in name:
        name = name.rpartition("__")[0]
    return log.get((connector, name), LastSync())


def error(refused: Refused) -> QueryError | UnknownName:
    """Return what to raise for a refusal."""
    kind = UnknownName if refused.code.startswith("unknown") else QueryError
    return kind(refused.reason, code=refused.code, hint=refused.hint, **dict(refused.context))
