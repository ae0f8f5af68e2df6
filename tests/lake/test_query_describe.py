from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dinobase.catalog.describe import Describer
from dinobase.catalog.runs import RunLog, TableRun
from dinobase.core.clock import now
from dinobase.core.errors import UnknownName
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.query.history import history
from dinobase.spec.models import Connector
from dinobase.spec.validation import validated
from tests.lake.build import Builder

CONNECTORS = {"shop": 3600.0, "crm": 60.0}
SHOP: dict[str, Any] = {
    "name": "shop",
    "client": {"base_url": "https://shop.example"},
    "resources": [
        {
            "name": "customers",
            "description": "Who buys.",
            "primary_key": "id",
            "columns": {
                "address.city": {"description": "Where they live."},
                "email": {"pii": "email", "note": "Lower case."},
                "state": {"values": {"a": "active", "b": "blocked"}, "deprecated": "status"},
            },
        },
        {
            "name": "orders",
            "primary_key": "id",
            "columns": {"items[].price": {"unit": "cents", "type": "BIGINT"}, "items[].gone": {"type": "VARCHAR"}},
            "relationships": [
                {"columns": ["customer"], "to": "customers", "to_columns": ["id"]},
                {"columns": ["customer"], "to": "absent", "to_columns": ["id"]},
                {"columns": ["customer"], "to": "crm.people", "to_columns": ["shop_id"]},
            ],
        },
        {
            "name": "notes",
            "endpoint": {"path": "customers/{customer}/notes"},
            "parent": {"resource": "customers", "field": "id", "param": "customer"},
        },
    ],
}
CUSTOMERS = [
    {"name": "id", "path": ["id"], "type": "BIGINT"},
    {"name": "address__city", "path": ["address", "city"], "type": "VARCHAR"},
    {"name": "email", "path": ["email"], "type": "VARCHAR"},
    {"name": "state", "path": ["state"], "type": "VARCHAR"},
]
ORDERS = [{"name": name, "path": [name], "type": "VARCHAR"} for name in ("id", "customer", "items", "note")]


@pytest.fixture
def describer(paths: Paths, storage: Storage) -> Describer:
    builder = Builder(storage.lake("shop"))
    builder.commit("CREATE TABLE customers (id BIGINT, address__city VARCHAR, email VARCHAR, state VARCHAR)")
    builder.commit("INSERT INTO customers SELECT range, 'Bern', 'a@b.c', 'a' FROM range(5)")
    builder.commit("CREATE TABLE orders (id BIGINT, customer BIGINT, items JSON, note VARCHAR)")
    items = '[{"price": 100, "tax": {"rate": 0.1}}]'
    builder.commit(f"INSERT INTO orders VALUES (9007199254740993, 1, '{items}', repeat('x', 500))")
    builder.commit("CREATE VIEW orders__items AS SELECT id AS _orders_id, 0 AS _index FROM orders")
    builder.commit("CREATE TABLE notes (_customers_id BIGINT, text VARCHAR NOT NULL)")
    for resource, columns in (("customers", CUSTOMERS), ("orders", ORDERS)):
        builder.commit(
            f"INSERT INTO _dinobase_state VALUES ('{resource}', 'schema', '{json.dumps(columns)}'), "
            f"('{resource}', 'key', '[\"id\"]')"
        )
    builder.close()
    other = Builder(storage.lake("crm"))
    other.commit("CREATE TABLE people (shop_id BIGINT)")
    other.close()
    connector = validated(Connector, SHOP)
    return Describer(storage, paths, CONNECTORS, lambda name: connector if name == "shop" else None)


def test_a_table_is_described_from_its_lake_and_its_connectors_file(describer: Describer) -> None:
    assert describer.describe(["shop.customers"], samples=1)[0].as_dict() == {
        "schema": "shop",
        "table": "customers",
        "row_count": 5,
        "description": "Who buys.",
        "primary_key": ["id"],
        "columns": [
            {"name": "id", "type": "BIGINT", "nullable": True},
            {"name": "address__city", "type": "VARCHAR", "nullable": True, "description": "Where they live."},
            {"name": "email", "type": "VARCHAR", "nullable": True, "note": "Lower case.", "pii": "email"},
            {
                "name": "state",
                "type": "VARCHAR",
                "nullable": True,
                "values": {"a": "active", "b": "blocked"},
                "deprecated": "status",
            },
        ],
        "related_tables": [
            {
                "table": "shop.orders",
                "join": "shop.customers.id = shop.orders.customer",
                "cardinality": "one_to_many",
                "origin": "declared",
            },
            {
                "table": "shop.notes",
                "join": "shop.customers.id = shop.notes._customers_id",
                "cardinality": "one_to_many",
                "origin": "parent",
            },
        ],
        "sample_rows": [{"id": 0, "address__city": "Bern", "email": "a@b.c", "state": "a"}],
        "is_stale": True,
    }


def test_what_is_inside_json_is_listed_as_paths(describer: Describer) -> None:
    orders = describer.describe(["shop.orders"])[0].as_dict()
    items = orders["columns"][2]
    assert items["type"] == "JSON"
    assert items["paths"] == [
        {"path": "[].price", "type": "BIGINT", "unit": "cents"},
        {"path": "[].tax.rate", "type": "DOUBLE"},
        {"path": "[].gone", "type": "VARCHAR"},
    ]


def test_joins_name_tables_that_are_there_and_other_connectors(describer: Describer) -> None:
    orders = describer.describe(["shop.orders"])[0]
    assert [(r.table, r.join, r.cardinality, r.origin) for r in orders.related_tables] == [
        ("shop.customers", "shop.orders.customer = shop.customers.id", "many_to_one", "declared"),
        ("crm.people", "shop.orders.customer = crm.people.shop_id", "many_to_one", "declared"),
        ("shop.orders__items", "shop.orders.id = shop.orders__items._orders_id", "one_to_many", "array"),
    ]
    view, notes = describer.describe(["shop.orders__items", "shop.notes"])
    assert view.primary_key == ["_orders_id", "_index"]
    assert view.related_tables[0].join == "shop.orders__items._orders_id = shop.orders.id"
    assert notes.related_tables[0].join == "shop.notes._customers_id = shop.customers.id"


def test_samples_keep_big_integers_and_cut_long_texts(describer: Describer) -> None:
    sample = describer.describe(["shop.orders"])[0].sample_rows[0]
    assert sample["id"] == "9007199254740993"
    assert (len(sample["note"]), sample["note"][-1]) == (200, "…")
    assert describer.describe(["shop.orders"], samples=0)[0].sample_rows == []


def test_a_connectors_name_describes_all_its_tables(describer: Describer) -> None:
    names = [found.table for found in describer.describe(["shop", "crm.people"])]
    assert names == ["customers", "notes", "orders", "orders__items", "people"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("shop.custmers", "Did you mean shop.customers?"),
        ("shp.customers", "Did you mean shop.customers?"),
        ("shop._dinobase_state", "There are: shop.customers, shop.notes, shop.orders, shop.orders__items."),
        ("nothing", "Connectors: shop, crm."),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(describer: Describer, name: str, hint: str) -> None:
    with pytest.raises(UnknownName) as caught:
        describer.describe([name])
    assert caught.value.hint == hint


def test_freshness_follows_the_last_good_sync(describer: Describer, paths: Paths) -> None:
    log = RunLog(paths.state)
    began = now() - timedelta(minutes=30)
    log.start("run_1", "shop", at=began)
    log.table("run_1", "shop", TableRun("customers", "success", began, began, rows=5, inserted=5, total_rows=5))
    log.table("run_1", "shop", TableRun("orders", "error", began, began, error="HTTP 500"))
    log.finish("run_1", status="partial", rows=5)
    customers, orders = describer.describe(["shop.customers", "shop.orders"])
    assert (customers.is_stale, orders.is_stale, orders.last_sync) == (False, True, None)
    assert customers.last_sync is not None


def test_history_lists_the_versions_that_touched_a_table(storage: Storage) -> None:
    builder = Builder(storage.lake("shop"))
    builder.commit("CREATE TABLE customers (id BIGINT)", message="sync customers")
    builder.commit("CREATE TABLE orders (id BIGINT)", message="sync orders")
    counts = {"run": "run_2", "resource": "customers", "inserted": 2, "updated": 0, "deleted": 1}
    last = builder.commit("INSERT INTO customers VALUES (1), (2)", message="sync customers", extra=counts)
    builder.commit("INSERT INTO orders VALUES (1)")
    builder.close()
    found = history("shop.Customers", storage, ["shop"])
    assert found.table == "shop.customers"
    assert [(v.message, v.changes, v.inserted, v.deleted, v.run) for v in found.versions] == [
        ("sync customers", ("inserted",), 2, 1, "run_2"),
        ("sync customers", ("created",), None, None, None),
    ]
    assert found.at == f"SELECT * FROM shop.customers AT (VERSION => {last})"
    assert datetime.fromisoformat(found.versions[0].time).tzinfo is UTC
    assert len(history("shop.customers", storage, ["shop"], limit=1).versions) == 1
    with pytest.raises(UnknownName, match=r"no table shop\.custmers"):
        history("shop.custmers", storage, ["shop"])
    with pytest.raises(UnknownName, match="crm has no tables yet"):
        history("crm.people", storage, ["shop", "crm"])
