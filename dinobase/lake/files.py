"""Files as DuckDB reads them, beside the lake's instance: a folder here, or a bucket behind its own secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import _duckdb

from dinobase.core.settings import env
from dinobase.lake.attach import S3_ENV, s3_secret
from dinobase.lake.connection import Writer
from dinobase.lake.extensions import extension_path
from dinobase.lake.foreign import Foreign, instance, wrapped
from dinobase.lake.sql import ident, literal

if TYPE_CHECKING:
    from dinobase.lake.door import Store

_SECRET = "source_files"  # noqa: S105 - what DuckDB calls it
_AT_ONCE = 1000


class Files(Foreign):
    """What reads files; nothing is attached."""

    _store: Store | None = None
    _scheme = ""

    def __init__(self, writer: Writer | None) -> None:
        self._scanner = "duckdb"
        self._own = None if writer is not None else instance()
        self._con = writer.beside() if writer is not None else self._own.cursor()  # type: ignore[union-attr]  # one is
        self._attached = False
        self._secret = False

    def bucket(self, scope: str, given: Mapping[str, str], name: str = _SECRET) -> None:
        """Open everything under an address; `given` wins over the SDKs' own variables. Raises FetchError."""
        values = {name: env(name) or "" for name in S3_ENV}
        if given.get("AWS_ACCESS_KEY_ID"):
            values["AWS_SESSION_TOKEN"] = ""  # it belongs to the other key
        if given.get("AWS_ENDPOINT_URL"):
            values["AWS_ENDPOINT_URL_S3"] = ""
        values |= {name: value for name, value in given.items() if value}
        self.run(f"LOAD {literal(extension_path('httpfs'))}")
        self.run(s3_secret(name, f"SCOPE {literal(scope)}", values))
        self._secret = True

    def web(self) -> None:
        """Read by HTTP from now on; the certificates of SSL_CERT_FILE are trusted. Raises FetchError."""
        self.run(f"LOAD {literal(extension_path('httpfs'))}")
        if trusted := env("SSL_CERT_FILE"):
            self.run(f"SET ca_cert_file = {literal(trusted)}")

    def far(self, scheme: str, store: Store) -> None:
        """Read through a store from now on: its files stand under a scheme of this instance's own."""
        from dinobase.lake.door import door

        self._store, self._scheme = store, scheme
        self._con.register_filesystem(door(scheme, store))

    def found(self, pattern: str) -> list[tuple[str, int, str]]:
        """Return address, size and time of the last change of what a pattern matches, sorted; nothing is opened."""
        if self._store is not None:
            begin = f"{self._scheme}://"
            listed = self._store.found(pattern.removeprefix(begin))
            return sorted((begin + path, size, f"{changed:%Y-%m-%dT%H:%M:%S}") for path, size, changed in listed)
        rows = self.rows(
            "SELECT filename, size, strftime(last_modified::TIMESTAMP, '%Y-%m-%dT%H:%M:%S') "
            f"FROM read_blob({literal(pattern)})"
        )
        return sorted((str(name), int(size), str(changed)) for name, size, changed in rows)

    def each(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Give the rows of a query one after another; raises FetchError."""
        try:
            result = self._con.execute(sql)
            while rows := result.fetchmany(_AT_ONCE):
                yield from rows
        except _duckdb.Error as error:
            raise wrapped(error) from None

    def close(self) -> None:
        """Forget the secret, and let go."""
        if self._store is not None:
            with suppress(_duckdb.Error):
                self._con.unregister_filesystem(self._scheme)
            self._store.close()
        if self._secret:
            with suppress(_duckdb.Error):
                self._con.execute(f"DROP SECRET IF EXISTS {ident(_SECRET)}")
        super().close()


class BesideAQuery(Files):
    """What reads files on an instance that is still to be locked, and leaves it as it is; an interrupt passes."""

    def __init__(self, connection: Any) -> None:
        self._scanner = "duckdb"
        self._own = None
        self._con = connection
        self._attached = False
        self._secret = False

    def run(self, sql: str) -> None:
        """Run a statement; raises FetchError."""
        self.rows(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query and return all its rows; raises FetchError."""
        try:
            return list(self._con.execute(sql).fetchall())
        except _duckdb.InterruptException:
            raise
        except _duckdb.Error as error:
            raise wrapped(error) from None

    def again(self) -> None:
        """Go on: there is no transaction."""

    def close(self) -> None:
        """Leave what is open to the query."""
