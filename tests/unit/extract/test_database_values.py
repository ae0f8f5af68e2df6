"""Values on their way to and from a database: all digits, no string that ends early, no password in an address."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import _duckdb
import pytest

from dinobase.core import secrets
from dinobase.extract.readers import cursors
from dinobase.extract.readers.base import Ask, SourceColumn, SourceTable
from dinobase.extract.readers.cursors import Settled
from dinobase.extract.readers.dbapi.bigquery import BIGQUERY
from dinobase.extract.readers.dbapi.clickhouse import CLICKHOUSE
from dinobase.extract.readers.dbapi.databricks import DATABRICKS
from dinobase.extract.readers.dbapi.dialect import Dialect
from dinobase.extract.readers.dbapi.snowflake import SNOWFLAKE
from dinobase.extract.readers.dbapi.trino import TRINO
from dinobase.extract.readers.options import address
from dinobase.extract.readers.sql_writing import as_text
from dinobase.lake.foreign import Foreign


def test_what_is_nested_is_written_with_all_digits() -> None:
    given = {"a": [Decimal("12345678901234567890.123"), True, None], "b": {"c": Decimal("1E+400"), "d": "é"}}
    assert as_text(given) == '{"a":[12345678901234567890.123,true,null],"b":{"c":1E+400,"d":"é"}}'


@pytest.mark.parametrize(
    ("engine", "quoted"),
    [
        (SNOWFLAKE, r"'x\\\' OR 1=1 --\\'"),
        (BIGQUERY, r"'x\\\' OR 1=1 --\\'"),
        (CLICKHOUSE, r"'x\\\' OR 1=1 --\\'"),
        (DATABRICKS, r"'x\\\' OR 1=1 --\\'"),
        (TRINO, r"'x\'' OR 1=1 --\'"),
    ],
    ids=lambda v: getattr(v, "name", ""),
)
def test_a_cursor_of_text_is_one_string_of_the_engines_sql(engine: Dialect, quoted: str) -> None:
    assert quoted in engine.bound("x\\' OR 1=1 --\\", "VARCHAR", "varchar")


@pytest.mark.parametrize(
    ("declared", "type_", "value", "cursor"),
    [
        ("TIMESTAMP", "TIMESTAMP", "2024-06-01 09:30:00", "2024-06-01 09:20:00"),
        ("TIMESTAMP", "TIMESTAMP_NS", "2024-06-01 09:30:00.123456789", "2024-06-01 09:20:00.123456"),
        ("TIMESTAMPTZ", "VARCHAR", "2024-06-01 09:30:00.123456789+00", None),
        ("VARCHAR", "VARCHAR", "key-17", "key-17"),
    ],
)
def test_a_cursor_goes_back_to_when_somebody_may_still_write_or_there_is_none(
    tmp_path: Path, declared: str, type_: str, value: str, cursor: str | None
) -> None:
    _duckdb.connect(str(tmp_path / "source.duckdb")).close()
    source = Foreign("duckdb", str(tmp_path / "source.duckdb"), None)
    try:
        file = tmp_path / "rows.parquet"
        source.run(f"COPY (SELECT CAST('{value}' AS {type_}) AS at) TO '{file}' (FORMAT parquet)")
        table = SourceTable("t", "t", (SourceColumn("at", declared),), key=("id",), cursor="at")
        ask = Ask(table, {"at": "at"}, {}, None, tmp_path)
        found = cursors.mark(source, ask, [file], {"at": type_}, Settled("", 600.0))
        assert found is None if cursor is None else str(found).startswith(cursor)
    finally:
        source.close()


def test_an_address_shows_no_part_of_a_password_with_a_slash() -> None:
    url = "oracle://u:12/34-secret@h.example:1521/s"
    assert address(url) == "oracle://h.example:1521/s"
    secrets.register_url(url)
    assert secrets.redact(f"cannot reach {url}") == "cannot reach oracle://u:***@h.example:1521/s"
