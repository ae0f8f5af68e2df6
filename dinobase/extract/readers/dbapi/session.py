"""A session over a driver with the interface that Python's drivers share (DB-API 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from dinobase.core.errors import UsageError
from dinobase.extract.readers.dbapi.dialect import Rows

_AT_ONCE = 2_000


class CursorSession:
    """Rows as tuples; `begin` are the statements that start a transaction that reads."""

    def __init__(self, connect: Callable[[], Any], begin: Sequence[str] = ()) -> None:
        self._connection = connect()
        self._begin = begin

    def rows(self, sql: str) -> Rows:
        """Run a query and return all its rows."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(sql)
            found: Rows = cursor.fetchall()
            return found

    def batches(self, sql: str) -> Iterator[Rows]:
        """Run a query and give its rows some at a time."""
        with closing(self._connection.cursor()) as cursor:
            cursor.arraysize = _AT_ONCE
            cursor.execute(sql)
            while rows := cursor.fetchmany(_AT_ONCE):
                yield rows

    def again(self) -> None:
        """Begin anew."""
        if not self._begin:
            return
        with suppress(Exception):  # where there is nothing to roll back
            self._connection.rollback()
        with closing(self._connection.cursor()) as cursor:
            for statement in self._begin:
                cursor.execute(statement)

    def cancel(self) -> None:
        """Stop: what is read is given up with the connection."""
        cancel = getattr(self._connection, "cancel", None)
        if cancel is not None:
            cancel()

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()


class Url:
    """A connection string, taken apart; names and passwords unquoted."""

    def __init__(self, url: str, form: str, schemes: Sequence[str]) -> None:
        """Raise UsageError where it is of another kind than `schemes`."""
        parts = _split(url)
        if parts is None or parts.scheme not in schemes:
            raise UsageError("the connection string cannot be used", code="source.url", hint=f"It looks like {form}")
        self.scheme = parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port
        self.user = unquote(parts.username or "")
        self.password = unquote(parts.password or "")
        self.path: Sequence[str] = [unquote(p) for p in parts.path.split("/") if p]
        self.options: Mapping[str, str] = dict(parse_qsl(parts.query, keep_blank_values=True))

    def flag(self, name: str, default: str = "") -> bool:
        """Tell whether an option is on."""
        return self.options.get(name, default).lower() in {"1", "true", "yes", "on", "require", "required"}


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    return parts
