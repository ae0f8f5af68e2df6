"""A DuckDB file that rows are written to: on an instance of its own, and nobody else has it open meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import _duckdb

from dinobase.core import clock
from dinobase.core.errors import FetchError
from dinobase.lake.foreign import SOURCE, Foreign, instance, wrapped
from dinobase.lake.sql import ident, literal

_TRIES = 40  # quarters of a second that whoever has the file open is waited for
_TAKEN = ("lock on file", "Unique file handle", "being used by another process")


class WrittenFile(Foreign):
    """The file, under the name that readers know, in one transaction; what is read of it is read in that."""

    def __init__(self, path: str) -> None:
        """Attach, once nobody else has the file open; raises FetchError."""
        self._scanner = "duckdb"
        self._own = instance()
        self._con = self._own.cursor()
        self._begin(lambda: self._take(path))

    def _take(self, path: str) -> None:
        for tries_left in reversed(range(_TRIES)):
            try:
                self._con.execute(f"ATTACH {literal(path)} AS {ident(SOURCE)}")
            except _duckdb.Error as error:
                if not tries_left or not any(sign in str(error) for sign in _TAKEN):
                    raise
                clock.sleep(0.25)
            else:
                return

    def execute(self, sql: str, values: Sequence[Any]) -> Any:
        """Run a statement with parameters; raises FetchError."""
        try:
            return self._con.execute(sql, list(values))
        except _duckdb.Error as error:
            raise FetchError(
                wrapped(error).message, code="source.refused", hint="The database said so; nothing was written."
            ) from None

    def commit(self) -> None:
        """Make it hold; raises FetchError."""
        self.execute("COMMIT", ())

    def rollback(self) -> None:
        """Take back what was not committed."""
        with suppress(_duckdb.Error):
            self._con.execute("ROLLBACK")
