"""Oracle: all tables of a run are read in one READ ONLY transaction, whose state is that of its begin.

Its numbers have 40 digits and no zone is in its DATEs, which are moments: what is no whole number is asked for as text.
"""

from __future__ import annotations

import re
from contextlib import closing, suppress
from typing import Any

from dinobase.extract.readers.dbapi import taking
from dinobase.extract.readers.dbapi.dialect import Dialect, Session, by_sql, text
from dinobase.extract.readers.dbapi.session import CursorSession, Url
from dinobase.extract.readers.dbapi.source import DriverKind
from dinobase.extract.readers.dbapi.taking import Taken
from dinobase.extract.readers.options import Selection

_FORM = "oracle://user:password@host:1521/service"
# An object's attributes have no form of their own: only XML is read of those types.
_COLUMNS = """
SELECT c.owner, c.table_name, c.column_name,
  CASE WHEN c.data_type = 'NUMBER' AND c.data_scale IS NOT NULL
    THEN 'NUMBER(' || NVL(c.data_precision, 38) || ',' || c.data_scale || ')' ELSE c.data_type END,
  c.nullable, cc.comments, tc.comments, t.num_rows
FROM all_tab_columns c
LEFT JOIN all_tables t ON t.owner = c.owner AND t.table_name = c.table_name
LEFT JOIN all_views v ON v.owner = c.owner AND v.view_name = c.table_name
LEFT JOIN all_col_comments cc
  ON cc.owner = c.owner AND cc.table_name = c.table_name AND cc.column_name = c.column_name
LEFT JOIN all_tab_comments tc ON tc.owner = c.owner AND tc.table_name = c.table_name
WHERE (t.table_name IS NOT NULL OR v.view_name IS NOT NULL) AND {schemas}
  AND (c.data_type_owner IS NULL OR c.data_type = 'XMLTYPE') AND c.table_name NOT LIKE 'BIN$%'
ORDER BY c.owner, c.table_name, c.column_id
"""
_KEYS = """
SELECT c.owner, c.table_name, c.constraint_name, k.column_name
FROM all_constraints c JOIN all_cons_columns k ON k.owner = c.owner AND k.constraint_name = c.constraint_name
WHERE c.constraint_type IN ('P', 'U') AND c.status = 'ENABLED' AND {schemas}
  AND NOT EXISTS (SELECT 1 FROM all_cons_columns n JOIN all_tab_columns m
    ON m.owner = n.owner AND m.table_name = n.table_name AND m.column_name = n.column_name
    WHERE n.owner = c.owner AND n.constraint_name = c.constraint_name AND m.nullable = 'Y')
ORDER BY c.owner, c.table_name, c.constraint_type, c.constraint_name, k.position
"""
_LINKS = """
SELECT c.owner, c.table_name, c.constraint_name, k.column_name, r.owner, r.table_name, r.column_name
FROM all_constraints c
JOIN all_cons_columns k ON k.owner = c.owner AND k.constraint_name = c.constraint_name
JOIN all_cons_columns r
  ON r.owner = c.r_owner AND r.constraint_name = c.r_constraint_name AND r.position = k.position
WHERE c.constraint_type = 'R' AND {schemas}
ORDER BY c.owner, c.table_name, c.constraint_name, k.position
"""
_SETTINGS = ("ALTER SESSION SET TIME_ZONE = '+00:00'", "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,'")
_BEGIN = "SET TRANSACTION READ ONLY"
_NUMBER = re.compile(r"NUMBER\((\d+),(-?\d+)\)")
_SIZE = re.compile(r"\(\d+\)")
_DIGITS = "TO_CHAR({0}, 'TM9')"
_SECONDS = "LTRIM(TO_CHAR({0}, 'SYYYY-MM-DD HH24:MI:SS'))"
_MOMENT = "LTRIM(TO_CHAR({0}, 'SYYYY-MM-DD HH24:MI:SS.FF9'))"
_INSTANT = "LTRIM(TO_CHAR(SYS_EXTRACT_UTC({0}), 'SYYYY-MM-DD HH24:MI:SS.FF9\"+00\"'))"
_TAKEN = {
    "NUMBER": taking.number(_DIGITS),
    "FLOAT": taking.number(_DIGITS),
    "BINARY_FLOAT": taking.exact("FLOAT"),
    "BINARY_DOUBLE": taking.exact("DOUBLE"),
    "BOOLEAN": taking.exact("BOOLEAN"),
    "DATE": taking.parsed("TIMESTAMP", _SECONDS),
    "TIMESTAMP": taking.parsed("TIMESTAMP", _MOMENT),
    "TIMESTAMP WITH TIME ZONE": taking.parsed("TIMESTAMPTZ", _INSTANT),
    "TIMESTAMP WITH LOCAL TIME ZONE": taking.parsed("TIMESTAMPTZ", _INSTANT),
    "JSON": taking.json("JSON_SERIALIZE({0} RETURNING CLOB)"),
    "VECTOR": taking.json("VECTOR_SERIALIZE({0} RETURNING CLOB)"),
    "XMLTYPE": taking.text("XMLSERIALIZE(CONTENT {0} AS CLOB)"),
    "RAW": taking.exact("BLOB"),
    "LONG RAW": taking.exact("BLOB"),
    "BLOB": taking.exact("BLOB"),
    "BFILE": taking.text("CAST(NULL AS VARCHAR2(1))"),
    "ROWID": taking.text("ROWIDTOCHAR({0})"),
    "UROWID": taking.text("CAST({0} AS VARCHAR2(4000))"),
}


class OracleSession(CursorSession):
    """A connection without the vendor's client library; long values come whole, not as a handle."""

    def __init__(self, url: str) -> None:
        import oracledb

        parts = Url(url, _FORM, ("oracle",))
        oracledb.defaults.fetch_lobs = False

        def connect() -> Any:
            return oracledb.connect(
                user=parts.user, password=parts.password, host=parts.host, port=parts.port or 1521,
                service_name="/".join(parts.path), tcp_connect_timeout=20,
                protocol=parts.options.get("protocol", "tcp"), wallet_location=parts.options.get("wallet") or None,
            )  # fmt: skip

        super().__init__(connect)
        with closing(self._connection.cursor()) as cursor:
            for statement in _SETTINGS:
                cursor.execute(statement)

    def again(self) -> None:
        """Begin a transaction of one state."""
        with suppress(Exception):  # where there is nothing to roll back
            self._connection.rollback()
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(_BEGIN)


def connect(url: str, selection: Selection) -> Session:
    """Connect."""
    del selection
    return OracleSession(url)


def take(native: str) -> Taken:
    """Return how a column is taken."""
    if found := _NUMBER.fullmatch(native):
        digits, scale = int(found[1]), int(found[2])
        if scale == 0:
            return taking.integer(digits, "{0}", _DIGITS)
        digits = max(digits, scale)
        return taking.decimal(digits, scale, _DIGITS)
    plain = _SIZE.sub("", native)
    if plain.startswith("INTERVAL"):
        return taking.text("TO_CHAR({0})")
    return _TAKEN.get(plain) or taking.text()


def _where(selection: Selection) -> str:
    if selection.schemas:
        return f"c.owner IN ({', '.join(map(text, selection.schemas))})"
    return "c.owner NOT IN (SELECT username FROM all_users WHERE oracle_maintained = 'Y')"


ORACLE = Dialect(
    "oracle",
    "oracledb",
    _FORM,
    connect,
    by_sql(_COLUMNS, _KEYS, _LINKS, _where, "SELECT SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') FROM dual"),
    take,
    {
        "TIMESTAMP": "TO_TIMESTAMP('{0}', 'YYYY-MM-DD HH24:MI:SS.FF')",
        "TIMESTAMPTZ": "FROM_TZ(TO_TIMESTAMP('{bare}', 'YYYY-MM-DD HH24:MI:SS.FF'), 'UTC')",
        "VARCHAR": "'{0}'",
        "": "{0}",
    },
    "SELECT TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD HH24:MI:SS') FROM dual",
)
KIND = DriverKind(ORACLE)
