"""Snowflake: Arrow as it sends it; moments have nine digits of a second and are asked for as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from dinobase.extract.readers.dbapi import taking
from dinobase.extract.readers.dbapi.dialect import (
    Dialect,
    Found,
    Rows,
    Session,
    described,
    keys_of,
    links_of,
    schemas_where,
)
from dinobase.extract.readers.dbapi.session import CursorSession, Url
from dinobase.extract.readers.dbapi.source import DriverKind
from dinobase.extract.readers.dbapi.taking import Taken
from dinobase.extract.readers.options import Selection

if TYPE_CHECKING:
    import pyarrow as pa

_FORM = "snowflake://user:password@account/database/schema?warehouse=W&role=R"
_COLUMNS = """
SELECT c.table_schema, c.table_name, c.column_name,
  CASE WHEN c.data_type = 'NUMBER' THEN 'NUMBER(' || c.numeric_precision || ',' || c.numeric_scale || ')'
    ELSE c.data_type END,
  c.is_nullable, c.comment, t.comment, t.row_count
FROM information_schema.columns c
JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
WHERE {schemas}
ORDER BY c.table_schema, c.table_name, c.ordinal_position
"""
_NUMBER = re.compile(r"NUMBER\((\d+),(\d+)\)")
_MOMENT = "TO_VARCHAR({0}, 'YYYY-MM-DD HH24:MI:SS.FF9')"
_INSTANT = "TO_VARCHAR(CONVERT_TIMEZONE('UTC', {0}), 'YYYY-MM-DD HH24:MI:SS.FF9') || '+00'"
_TAKEN = {
    "FLOAT": taking.exact("DOUBLE"),
    "DECFLOAT": taking.number("TO_VARCHAR({0})"),
    "BOOLEAN": taking.exact("BOOLEAN"),
    "BINARY": taking.exact("BLOB"),
    "DATE": taking.parsed("DATE", "TO_VARCHAR({0}, 'YYYY-MM-DD')"),
    "TIME": taking.parsed("TIME", "TO_VARCHAR({0}, 'HH24:MI:SS.FF9')"),
    "TIMESTAMP_NTZ": taking.parsed("TIMESTAMP", _MOMENT),
    "TIMESTAMP_LTZ": taking.parsed("TIMESTAMPTZ", _INSTANT),
    "TIMESTAMP_TZ": taking.parsed("TIMESTAMPTZ", _INSTANT),
    "UUID": taking.parsed("UUID", "TO_VARCHAR({0})"),
    "VARIANT": taking.json("TO_JSON({0})"),
    "OBJECT": taking.json("TO_JSON({0})"),
    "ARRAY": taking.json("TO_JSON({0})"),
    "MAP": taking.json("TO_JSON({0}::VARIANT)"),
    "VECTOR": taking.json("TO_JSON({0}::ARRAY)"),
    "GEOGRAPHY": taking.text("ST_ASWKT({0})"),
    "GEOMETRY": taking.text("ST_ASWKT({0})"),
    "TEXT": taking.text(),
}
_KEY = ("schema_name", "table_name", "constraint_name", "column_name")
_LINK = ("fk_schema_name", "fk_table_name", "fk_name", "fk_column_name", "pk_schema_name", "pk_table_name", "pk_column_name")  # fmt: skip  # noqa: E501


class SnowflakeSession(CursorSession):
    """A session in UTC; what it starts is tagged, so that an account's history tells it."""

    def __init__(self, url: str) -> None:
        import snowflake.connector

        parts = Url(url, _FORM, ("snowflake",))
        given: dict[str, Any] = {
            "account": parts.options.get("account") or parts.host, "user": parts.user, "password": parts.password,
            "database": parts.path[0] if parts.path else None, "schema": parts.path[1] if len(parts.path) > 1 else None,
            "login_timeout": 60, "application": "dinobase", "autocommit": True,
            "session_parameters": {"TIMEZONE": "UTC", "QUERY_TAG": "dinobase", **_parameters(parts.options)},
        }  # fmt: skip
        said = ("warehouse", "role", "authenticator", "token", "private_key_file", "private_key_file_pwd", "host")
        given |= {name: parts.options[name] for name in (*said, "protocol") if name in parts.options}
        if "port" in parts.options:
            given["port"] = int(parts.options["port"])
        super().__init__(lambda: snowflake.connector.connect(**{k: v for k, v in given.items() if v is not None}))

    def batches(self, sql: str) -> Iterator[pa.Table]:
        """Run a query and give its chunks."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(sql)
            yield from cursor.fetch_arrow_batches()

    def named(self, sql: str, columns: Sequence[str]) -> Rows:
        """Run a SHOW and return some of its columns."""
        with closing(self._connection.cursor()) as cursor:
            cursor.execute(sql)
            at = {column[0].lower(): n for n, column in enumerate(cursor.description)}
            return [tuple(row[at[name]] for name in columns) for row in cursor.fetchall()]


def _parameters(options: Mapping[str, str]) -> dict[str, str]:
    """Return session parameters that the connection string sets: `session_NAME=value`."""
    return {name[8:]: value for name, value in options.items() if name.startswith("session_")}


def connect(url: str, selection: Selection) -> Session:
    """Connect."""
    del selection
    return SnowflakeSession(url)


def catalog(session: Session, selection: Selection) -> Found:
    """Read the catalogue of the database; keys are declared there and not held to."""
    assert isinstance(session, SnowflakeSession)
    where = schemas_where("c.table_schema", selection, ("INFORMATION_SCHEMA",))
    columns, tables = described(session.rows(_COLUMNS.format(schemas=where)))
    keys: list[Sequence[Any]] = []
    links: list[Sequence[Any]] = []
    for schema in sorted({c.at[0] for c in columns}):
        place = SNOWFLAKE.quoted(schema)
        keys += _ordered(session.named(f"SHOW PRIMARY KEYS IN SCHEMA {place}", (*_KEY, "key_sequence")))
        links += _ordered(session.named(f"SHOW IMPORTED KEYS IN SCHEMA {place}", (*_LINK, "key_sequence")))
    first = session.rows("SELECT CURRENT_SCHEMA()")[0][0]
    return Found(columns, tables, keys_of(keys), links_of(links), first or "PUBLIC")


def _ordered(rows: Rows) -> Rows:
    """Put the columns of each key in its order, which comes last."""
    return [row[:-1] for row in sorted(rows, key=lambda r: (*r[:3], int(r[-1])))]


def take(native: str) -> Taken:
    """Return how a column is taken."""
    if found := _NUMBER.fullmatch(native):
        digits, scale = int(found[1]), int(found[2])
        if scale == 0:
            return taking.integer(digits, "{0}", "TO_VARCHAR({0})")
        return taking.decimal(digits, scale, "TO_VARCHAR({0})")
    return _TAKEN.get(native.partition("(")[0]) or taking.text("TO_VARCHAR({0})")


SNOWFLAKE = Dialect(
    "snowflake",
    "snowflake-connector-python",
    _FORM,
    connect,
    catalog,
    take,
    {
        "TIMESTAMP": "'{0}'::TIMESTAMP_NTZ",
        "TIMESTAMPTZ": "'{bare} +0000'::TIMESTAMP_TZ",
        "DATE": "'{0}'::DATE",
        "VARCHAR": "'{0}'",
        "": "{0}",
    },
    "SELECT TO_VARCHAR(SYSDATE(), 'YYYY-MM-DD HH24:MI:SS')",
    escapes=True,
    enforced=False,
)
KIND = DriverKind(SNOWFLAKE)
