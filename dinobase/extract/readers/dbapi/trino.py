"""Trino and Presto: one catalogue of theirs. They know no keys, so a table is replaced where its rows differ.

Both drivers make Python's values of what comes, each in its way: whatever is no integer and no boolean comes as text.
"""

from __future__ import annotations

import re
from typing import Any

from dinobase.extract.readers.dbapi import taking
from dinobase.extract.readers.dbapi.dialect import Dialect, Session, by_sql, schemas_where
from dinobase.extract.readers.dbapi.session import CursorSession, Url
from dinobase.extract.readers.dbapi.source import DriverKind
from dinobase.extract.readers.dbapi.taking import Taken
from dinobase.extract.readers.options import Selection

_COLUMNS = """
SELECT c.table_schema, c.table_name, c.column_name, c.data_type, c.is_nullable, NULL, NULL, NULL
FROM information_schema.columns c
WHERE {schemas} ORDER BY c.table_schema, c.table_name, c.ordinal_position
"""
_FORMS = {name: f"{name}://user:password@host:443/catalog/schema" for name in ("trino", "presto")}
_EXACT = {"boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT"}
_AS_TEXT = "CAST({0} AS varchar)"
_IN_UTC = "CAST({0} AT TIME ZONE 'UTC' AS varchar)"
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_SIZE = re.compile(r"\(\d+\)")
_TAKEN = {
    "varchar": taking.text(_AS_TEXT),
    "real": taking.floating("FLOAT", _AS_TEXT),
    "double": taking.floating("DOUBLE", _AS_TEXT),
    "number": taking.number(_AS_TEXT),
    "date": taking.parsed("DATE", _AS_TEXT),
    "time": taking.parsed("TIME", _AS_TEXT),
    "timestamp": taking.parsed("TIMESTAMP", _AS_TEXT),
    "timestamp with time zone": taking.parsed("TIMESTAMPTZ", _IN_UTC),
    "uuid": taking.parsed("UUID", _AS_TEXT),
    "json": taking.json("json_format({0})"),
    "varbinary": taking.hexed("to_hex({0})"),
    "geometry": taking.text("ST_AsText({0})"),
    "sphericalgeography": taking.text("ST_AsText(to_geometry({0}))"),
}
_SKETCHES = ("hyperloglog", "p4hyperloglog", "qdigest", "tdigest", "setdigest", "khyperloglog")
_OF_JSON = "json_format(CAST({0} AS json))"


class TrinoSession(CursorSession):
    """A connection that keeps no transaction: both engines' connectors differ in what one is."""

    def __init__(self, url: str, engine: str) -> None:
        parts = Url(url, _FORMS[engine], (engine,))
        secure = parts.flag("secure", "true" if parts.port in {443, 8443, None} or parts.password else "false")
        given: dict[str, Any] = {
            "host": parts.host, "port": parts.port or (443 if secure else 8080), "user": parts.user or "dinobase",
            "http_scheme": "https" if secure else "http", "source": "dinobase",
        }  # fmt: skip
        given |= dict(zip(("catalog", "schema"), parts.path, strict=False))
        super().__init__(lambda: _trino(given, parts.password) if engine == "trino" else _presto(given, parts.password))

    def again(self) -> None:
        """Do nothing."""

    def cancel(self) -> None:
        """Stop: a read ends with its page."""


def _trino(given: dict[str, Any], password: str) -> Any:
    import trino

    auth = trino.auth.BasicAuthentication(given["user"], password) if password else None
    open_: Any = trino.dbapi.connect  # both drivers are without types
    return open_(**given, auth=auth, timezone="UTC")


def _presto(given: dict[str, Any], password: str) -> Any:
    import prestodb

    auth = prestodb.auth.BasicAuthentication(given["user"], password) if password else None
    open_: Any = prestodb.dbapi.connect
    return open_(**given, auth=auth, session_properties={})


def connect_trino(url: str, selection: Selection) -> Session:
    """Connect to Trino."""
    del selection
    return TrinoSession(url, "trino")


def connect_presto(url: str, selection: Selection) -> Session:
    """Connect to Presto."""
    del selection
    return TrinoSession(url, "presto")


def take(native: str) -> Taken:
    """Return how a column is taken."""
    kind = native.strip().lower()
    if kind in _EXACT:
        return taking.exact(_EXACT[kind])
    if found := _DECIMAL.fullmatch(kind):
        return taking.decimal(int(found[1]), int(found[2]), _AS_TEXT)
    if kind.startswith("array("):
        element = _SIZE.sub("", kind[len("array(") : -1])
        typed = _EXACT.get(element) or (taking.TEXT if element == "varchar" else "")
        return taking.json_list(typed, _OF_JSON)
    if kind.startswith(("map(", "row(")):
        return taking.json(_OF_JSON)
    if kind.startswith(_SKETCHES):
        return taking.hexed("to_hex(CAST({0} AS varbinary))")
    return _TAKEN.get(_SIZE.sub("", kind)) or taking.text(_AS_TEXT)


def _where(selection: Selection) -> str:
    return schemas_where("c.table_schema", selection, ("information_schema",))


_CATALOG = by_sql(_COLUMNS, "", "", _where, "")
_BOUNDS = {
    "TIMESTAMP": "TIMESTAMP '{0}'",
    "TIMESTAMPTZ": "TIMESTAMP '{bare} UTC'",
    "DATE": "DATE '{0}'",
    "VARCHAR": "'{0}'",
    "": "CAST('{0}' AS {native})",
}
_CLOCK = "SELECT CAST(current_timestamp AT TIME ZONE 'UTC' AS varchar)"
TRINO = Dialect("trino", "trino", _FORMS["trino"], connect_trino, _CATALOG, take, _BOUNDS, _CLOCK, enforced=False)
PRESTO = Dialect(
    "presto", "presto-python-client", _FORMS["presto"], connect_presto, _CATALOG, take, _BOUNDS, _CLOCK, enforced=False
)
TRINO_KIND = DriverKind(TRINO)
PRESTO_KIND = DriverKind(PRESTO)
