"""Microsoft SQL Server and Azure SQL: one SNAPSHOT transaction where the database allows it.

Moments have seven digits of a second, of which the driver keeps six: they and all decimals are asked for as text.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import Any

from dinobase.extract.readers.dbapi import taking
from dinobase.extract.readers.dbapi.dialect import Dialect, Session, by_sql, schemas_where
from dinobase.extract.readers.dbapi.session import CursorSession, Url
from dinobase.extract.readers.dbapi.source import DriverKind
from dinobase.extract.readers.dbapi.taking import Taken
from dinobase.extract.readers.options import Selection

_FORM = "mssql://user:password@host:1433/database?encrypt=true"
_COLUMNS = """
SELECT s.name, o.name, c.name,
  CASE WHEN u.is_assembly_type = 1 OR b.name IS NULL THEN u.name ELSE b.name END
    + CASE WHEN b.name IN ('decimal', 'numeric')
      THEN '(' + CAST(c.precision AS varchar(3)) + ',' + CAST(c.scale AS varchar(3)) + ')' ELSE '' END,
  c.is_nullable, CAST(e.value AS nvarchar(4000)), CAST(x.value AS nvarchar(4000)),
  (SELECT SUM(p.rows) FROM sys.partitions p WHERE p.object_id = o.object_id AND p.index_id IN (0, 1))
FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
JOIN sys.columns c ON c.object_id = o.object_id
JOIN sys.types u ON u.user_type_id = c.user_type_id
LEFT JOIN sys.types b ON b.user_type_id = c.system_type_id
LEFT JOIN sys.extended_properties e
  ON e.class = 1 AND e.major_id = o.object_id AND e.minor_id = c.column_id AND e.name = 'MS_Description'
LEFT JOIN sys.extended_properties x
  ON x.class = 1 AND x.major_id = o.object_id AND x.minor_id = 0 AND x.name = 'MS_Description'
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0 AND {schemas}
  AND HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'SELECT') = 1
ORDER BY s.name, o.name, c.column_id
"""
_KEYS = """
SELECT s.name, o.name, i.name, c.name
FROM sys.indexes i JOIN sys.objects o ON o.object_id = i.object_id JOIN sys.schemas s ON s.schema_id = o.schema_id
JOIN sys.index_columns k ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.is_included_column = 0
JOIN sys.columns c ON c.object_id = i.object_id AND c.column_id = k.column_id
WHERE i.is_unique = 1 AND i.is_disabled = 0 AND i.has_filter = 0 AND o.type = 'U' AND {schemas}
  AND NOT EXISTS (SELECT 1 FROM sys.index_columns n JOIN sys.columns m
    ON m.object_id = n.object_id AND m.column_id = n.column_id
    WHERE n.object_id = i.object_id AND n.index_id = i.index_id AND n.is_included_column = 0 AND m.is_nullable = 1)
ORDER BY s.name, o.name, i.is_primary_key DESC, i.index_id, k.key_ordinal
"""
_LINKS = """
SELECT s.name, o.name, f.name, c.name, rs.name, r.name, rc.name
FROM sys.foreign_keys f JOIN sys.objects o ON o.object_id = f.parent_object_id
JOIN sys.schemas s ON s.schema_id = o.schema_id
JOIN sys.objects r ON r.object_id = f.referenced_object_id JOIN sys.schemas rs ON rs.schema_id = r.schema_id
JOIN sys.foreign_key_columns k ON k.constraint_object_id = f.object_id
JOIN sys.columns c ON c.object_id = k.parent_object_id AND c.column_id = k.parent_column_id
JOIN sys.columns rc ON rc.object_id = k.referenced_object_id AND rc.column_id = k.referenced_column_id
WHERE {schemas} ORDER BY s.name, o.name, f.name, k.constraint_column_id
"""
_SNAPSHOT = "SELECT snapshot_isolation_state FROM sys.databases WHERE database_id = DB_ID()"
# Without the second one the driver's library cuts texts after 64 kB.
_SETTINGS = ("SET QUOTED_IDENTIFIER ON", "SET TEXTSIZE 2147483647", "SET DATEFORMAT ymd", "SET NOCOUNT ON")
_EXACT = {
    "bit": "BOOLEAN", "tinyint": "UTINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT",
    "real": "FLOAT", "float": "DOUBLE",
}  # fmt: skip
_DECIMAL = re.compile(r"(?:decimal|numeric)\((\d+),(\d+)\)")
_MOMENT = "CONVERT(varchar(27), {0}, 121)"
_BASE = "CAST(SQL_VARIANT_PROPERTY({0}, 'BaseType') AS varchar(30))"
_VARIANT = (  # as they are, floats would come with six digits
    f"CASE WHEN {_BASE} IN ('float', 'real') THEN CONVERT(nvarchar(4000), CAST({{0}} AS float), 3) "
    f"WHEN {_BASE} LIKE '%binary' THEN CONVERT(nvarchar(4000), CAST({{0}} AS varbinary(8000)), 1) "
    "ELSE CONVERT(nvarchar(4000), {0}, 121) END"
)
_TAKEN = {
    "money": taking.decimal(19, 4, "CONVERT(varchar(30), {0}, 2)"),
    "smallmoney": taking.decimal(10, 4, "CONVERT(varchar(30), {0}, 2)"),
    "date": taking.parsed("DATE", "CONVERT(varchar(10), {0}, 23)"),
    "time": taking.parsed("TIME", "CONVERT(varchar(16), {0}, 121)"),
    "datetime": taking.parsed("TIMESTAMP", _MOMENT),
    "datetime2": taking.parsed("TIMESTAMP", _MOMENT),
    "smalldatetime": taking.parsed("TIMESTAMP", _MOMENT),
    "datetimeoffset": taking.parsed(
        "TIMESTAMPTZ", "CONVERT(varchar(27), CAST(SWITCHOFFSET({0}, 0) AS datetime2), 121) + '+00'"
    ),
    "uniqueidentifier": taking.parsed("UUID", "CONVERT(char(36), {0})"),
    "json": taking.json("CAST({0} AS nvarchar(max))"),
    "vector": taking.json("CAST({0} AS nvarchar(max))"),
    "sql_variant": taking.text(_VARIANT),
    "hierarchyid": taking.text("{0}.ToString()"),
    "geometry": taking.text("{0}.AsTextZM()"),
    "geography": taking.text("{0}.AsTextZM()"),
}
_BYTES = {"binary", "varbinary", "image", "timestamp", "rowversion"}


class MssqlSession(CursorSession):
    """A connection that says it only reads."""

    def __init__(self, url: str) -> None:
        import pymssql

        parts = Url(url, _FORM, ("mssql", "sqlserver"))

        def connect() -> Any:
            return pymssql.connect(
                server=parts.host, port=str(parts.port or 1433), user=parts.user or None,
                password=parts.password or None, database="/".join(parts.path), autocommit=True, appname="dinobase",
                login_timeout=20, read_only=True, tds_version=parts.options.get("tds_version", "7.4"),
                encryption="require" if parts.flag("encrypt", "true") else "off",
            )  # fmt: skip

        super().__init__(connect)
        with closing(self._connection.cursor()) as cursor:
            for statement in _SETTINGS:
                cursor.execute(statement)
        self._snapshot = [int(row[0]) for row in self.rows(_SNAPSHOT)] == [1]

    def again(self) -> None:
        """Begin a transaction of one state, where the database keeps old versions of rows."""
        if not self._snapshot:
            return
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")
            cursor.execute("SET TRANSACTION ISOLATION LEVEL SNAPSHOT")
            cursor.execute("BEGIN TRANSACTION")


def connect(url: str, selection: Selection) -> Session:
    """Connect."""
    del selection
    return MssqlSession(url)


def take(native: str) -> Taken:
    """Return how a column is taken."""
    if native in _EXACT:
        return taking.exact(_EXACT[native])
    if found := _DECIMAL.fullmatch(native):
        return taking.decimal(int(found[1]), int(found[2]), "CONVERT(varchar(41), {0})")
    if native in _BYTES:
        return taking.exact("BLOB", "CAST({0} AS varbinary(max))")
    return _TAKEN.get(native) or taking.text("CAST({0} AS nvarchar(max))")


def _where(selection: Selection) -> str:
    return schemas_where("s.name", selection, ("sys", "INFORMATION_SCHEMA"))


MSSQL = Dialect(
    "mssql",
    "pymssql",
    _FORM,
    connect,
    by_sql(_COLUMNS, _KEYS, _LINKS, _where, "SELECT SCHEMA_NAME()"),
    take,
    {
        "TIMESTAMP": "CAST('{0}' AS datetime2)",
        "TIMESTAMPTZ": "CAST('{bare} +00:00' AS datetimeoffset)",
        "DATE": "CAST('{0}' AS date)",
        "": "N'{0}'",
    },
    "SELECT CONVERT(varchar(19), SYSUTCDATETIME(), 120)",
)
KIND = DriverKind(MSSQL)
