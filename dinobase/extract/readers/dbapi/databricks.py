"""Databricks SQL: one catalogue of Unity; Arrow as the warehouse sends it, nested values as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from dinobase.extract.readers.dbapi import taking
from dinobase.extract.readers.dbapi.dialect import Dialect, Session, by_sql, schemas_where
from dinobase.extract.readers.dbapi.session import CursorSession, Url
from dinobase.extract.readers.dbapi.source import DriverKind
from dinobase.extract.readers.dbapi.taking import Taken
from dinobase.extract.readers.options import Selection

if TYPE_CHECKING:
    import pyarrow as pa

_FORM = "databricks://token:TOKEN@host/catalog/schema?http_path=/sql/1.0/warehouses/ID"
_COLUMNS = """
SELECT c.table_schema, c.table_name, c.column_name, c.full_data_type, c.is_nullable, c.comment, t.comment, NULL
FROM information_schema.columns c
JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE {schemas} ORDER BY c.table_schema, c.table_name, c.ordinal_position
"""
_KEYS = """
SELECT c.table_schema, c.table_name, c.constraint_name, k.column_name
FROM information_schema.table_constraints c
JOIN information_schema.key_column_usage k
  ON k.constraint_schema = c.constraint_schema AND k.constraint_name = c.constraint_name
  AND k.table_schema = c.table_schema AND k.table_name = c.table_name
WHERE c.constraint_type = 'PRIMARY KEY' AND {schemas}
ORDER BY c.table_schema, c.table_name, c.constraint_name, k.ordinal_position
"""
_LINKS = """
SELECT c.table_schema, c.table_name, c.constraint_name, c.column_name, u.table_schema, u.table_name, u.column_name
FROM information_schema.referential_constraints r
JOIN information_schema.key_column_usage c
  ON c.constraint_schema = r.constraint_schema AND c.constraint_name = r.constraint_name
JOIN information_schema.key_column_usage u
  ON u.constraint_schema = r.unique_constraint_schema AND u.constraint_name = r.unique_constraint_name
  AND u.ordinal_position = c.position_in_unique_constraint
WHERE {schemas} ORDER BY c.table_schema, c.table_name, c.constraint_name, c.ordinal_position
"""
_AT_ONCE = 20_000
_EXACT = {
    "boolean": "BOOLEAN", "tinyint": "TINYINT", "byte": "TINYINT", "smallint": "SMALLINT", "short": "SMALLINT",
    "int": "INTEGER", "integer": "INTEGER", "bigint": "BIGINT", "long": "BIGINT", "float": "FLOAT", "real": "FLOAT",
    "double": "DOUBLE", "binary": "BLOB",
}  # fmt: skip
_DECIMAL = re.compile(r"(?:decimal|dec|numeric)\((\d+),\s*(\d+)\)")
_AS_TEXT = "CAST({0} AS STRING)"
_TAKEN = {
    "date": taking.parsed("DATE", _AS_TEXT),
    "timestamp_ntz": taking.parsed("TIMESTAMP", _AS_TEXT),
    "timestamp": taking.parsed("TIMESTAMPTZ", "concat(CAST({0} AS STRING), '+00')"),
    "timestamp_ltz": taking.parsed("TIMESTAMPTZ", "concat(CAST({0} AS STRING), '+00')"),
    "string": taking.text(),
    "geography": taking.text("st_astext({0})"),
    "geometry": taking.text("st_astext({0})"),
}
_NESTED = ("map<", "struct<", "variant", "object")
_IN_LISTS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "BOOLEAN"}


class DatabricksSession(CursorSession):
    """A session in UTC."""

    def __init__(self, url: str) -> None:
        from databricks import sql

        parts = Url(url, _FORM, ("databricks",))
        given: dict[str, Any] = {
            "server_hostname": parts.host, "http_path": parts.options.get("http_path", ""),
            "access_token": parts.password, "session_configuration": {"timezone": "UTC"},
            "user_agent_entry": "dinobase",
        }  # fmt: skip
        given |= dict(zip(("catalog", "schema"), parts.path, strict=False))
        if parts.port:
            given["_port"] = parts.port
        super().__init__(lambda: sql.connect(**given))

    def batches(self, sql: str) -> Iterator[pa.Table]:
        """Run a query and give its rows as Arrow's."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(sql)
            while len(table := cursor.fetchmany_arrow(_AT_ONCE)):
                yield table


def connect(url: str, selection: Selection) -> Session:
    """Connect."""
    del selection
    return DatabricksSession(url)


def take(native: str) -> Taken:
    """Return how a column is taken."""
    kind = native.strip().lower()
    if kind in _EXACT:
        return taking.exact(_EXACT[kind])
    if found := _DECIMAL.fullmatch(kind):
        return taking.decimal(int(found[1]), int(found[2]), _AS_TEXT)
    if kind.startswith("array<"):
        element = kind[6:-1]
        typed = taking.TEXT if element == "string" else _EXACT.get(element, "")
        return taking.json_list(typed if typed in {*_IN_LISTS, taking.TEXT} else "", "to_json({0})")
    if kind.startswith(_NESTED):
        return taking.json("to_json({0})")
    return _TAKEN.get(kind.partition("(")[0]) or taking.text(_AS_TEXT)


def _where(selection: Selection) -> str:
    return schemas_where("c.table_schema", selection, ("information_schema",))


DATABRICKS = Dialect(
    "databricks",
    "databricks-sql-connector",
    _FORM,
    connect,
    by_sql(_COLUMNS, _KEYS, _LINKS, _where, "SELECT current_schema()"),
    take,
    {
        "TIMESTAMPTZ": "TIMESTAMP '{0}:00'",
        "TIMESTAMP": "TIMESTAMP_NTZ '{0}'",
        "DATE": "DATE '{0}'",
        "VARCHAR": "'{0}'",
        "": "{0}",
    },
    "SELECT date_format(current_timestamp(), 'yyyy-MM-dd HH:mm:ss')",
    quote="`",
    escapes=True,
    enforced=False,
)
KIND = DriverKind(DATABRICKS)
