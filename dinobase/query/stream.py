"""A result that has begun: its rows batch by batch, and what is known once they were taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dinobase.lake.convert import Column
from dinobase.lake.sql import ident
from dinobase.query.result import QueryResult, Source

BATCH = 2048


class ResultStream:
    """Rows as they come; `truncated`, `notes` and wide columns are known once all batches were taken."""

    def __init__(
        self, connection: Any, columns: list[Column], sources: tuple[Source, ...], max_rows: int, sql: str = ""
    ) -> None:
        """Take a result that has begun; `sql` may run again on the same connection, and is '' for EXPLAIN."""
        self.columns = columns
        self.sources = sources
        self.truncated = False
        self.connection = connection
        self.sql = sql
        self.said: tuple[str, ...] = ()
        self._left = max_rows or -1

    def batches(self) -> Iterator[list[tuple[Any, ...]]]:
        """Yield converted rows, a few thousand at a time."""
        converts = [column.convert for column in self.columns]
        while True:
            fetched = self.connection.fetchmany(BATCH)
            if not fetched:
                return
            if self._left >= 0:
                if len(fetched) > self._left:
                    self.truncated = True
                    fetched = fetched[: self._left]
                self._left -= len(fetched)
            yield [tuple(convert(value) for convert, value in zip(converts, row, strict=True)) for row in fetched]
            if self.truncated:
                return

    def whole(self) -> QueryResult:
        """Take all rows that are left."""
        rows = [row for batch in self.batches() for row in batch]
        if self.wide:
            rows = [finish(row, self.columns) for row in rows]
        return QueryResult(
            columns=tuple(column.name for column in self.columns),
            column_types=tuple(column.type for column in self.columns),
            rows=rows,
            truncated=self.truncated,
            sources=self.sources,
            notes=self.notes,
        )

    @property
    def wide(self) -> list[int]:
        """Places of the columns whose integers must become text in all rows."""
        return [place for place, column in enumerate(self.columns) if column.wide]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about the values."""
        odd = tuple(f"{c.name}: NaN or infinity is shown as null" for c in self.columns if c.not_finite)
        return self.said + odd


def finish(row: tuple[Any, ...], columns: list[Column]) -> tuple[Any, ...]:
    """Turn the integers of wide columns into text."""
    return tuple(c.finish(value) if c.wide else value for c, value in zip(columns, row, strict=True))


def wrapped(sql: str, columns: list[Column]) -> str:
    """Return the SQL that fetches a query's columns without loss."""
    picked = [f"{column.select(place)} AS {ident(column.name)}" for place, column in enumerate(columns, 1)]
    return f"SELECT {', '.join(picked)} FROM (\n{sql}\n) AS _q"
