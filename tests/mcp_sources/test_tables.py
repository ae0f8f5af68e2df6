"""From a tool's answer to a table: records, types, pages, children, cursors, history; the shop on the official SDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.mcp_sources.servers import define, raw, rows, shop, synced, workspace
from tests.servers.mcp_shop import ORDERS

PAGED = {
    "name": "list_orders",
    "data_selector": "orders",
    "primary_key": "id",
    "deletes": "hard",
    "paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "cursor"},
    "columns": {"amount": {"type": "DECIMAL(18,2)"}, "email": {"pii": "email"}},
}
CUSTOMERS = {"name": "list_customers", "primary_key": "id"}
OF_CUSTOMER = {
    "name": "orders_of",
    "tool": "get_customer_orders",
    "arguments": {"customer": "{customer}"},
    "parent": {"resource": "list_customers", "field": "id", "param": "customer"},
    "primary_key": "id",
    "deletes": "hard",
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Add, sync, change an order upstream, sync twice more; what was seen on the way."""
    root = tmp_path_factory.mktemp("shop")
    made = workspace(root)
    define(root, "shop", shop(root), resources=[PAGED, CUSTOMERS, OF_CUSTOMER])
    seen: dict[str, Any] = {"made": made, "added": made.add("shop"), "first": synced(made, "shop")}
    changed = [{**ORDERS[0], "amount": "20.00"}, ORDERS[2]]
    (root / "orders.json").write_text(json.dumps(changed))
    seen["second"] = synced(made, "shop")
    seen["third"] = synced(made, "shop", "list_orders")
    return seen


def test_add_says_what_was_found_and_what_was_left_out(found: dict[str, Any]) -> None:
    detail = found["added"].check.detail
    assert detail.startswith("Shop 3.1: 7 tools, 6 tables; left out: ")
    assert "cancel_order (the server says that it may destroy)" in detail
    assert "add_note (the server says that it writes)" in detail
    assert set(found["added"].resources) == {
        "list_orders",
        "list_customers",
        "orders_of",
        "get_report",
        "get_rates",
        "resources",
    }


def test_pages_come_until_there_is_no_next(found: dict[str, Any]) -> None:
    assert (found["first"]["list_orders"].rows, found["first"]["list_orders"].requests) == (3, 2)


def test_declared_types_hold_and_keys_merge(found: dict[str, Any]) -> None:
    assert rows(found["made"], "SELECT id, amount FROM shop.list_orders ORDER BY id") == [
        (1, "20.00"),
        (3, "7.25"),
    ]
    second = found["second"]["list_orders"]
    assert (second.inserted, second.updated, second.deleted) == (0, 1, 1)


def test_a_sync_that_brings_nothing_new_is_unchanged(found: dict[str, Any]) -> None:
    assert found["third"]["list_orders"].status == "unchanged"
    versions = found["made"].history("shop.list_orders").versions
    assert len(versions) == 2


def test_the_past_of_a_tools_table_can_be_asked(found: dict[str, Any]) -> None:
    made = found["made"]
    first = made.history("shop.list_orders").versions[-1].version
    assert rows(made, f"SELECT count(*) FROM shop.list_orders AT (VERSION => {first})") == [(3,)]


def test_structured_lists_are_records_and_their_lists_stay(found: dict[str, Any]) -> None:
    assert rows(found["made"], "SELECT name, tags FROM shop.list_customers ORDER BY id") == [
        ("Ada", ["vip"]),
        ("Bob", []),
    ]


def test_a_child_tool_is_called_once_per_parent(found: dict[str, Any]) -> None:
    assert rows(found["made"], "SELECT _list_customers_id, id FROM shop.orders_of ORDER BY id") == [(10, 1), (10, 3)]


def test_words_are_a_row_and_json_text_keeps_its_digits(found: dict[str, Any]) -> None:
    made = found["made"]
    assert rows(made, "SELECT text FROM shop.get_report") == [("All is well.\nThree orders.",)]
    assert rows(made, "SELECT pair, rate::VARCHAR FROM shop.get_rates ORDER BY pair") == [
        ("a/b", "0.12345678901234567890"),
        ("c/d", "2"),
    ]


def test_what_the_server_offers_to_read_is_a_table_with_its_text(found: dict[str, Any]) -> None:
    assert rows(found["made"], "SELECT uri, name, mime_type, text FROM shop.resources") == [
        ("shop://terms", "terms", "text/plain", "Pay in advance.")
    ]


def test_tables_are_described_in_the_tools_own_words(found: dict[str, Any]) -> None:
    [table] = found["made"].describe(["shop.list_customers"], samples=0)
    assert table.description == "List all customers."


def test_a_dry_run_asks_nobody_and_names_the_tools(found: dict[str, Any]) -> None:
    planned = found["made"].plan(["shop"]).connectors[0]["tables"]
    assert {table.name for table in planned} >= {"list_orders", "get_rates", "resources"}


def test_a_cursor_goes_into_the_arguments(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    table = {
        **PAGED,
        "deletes": "ignore",
        "arguments": {"since": "{incremental.start_value}"},
        "incremental": {"cursor_path": "updated_at", "initial_value": "2026-01-01T12:00:00Z"},
    }
    define(tmp_path, "shop", shop(tmp_path), resources=[table], tools={"exclude": ["*", "resources"]})
    assert made.add("shop").resources == ["list_orders"]
    assert synced(made, "shop")["list_orders"].rows == 2
    new = {**ORDERS[0], "id": 4, "updated_at": "2026-01-04T00:00:00Z"}
    (tmp_path / "orders.json").write_text(json.dumps([*ORDERS, new]))
    again = synced(made, "shop")["list_orders"]
    assert (again.mode, again.inserted) == ("incremental", 1)


def test_a_masked_column_of_a_tools_table_is_masked(found: dict[str, Any]) -> None:
    made = found["made"]
    config = made.paths.config
    before = config.read_text()
    config.write_text(before + "access:\n  bot: {pii: mask}\n")
    try:
        found_ = made.query("SELECT email FROM shop.list_orders", identity="bot").rows
    finally:
        config.write_text(before)
    assert found_
    assert not any("example.com" in str(value) for row in found_ for value in row)


def test_a_tool_that_has_come_since_is_a_table_at_the_next_sync(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    define(tmp_path, "raw", raw(tmp_path, "list_good"))
    made.add("raw")
    assert set(synced(made, "raw")) == {"list_good"}
    define(tmp_path, "raw", raw(tmp_path, "list_good", "list_fine"))
    assert set(synced(made, "raw")) == {"list_good", "list_fine"}
