"""What each engine is asked, where no server of it can be had here: its SQL parses as its own, each type has a place."""

# ruff: noqa: E501 - one line an engine

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot

from dinobase.core.errors import UsageError
from dinobase.extract.readers.dbapi.dialect import Dialect, Rows
from dinobase.extract.readers.dbapi.session import Url
from dinobase.extract.readers.dbapi.source import DriverKind
from dinobase.extract.readers.options import Selection
from dinobase.sync import registry
from tests.databases.desk import Desk

# engine, module and value, its driver's module, a connection string, sqlglot's name of its SQL
ENGINES = [
    ("bigquery", "bigquery.BIGQUERY", "google.cloud", "bigquery://project/shop", "bigquery"),
    ("clickhouse", "clickhouse.CLICKHOUSE", "clickhouse_connect", "clickhouse://127.0.0.1:1/shop", "clickhouse"),
    ("cockroachdb", "pgwire.COCKROACHDB", "psycopg", "cockroachdb://127.0.0.1:1/shop", "postgres"),
    ("databricks", "databricks.DATABRICKS", "databricks", "databricks://token:t@127.0.0.1/main/shop?http_path=/x", "databricks"),
    ("mssql", "mssql.MSSQL", "pymssql", "mssql://u:p@127.0.0.1:1/shop", "tsql"),
    ("oracle", "oracle.ORACLE", "oracledb", "oracle://u:p@127.0.0.1:1/shop", "oracle"),
    ("presto", "trino.PRESTO", "prestodb", "presto://127.0.0.1:1/hive/shop", "presto"),
    ("redshift", "pgwire.REDSHIFT", "psycopg", "redshift://127.0.0.1:1/shop", "redshift"),
    ("snowflake", "snowflake.SNOWFLAKE", "snowflake", "snowflake://u:p@account/DB/SHOP", "snowflake"),
    ("trino", "trino.TRINO", "trino", "trino://127.0.0.1:1/hive/shop", "trino"),
]  # fmt: skip
# engine -> native type -> the type that is tried first
TYPES = {
    "bigquery": {
        "INTEGER": "BIGINT", "FLOAT": "DOUBLE", "BOOLEAN": "BOOLEAN", "STRING": "VARCHAR", "STRING(5)": "VARCHAR", "BYTES": "BLOB",
        "DATE": "DATE", "TIME": "TIME", "DATETIME": "TIMESTAMP", "TIMESTAMP": "TIMESTAMPTZ", "NUMERIC": "DECIMAL(38,9)",
        "NUMERIC(10,2)": "DECIMAL(10,2)", "BIGNUMERIC": "DECIMAL(38,9)", "JSON": "JSON", "RECORD": "JSON", "GEOGRAPHY": "VARCHAR",
        "INTERVAL": "VARCHAR", "RANGE": "VARCHAR", "ARRAY<INTEGER>": "BIGINT[]", "ARRAY<STRING>": "VARCHAR[]", "ARRAY<RECORD>": "JSON", "ARRAY<NUMERIC>": "JSON",
    },
    "clickhouse": {
        "UInt64": "UBIGINT", "Nullable(Int8)": "TINYINT", "LowCardinality(Nullable(String))": "VARCHAR", "Bool": "BOOLEAN", "Float32": "FLOAT", "BFloat16": "FLOAT",
        "Decimal(10, 2)": "DECIMAL(10,2)", "Decimal(76, 10)": "DECIMAL(38,9)", "UInt256": "DECIMAL(38,0)", "FixedString(3)": "VARCHAR", "UUID": "UUID",
        "DateTime": "TIMESTAMPTZ", "DateTime64(9, 'Europe/Berlin')": "TIMESTAMPTZ", "Date32": "DATE", "Time64(3)": "TIME", "Enum8('a' = 1)": "VARCHAR", "IPv6": "VARCHAR",
        "IntervalDay": "VARCHAR", "Array(Int64)": "BIGINT[]", "Array(Nullable(String))": "VARCHAR[]", "Array(UUID)": "UUID[]", "Array(Array(Int8))": "JSON",
        "Map(String, UInt8)": "JSON", "Tuple(a Int8, b String)": "JSON", "JSON": "JSON", "Variant(Int8, String)": "JSON", "Point": "JSON",
        "AggregateFunction(sum, Int64)": "JSON", "SimpleAggregateFunction(max, Nullable(Int32))": "INTEGER",
    },
    "databricks": {
        "boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT", "float": "FLOAT", "double": "DOUBLE",
        "decimal(10,2)": "DECIMAL(10,2)", "string": "VARCHAR", "varchar(5)": "VARCHAR", "binary": "BLOB", "date": "DATE", "timestamp": "TIMESTAMPTZ",
        "timestamp_ntz": "TIMESTAMP", "array<bigint>": "BIGINT[]", "array<string>": "VARCHAR[]", "array<struct<a:int>>": "JSON", "array<decimal(10,2)>": "JSON",
        "map<string,int>": "JSON", "struct<a:int>": "JSON", "variant": "JSON", "interval year": "VARCHAR", "void": "VARCHAR", "geography(4326)": "VARCHAR",
    },
    "mssql": {
        "bit": "BOOLEAN", "tinyint": "UTINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT", "decimal(10,2)": "DECIMAL(10,2)",
        "numeric(38,0)": "DECIMAL(38,0)", "money": "DECIMAL(19,4)", "smallmoney": "DECIMAL(10,4)", "real": "FLOAT", "float": "DOUBLE", "date": "DATE",
        "time": "TIME", "datetime": "TIMESTAMP", "datetime2": "TIMESTAMP", "smalldatetime": "TIMESTAMP", "datetimeoffset": "TIMESTAMPTZ",
        "char": "VARCHAR", "nvarchar": "VARCHAR", "ntext": "VARCHAR", "xml": "VARCHAR", "uniqueidentifier": "UUID", "varbinary": "BLOB", "image": "BLOB",
        "timestamp": "BLOB", "sql_variant": "VARCHAR", "hierarchyid": "VARCHAR", "geography": "VARCHAR", "json": "JSON", "vector": "JSON",
    },
    "oracle": {
        "NUMBER": "DECIMAL(38,9)", "NUMBER(9,0)": "INTEGER", "NUMBER(18,0)": "BIGINT", "NUMBER(38,0)": "BIGINT", "NUMBER(10,2)": "DECIMAL(10,2)",
        "NUMBER(2,4)": "DECIMAL(4,4)", "NUMBER(5,-2)": "DECIMAL(38,9)", "FLOAT": "DECIMAL(38,9)", "BINARY_FLOAT": "FLOAT", "BINARY_DOUBLE": "DOUBLE",
        "VARCHAR2": "VARCHAR", "NCLOB": "VARCHAR", "DATE": "TIMESTAMP", "TIMESTAMP(6)": "TIMESTAMP", "TIMESTAMP(9) WITH TIME ZONE": "TIMESTAMPTZ",
        "TIMESTAMP(6) WITH LOCAL TIME ZONE": "TIMESTAMPTZ", "INTERVAL DAY(2) TO SECOND(6)": "VARCHAR", "RAW": "BLOB", "BLOB": "BLOB", "JSON": "JSON",
        "XMLTYPE": "VARCHAR", "ROWID": "VARCHAR", "BOOLEAN": "BOOLEAN", "LONG RAW": "BLOB", "BFILE": "VARCHAR",
    },
    "snowflake": {
        "NUMBER(9,0)": "INTEGER", "NUMBER(18,0)": "BIGINT", "NUMBER(38,0)": "BIGINT", "NUMBER(10,2)": "DECIMAL(10,2)", "NUMBER(38,37)": "DECIMAL(38,37)", "FLOAT": "DOUBLE",
        "TEXT": "VARCHAR", "BOOLEAN": "BOOLEAN", "BINARY": "BLOB", "DATE": "DATE", "TIME": "TIME", "TIMESTAMP_NTZ": "TIMESTAMP", "TIMESTAMP_LTZ": "TIMESTAMPTZ",
        "TIMESTAMP_TZ": "TIMESTAMPTZ", "VARIANT": "JSON", "OBJECT": "JSON", "ARRAY": "JSON", "GEOGRAPHY": "VARCHAR", "VECTOR(FLOAT, 3)": "JSON", "DECFLOAT": "DECIMAL(38,9)",
    },
    "trino": {
        "boolean": "BOOLEAN", "tinyint": "TINYINT", "bigint": "BIGINT", "real": "FLOAT", "double": "DOUBLE", "decimal(38,10)": "DECIMAL(38,10)", "varchar(5)": "VARCHAR",
        "char(3)": "VARCHAR", "varbinary": "BLOB", "date": "DATE", "time(3)": "TIME", "timestamp(12)": "TIMESTAMP", "timestamp(3) with time zone": "TIMESTAMPTZ",
        "json": "JSON", "uuid": "UUID", "ipaddress": "VARCHAR", "array(bigint)": "BIGINT[]", "array(varchar(3))": "VARCHAR[]", "array(array(bigint))": "JSON",
        "map(varchar, bigint)": "JSON", "row(a bigint, b varchar)": "JSON", "interval day to second": "VARCHAR", "hyperloglog": "BLOB", "geometry": "VARCHAR", "time(3) with time zone": "VARCHAR",
    },
}  # fmt: skip
# What Oracle says of these is not in sqlglot's grammar.
NOT_PARSED = {"JSON", "XMLTYPE"} & set(TYPES["oracle"])
NAMES = [engine[0] for engine in ENGINES]


def dialect(place: str) -> Dialect:
    module, _, value = place.partition(".")
    found: Dialect = getattr(importlib.import_module(f"dinobase.extract.readers.dbapi.{module}"), value)
    return found


class Recording:
    """A session that notes what it is asked and has nothing."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def rows(self, sql: str) -> Rows:
        self.asked.append(sql)
        return [("now",)] if "FROM" not in sql.upper().replace("FROM DUAL", "") else []

    def batches(self, sql: str) -> Iterator[Rows]:
        self.asked.append(sql)
        yield []

    def named(self, sql: str, columns: object) -> Rows:
        self.asked.append(sql)
        return []

    def again(self) -> None: ...
    def cancel(self) -> None: ...
    def close(self) -> None: ...


@pytest.mark.parametrize(("name", "place", "module", "url", "language"), ENGINES, ids=NAMES)
def test_a_driver_that_is_not_installed_is_named_with_its_extra(
    name: str, place: str, module: str, url: str, language: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError, match=f"{dialect(place).driver} is not installed") as refused:
        Desk(tmp_path).add(name, connection_string=url)
    assert refused.value.hint == f"pip install 'dinobase[{name}]'"
    with pytest.raises(UsageError, match=f"`--mode live` is not there for {name}"):
        Desk(tmp_path).add(name, connection_string=url, mode="live")


@pytest.mark.parametrize(("name", "place", "module", "url", "language"), ENGINES, ids=NAMES)
def test_its_queries_are_sentences_of_its_own_sql(name: str, place: str, module: str, url: str, language: str) -> None:
    engine = dialect(place)
    asked = [engine.clock]
    takes = [engine.take(native) for native in TYPES.get(name, TYPES["trino"]) if native not in NOT_PARSED]
    fields = ", ".join(taken.remote.format(engine.quoted("we`ird\"na'me")) for taken in takes)
    bounds = [
        engine.bound("2024-06-01 06:30:00+00", type_, "varchar") for type_ in ("TIMESTAMPTZ", "TIMESTAMP", "VARCHAR")
    ]
    asked += [f"SELECT {fields} FROM {engine.quoted('t')} WHERE x >= {bound}" for bound in bounds if engine.bounds]
    for sql in asked:
        assert len(sqlglot.parse(sql, read=language)) == 1


@pytest.mark.parametrize("name", [n for n in NAMES if n not in {"bigquery", "snowflake"}])
@pytest.mark.parametrize("schemas", [(), ("it's", "b")])
def test_its_catalogue_is_asked_for_in_its_own_sql(name: str, schemas: tuple[str, ...]) -> None:
    [(_, place, _, _, language)] = [engine for engine in ENGINES if engine[0] == name]
    session = Recording()
    found = dialect(place).catalog(session, Selection(schemas=schemas))
    assert not found.columns
    for sql in session.asked:
        assert len(sqlglot.parse(sql, read=language)) == 1
        assert (
            not schemas
            or "'it''s', 'b'" in sql
            or "FROM" not in sql.upper().replace("FROM DUAL", "")
            or "pg_enum" in sql
        )


@pytest.mark.parametrize("name", TYPES)
def test_each_type_has_its_place_in_the_lake(name: str) -> None:
    [place] = [engine[1] for engine in ENGINES if engine[0] == name]
    engine = dialect(place)
    assert {native: engine.take(native).type for native in TYPES[name]} == TYPES[name]


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_added_by_name(name: str, tmp_path: Path) -> None:
    kind = registry.python_kind(name, Desk(tmp_path).workspace.paths)
    assert isinstance(kind, DriverKind)
    assert [c.name for c in kind.credentials] == ["connection_string", "schemas", "tables", "incremental", "mode"]


def test_an_address_of_another_kind_says_how_it_looks() -> None:
    with pytest.raises(UsageError, match="the connection string cannot be used") as refused:
        Url("postgresql://x/y", "trino://user@host/catalog", ("trino",))
    assert refused.value.hint == "It looks like trino://user@host/catalog"
    with pytest.raises(UsageError):
        Url("trino://host:port/x", "", ("trino",))


def test_a_connection_string_is_taken_apart_with_what_is_quoted_in_it() -> None:
    url = Url("trino://a%40b:p%2Fw@h:8443/cat/my%20schema?secure=true&x=", "", ("trino",))
    assert (url.user, url.password, url.host, url.port) == ("a@b", "p/w", "h", 8443)
    assert (list(url.path), url.flag("secure"), url.flag("x"), url.flag("y", "true")) == (
        ["cat", "my schema"],
        True,
        False,
        True,
    )
