"""Closed lists: types that DuckDB knows, tables that write endpoints mean, durations."""

from __future__ import annotations

import duckdb
import pytest

from dinobase.kinds import duration
from dinobase.spec import sql_types
from dinobase.spec.writes import operation_of, table_of

TABLES = ["customers", "companies", "statuses", "addresses", "boxes", "people", "order_lines", "news", "analysis"]
TABLES += ["company_types"]


@pytest.mark.parametrize(
    "name", [*sql_types.NAMES, "decimal(18,2)", "numeric( 38 , 0 )", "varchar[]", "Decimal(4)[][]"]
)
def test_duckdb_knows_every_type_by_its_canonical_name(name: str) -> None:
    canonical = sql_types.canonical(name)
    assert canonical is not None
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT typeof(CAST(NULL AS {canonical}))").fetchone()
    spelled = canonical.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
    assert row is not None
    assert row[0] == ("DECIMAL(18,3)" if canonical == "DECIMAL" else spelled)


@pytest.mark.parametrize(
    "name",
    ["", "strng", "varchar(20)", "decimal(39,1)", "decimal(0)", "decimal(4,5)", "int[3]", "struct(a int)", "int; drop"],
)
def test_what_is_no_type_has_no_name(name: str) -> None:
    assert sql_types.canonical(name) is None


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("update_customer", "customers"),
        ("update_customers", "customers"),
        ("create_company", "companies"),
        ("batch_update_companies", "companies"),
        ("delete_status", "statuses"),
        ("delete_address", "addresses"),
        ("upsert_box", "boxes"),
        ("create_person", "people"),
        ("update_people", "people"),
        ("bulk_create_order_line", "order_lines"),
        ("update_news", "news"),
        ("update_analysis", "analysis"),
        ("update_company_type", "company_types"),
        ("update_order", None),
        ("update_custom", None),
        ("customers", None),
        ("archive_customer", None),
    ],
)
def test_a_write_endpoints_name_says_its_table(name: str, table: str | None) -> None:
    assert table_of(name, TABLES) == table


def test_a_table_of_exactly_that_name_wins() -> None:
    assert table_of("update_status", ["statuses", "status"]) == "status"
    assert table_of("update_statuses", ["status", "statuses"]) == "statuses"


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("update_x", "update"),
        ("batch_create_x", "create"),
        ("bulk_delete_x", "delete"),
        ("upsert_x", "upsert"),
        ("list_x", None),
    ],
)
def test_a_write_endpoints_name_says_its_operation(name: str, operation: str | None) -> None:
    assert operation_of(name) == operation


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h", 3600), ("30d", 2592000), ("2w", 1209600), ("0s", 0)],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert duration.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "1.5h", "-1h", "1 h", "1y", "h", "1H", "٣s"])
def test_anything_else_is_no_duration(text: str) -> None:
    assert duration.seconds(text) is None
