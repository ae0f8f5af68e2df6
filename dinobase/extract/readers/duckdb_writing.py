"""Writing to a DuckDB file: whoever writes has it alone, so the rows are read in the transaction that writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from dinobase.core.errors import FetchError
from dinobase.extract.readers.base import SourceColumn
from dinobase.extract.readers.database import Database
from dinobase.extract.readers.sql_writing import Transaction, as_bytes, as_text
from dinobase.lake.foreign_writing import WrittenFile

_NESTED = re.compile(r"(?:STRUCT|MAP)\(|.*\]$", re.DOTALL)
_NOT_FROM_TEXT = ("UNION(", "VARIANT", "GEOMETRY")  # their text does not say all of them


class DuckdbTransaction(Transaction):
    """A DuckDB file."""

    mark = "?"
    lock_words = ""

    def __init__(self, path: str, within: Callable[[WrittenFile], Database[Any]]) -> None:
        """Begin; `within` makes a reader that leaves the file open."""
        self._file = WrittenFile(path)
        self._within = within
        super().__init__(self._file, FetchError)

    def reading(self, opened: Callable[[], Database[Any]]) -> Database[Any]:
        """Read through this transaction: no other may open the file."""
        del opened
        return self._within(self._file)

    def parameter(self, column: SourceColumn) -> str:
        """Have DuckDB read the text by the column's type, what is nested as JSON."""
        if any(word in column.native for word in _NOT_FROM_TEXT):
            raise FetchError(
                f"{column.name} is of type {column.native}, which is not written",
                code="source.refused",
                hint="Leave the column out; nothing was written.",
            )
        inner = "CAST(? AS JSON)" if _NESTED.match(column.native) else "?"
        return f"CAST({inner} AS {column.native})"

    def value(self, column: SourceColumn, value: Any) -> Any:
        """Return text, or bytes."""
        return None if value is None else as_bytes(value) if column.type == "BLOB" else as_text(value)

    def _run(self, sql: str, values: Sequence[Any]) -> Any:
        return self._file.execute(sql, values)
