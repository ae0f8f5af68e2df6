"""What is known of the tables that a decided SELECT names: their columns, their rows, how old they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from dinobase.catalog.runs import LastSync
from dinobase.core.errors import DinobaseError, QueryError, RequestError, UnknownName
from dinobase.lake import reader
from dinobase.lake.introspect import LakeView
from dinobase.lake.sql import qualified
from dinobase.query.decision import Before, Read, Refused, TableUse

SHOWN_BY = " `dinobase metric show {}` prints its SQL."


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


@contextmanager
def told(part: Before | None) -> Iterator[None]:
    """Name the metric in whatever is wrong with its SQL; `None` is the statement itself."""
    if part is None:
        yield
        return
    try:
        yield
    except RequestError as error:
        _broken(part.metric, part.test, error)


def _broken(metric: str, test: int, error: DinobaseError) -> NoReturn:
    what = f"test {test} of metric {metric} cannot be run" if test else f"metric {metric} cannot be computed"
    raise QueryError(
        f"{what}: {error.message}",
        code="metric.broken",
        hint=f"{error.hint}{SHOWN_BY.format(metric)}".strip(),
        metric=metric,
        test=test,
        reason=error.error_code,
    ) from None
