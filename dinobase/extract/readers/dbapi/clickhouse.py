"""ClickHouse: Arrow over HTTP; tables that merge are read as merged, and then their sorting key is a key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dinobase.extract.readers.dbapi import taking
from dinobase.extract.readers.dbapi.dialect import (
    At,
    ColumnFound,
    Dialect,
    Found,
    Rows,
    Session,
    TableFound,
    schemas_where,
)
from dinobase.extract.readers.dbapi.session import Url
from dinobase.extract.readers.dbapi.source import DriverKind
from dinobase.extract.readers.dbapi.taking import Taken
from dinobase.extract.readers.options import Selection

if TYPE_CHECKING:
    import pyarrow as pa

_FORM = "clickhouse://user:password@host:8443/database?secure=true"
_SYSTEM = ("system", "information_schema", "INFORMATION_SCHEMA", "_temporary_and_external_tables")
# What hands out each message once, or takes none back.
_STREAMS = "'Kafka', 'RabbitMQ', 'NATS', 'S3Queue', 'AzureQueue', 'Null', 'FileLog'"
_COLUMNS = """
SELECT c.database, c.table, c.name, c.type, c.comment, t.comment, t.total_rows, t.engine, t.sorting_key
FROM system.columns c JOIN system.tables t ON t.database = c.database AND t.name = c.table
WHERE {schemas} AND c.default_kind <> 'EPHEMERAL' AND NOT t.is_temporary AND NOT startsWith(c.table, '.inner')
  AND t.engine NOT IN ({streams})
ORDER BY c.database, c.table, c.position
"""
_MERGING = re.compile(r"(Replicated|Shared)?(Replacing|Collapsing|VersionedCollapsing|Summing|Coalescing)MergeTree")
_SETTINGS: Mapping[str, Any] = {
    "readonly": 2,
    "output_format_arrow_string_as_string": 0,
    "output_format_arrow_low_cardinality_as_dictionary": 0,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_decimals": 0,
    "output_format_json_quote_denormals": 1,
}
_EXACT = {
    "Int8": "TINYINT", "Int16": "SMALLINT", "Int32": "INTEGER", "Int64": "BIGINT", "UInt8": "UTINYINT",
    "UInt16": "USMALLINT", "UInt32": "UINTEGER", "UInt64": "UBIGINT", "Float32": "FLOAT", "Float64": "DOUBLE",
    "Bool": "BOOLEAN",
}  # fmt: skip
_TAKEN = {
    **dict.fromkeys(("String", "FixedString"), taking.string()),
    **dict.fromkeys(("DateTime", "DateTime64"), taking.parsed("TIMESTAMPTZ", "concat(toString({0}, 'UTC'), '+00')")),
    **dict.fromkeys(("Int128", "Int256", "UInt128", "UInt256"), taking.whole("toString({0})")),
    **dict.fromkeys(("Date", "Date32"), taking.parsed("DATE", "toString({0})")),
    **dict.fromkeys(("Time", "Time64"), taking.parsed("TIME", "toString({0})")),
    **dict.fromkeys(("Enum8", "Enum16", "IPv4", "IPv6"), taking.text("CAST({0} AS Nullable(String))")),
    "UUID": taking.parsed("UUID", "toString({0})"),
    "BFloat16": taking.exact("FLOAT", "toFloat32({0})"),
    "AggregateFunction": taking.json("toJSONString(finalizeAggregation({0}))"),
}
_WRAPPED = re.compile(r"(?:Nullable|LowCardinality)\((.*)\)")
_DECIMAL = re.compile(r"Decimal\((\d+), (\d+)\)")
_LABEL = re.compile(r"'((?:[^'\\]|\\.)*)' = -?\d+")


class ClickHouseSession:
    """A client; a query sees the parts that there are when it begins."""

    def __init__(self, url: str) -> None:
        import clickhouse_connect

        parts = Url(url, _FORM, ("clickhouse", "clickhouses", "http", "https"))
        secure = parts.scheme in {"clickhouses", "https"} or parts.flag("secure") or parts.port in {443, 8443}
        self.database = parts.path[0] if parts.path else ""
        self._client = clickhouse_connect.get_client(
            host=parts.host,
            port=parts.port or (8443 if secure else 8123),
            username=parts.user or "default",
            password=parts.password,
            database=self.database or "__default__",
            secure=secure,
            verify=parts.flag("verify", "true"),
            autogenerate_session_id=False,
            client_name="dinobase",
            settings=dict(_SETTINGS),
        )

    def rows(self, sql: str) -> Rows:
        """Run a query and return all its rows."""
        found: Rows = self._client.query(sql).result_rows
        return found

    def batches(self, sql: str) -> Iterator[pa.Table]:
        """Run a query and give its blocks."""
        with self._client.query_arrow_stream(sql, use_strings=False) as stream:
            yield from stream

    def again(self) -> None:
        """Do nothing: there are no transactions."""

    def cancel(self) -> None:
        """Stop: a read ends with its block."""

    def close(self) -> None:
        """Disconnect."""
        self._client.close()


def connect(url: str, selection: Selection) -> Session:
    """Connect."""
    del selection
    return ClickHouseSession(url)


def catalog(session: Session, selection: Selection) -> Found:
    """Read the catalogue."""
    current = str(session.rows("SELECT currentDatabase()")[0][0])
    where = schemas_where("c.database", selection, _SYSTEM)
    if not selection.schemas and isinstance(session, ClickHouseSession) and session.database:
        where = "c.database = currentDatabase()"
    columns = []
    tables: dict[At, TableFound] = {}
    keys: dict[At, str] = {}
    for s, t, c, native, about, about_table, count, engine, sorting in session.rows(
        _COLUMNS.format(schemas=where, streams=_STREAMS)
    ):
        nullable = native.startswith(("Nullable(", "LowCardinality(Nullable("))
        columns.append(ColumnFound((s, t), c, native, nullable, about, _labels(native)))
        merging = bool(_MERGING.fullmatch(engine))
        tables[s, t] = TableFound(about_table, -1 if count is None else int(count), " FINAL" if merging else "")
        if merging:
            keys[s, t] = sorting
    filled = {(c.at, c.name) for c in columns if not c.nullable}
    plain = {at: tuple(name.strip(" `") for name in key.split(",")) for at, key in keys.items() if key}
    fit = {at: key for at, key in plain.items() if all((at, name) in filled for name in key)}
    return Found(columns, tables, fit, (), current)


def _labels(native: str) -> tuple[str, ...]:
    if not _plain(native).startswith("Enum"):
        return ()
    return tuple(re.sub(r"\\(.)", r"\1", label) for label in _LABEL.findall(native))


def _plain(native: str) -> str:
    """Return a type without what says that values may be missing or are few, and of what they are made of."""
    if native.startswith("SimpleAggregateFunction("):
        native = native[:-1].partition(", ")[2]
    while found := _WRAPPED.fullmatch(native):
        native = found[1]
    return native


def take(native: str) -> Taken:
    """Return how a column is taken."""
    kind = _plain(native)
    name = kind.partition("(")[0]
    if kind in _EXACT:
        return taking.exact(_EXACT[kind])
    if found := _DECIMAL.fullmatch(kind):
        return taking.decimal(int(found[1]), int(found[2]), "toString({0})")
    if name == "Array":
        return _array(kind)
    if name.startswith("Interval"):
        name = "Enum8"
    return _TAKEN.get(name) or taking.json("toJSONString({0})")


def _array(kind: str) -> Taken:
    element = _plain(kind[len("Array(") : -1])
    if element in _EXACT:
        return taking.exact(f"{_EXACT[element]}[]")
    typed = {"String": taking.TEXT, "UUID": "UUID", "Date": "DATE", "Date32": "DATE"}
    return taking.json_list(typed.get(element, ""), "toJSONString({0})")


CLICKHOUSE = Dialect(
    "clickhouse",
    "clickhouse-connect",
    _FORM,
    connect,
    catalog,
    take,
    {"TIMESTAMPTZ": "toDateTime64('{bare}', 9, 'UTC')", "": "CAST('{0}' AS {native})"},
    "SELECT toString(now('UTC'))",
    quote="\\`",
    escapes=True,
    enforced=False,
)
KIND = DriverKind(CLICKHOUSE)
