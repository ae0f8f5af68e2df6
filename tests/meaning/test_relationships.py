"""Joins that the data shows: what is taken for one, what is not, and what becomes of them when the rows change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.catalog.brief import describe_text
from dinobase.catalog.relations.files import FOLDER
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.workspace import Workspace, relating
from tests.lake.build import Builder

Make = Callable[..., Workspace]
MAIL = "'c' || i || '@firm' || i % 7 || '.example'"
SHOP = (
    f"CREATE TABLE customers AS SELECT i AS id, {MAIL} AS email FROM range(1, 61) t(i)",
    """CREATE TABLE orders AS SELECT i AS id, i % 60 + 1 AS customer_id, i % 5 + 1 AS quantity, i AS row_number,
        ['open', 'paid', 'sent'][i % 3 + 1] AS status FROM range(1, 201) t(i)""",
    "CREATE TABLE states AS SELECT unnest(['open', 'paid', 'sent']) AS name, unnest([1, 2, 3]) AS sort_order",
    "CREATE TABLE parcels AS SELECT i AS id, i * 2 AS weight, i % 2 = 0 AS gift FROM range(1, 201) t(i)",
)
CRM = (
    f"""CREATE TABLE people AS SELECT 'P' || md5(i::VARCHAR) AS id, '  ' || upper({MAIL}) AS mail,
        i::VARCHAR AS shop_customer_id FROM range(1, 61) t(i)""",
    "CREATE TABLE firms AS SELECT i AS id, 'https://www.firm' || i || '.example/' AS website FROM range(0, 7) t(i)",
)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(
        lakes: Mapping[str, Sequence[str]], access: Any = None, resources: Any = None, **storage: str
    ) -> Workspace:
        paths = Paths(tmp_path / "workspace")
        paths.make(paths.connectors)
        for name, statements in lakes.items():
            change(Storage(paths.lakes, **storage), name, *statements)
            said = resources if resources and name == "shop" else []
            definition = {
                "name": name,
                "client": {"base_url": f"https://{name}.example"},
                "resources": said or [{"name": "x"}],
            }
            (paths.connectors / f"{name}.yaml").write_text(yaml.safe_dump(definition))
        connectors = {name: {"type": name} for name in lakes}
        settings = {"storage": storage, "connectors": connectors, "access": access or {}}
        paths.config.write_text(yaml.safe_dump(settings))
        return Workspace(paths)

    return made


def change(storage: Storage, connector: str, *statements: str) -> None:
    builder = Builder(storage.lake(connector))
    for statement in statements:
        builder.commit(statement)
    builder.close()


def joins(workspace: Workspace, table: str, identity: str = "cli") -> dict[str, dict[str, Any]]:
    described = workspace.describe([table], samples=0, identity=identity, full=True)[0].as_dict()
    return {one["join"]: one for one in described["related_tables"]}


def test_a_reference_is_found_with_what_was_counted(make: Make) -> None:
    shop = make({"shop": SHOP})
    assert joins(shop, "shop.orders") == {
        "shop.orders.customer_id = shop.customers.id": {
            "table": "shop.customers",
            "join": "shop.orders.customer_id = shop.customers.id",
            "cardinality": "many_to_one",
            "inclusion": 1.0,
            "origin": "inferred",
        }
    }
    [back] = joins(shop, "shop.customers").values()
    assert (back["join"], back["cardinality"]) == ("shop.customers.id = shop.orders.customer_id", "one_to_many")


def test_equal_ranges_counters_and_words_in_common_are_no_joins(make: Make) -> None:
    shop = make({"shop": SHOP})
    assert not joins(shop, "shop.parcels")
    assert not joins(shop, "shop.states")


def test_sources_join_by_addresses_domains_and_keys_of_another_type(make: Make) -> None:
    both = make({"shop": SHOP, "crm": CRM})
    relating.look_for(both)
    found = joins(both, "crm.people")
    site = r"regexp_replace(lower(trim(crm.firms.website)), '^([a-z]+://)?(www\.)?([^/:?#]*).*$', '\3')"
    assert set(found) == {
        "TRY_CAST(crm.people.shop_customer_id AS BIGINT) = shop.customers.id",
        "lower(trim(crm.people.mail)) = lower(trim(shop.customers.email))",
        f"lower(split_part(trim(crm.people.mail), '@', 2)) = {site}",
    }
    for join, one in found.items():
        rows = both.query(f"SELECT count(*) FROM crm.people JOIN {one['table']} ON {join}").rows
        assert rows[0][0] == 60, join


def test_telephone_numbers_are_compared_by_their_last_digits(make: Make) -> None:
    calls = (
        "CREATE TABLE contacts AS SELECT i AS id, '+49 30 ' || 1000000 + i * 137 AS phone FROM range(40) t(i)",
        "CREATE TABLE calls AS SELECT i AS id, '030/' || 1000000 + i % 40 * 137 AS caller_phone FROM range(80) t(i)",
    )
    work = make({"desk": calls})
    [one] = joins(work, "desk.calls").values()
    assert (one["table"], one["cardinality"], one["inclusion"]) == ("desk.contacts", "many_to_one", 1.0)
    rows = work.query(f"SELECT count(*) FROM desk.calls JOIN desk.contacts ON {one['join']}").rows
    assert rows[0][0] == 80


def test_a_join_that_no_longer_holds_is_dropped_and_one_that_changed_is_counted_again(make: Make) -> None:
    shop = make({"shop": SHOP})
    assert joins(shop, "shop.orders")
    change(shop.storage(), "shop", "UPDATE orders SET customer_id = customer_id + 6")
    [one] = joins(shop, "shop.orders").values()
    assert (one["inclusion"], one["orphans"]) == (0.9, [61, 62, 63, 64, 65])
    change(shop.storage(), "shop", "UPDATE orders SET customer_id = customer_id + 500")
    assert not joins(shop, "shop.orders")
    change(shop.storage(), "shop", "UPDATE orders SET customer_id = customer_id - 506")
    assert joins(shop, "shop.orders")


def test_however_little_time_there_is_a_run_goes_on_with_one_table(make: Make) -> None:
    shop = make({"shop": SHOP})
    assert [relating.look_for(shop, seconds=1e-9).left for _ in range(4)] == [3, 2, 1, 0]
    assert joins(shop, "shop.orders")


def test_only_what_changed_is_looked_at_again(make: Make) -> None:
    both = make({"shop": SHOP, "crm": CRM})
    assert relating.look_for(both).scanned == 6
    change(both.storage(), "crm", "UPDATE people SET shop_customer_id = '1' WHERE shop_customer_id = '2'")
    done = relating.look_for(both)
    assert (done.scanned, done.left) == (1, 0)
    change(both.storage(), "crm", "DROP TABLE firms")
    assert {one.pair.parent.table for one in relating.look_for(both).lost} == {"firms"}


def test_a_declared_join_that_does_not_hold_is_shown_with_what_was_counted(make: Make) -> None:
    resources = [
        {"name": "customers"},
        {"name": "orders", "relationships": [{"columns": ["row_number"], "to": "customers", "to_columns": ["id"]}]},
    ]
    shop = make({"shop": SHOP}, resources=resources)
    one = joins(shop, "shop.orders")["shop.orders.row_number = shop.customers.id"]
    assert (one["origin"], one["inclusion"], one["cardinality"]) == ("declared", 0.3, "one_to_one")
    assert one["orphans"] == [61, 62, 63, 64, 65]


def test_whoever_asks_for_all_is_told_of_rows_without_a_parent_and_of_parents_that_are_not_there(make: Make) -> None:
    people = (
        *CRM,
        "UPDATE people SET mail = NULL WHERE id < 'P3'",
        "UPDATE people SET mail = 'N' || mail WHERE id > 'Pf'",
    )
    both = make({"shop": SHOP, "crm": people}, {"masked": {"columns": {"shop.customers.email": "mask"}}})
    relating.look_for(both)
    join = "lower(trim(crm.people.mail)) = lower(trim(shop.customers.email))"
    counts = "count(*) FILTER (mail IS NULL), count(*) FILTER (mail LIKE 'N%')"
    [(empty, strange)] = both.query(f"SELECT {counts} FROM crm.people").rows
    assert (empty, strange) == (11, 2)
    one = joins(both, "crm.people")[join]
    assert one["nulls"] == empty
    assert both.query("SELECT mail FROM crm.people WHERE mail LIKE 'N%' ORDER BY 1").rows == [
        (v,) for v in one["orphans"]
    ]
    text = describe_text(both.describe(["crm.people"], samples=0, full=True), full=True)
    assert f"{empty} null, not there: {', '.join(one['orphans'])}" in text
    short = both.describe(["crm.people"], samples=0)[0].as_dict()["related_tables"]
    assert all(not {"nulls", "orphans"} & told.keys() for told in short)
    assert not any("orphans" in told for told in joins(both, "shop.customers").values())
    assert join not in joins(both, "crm.people", "masked")


def test_a_large_parent_is_searched_although_its_sketch_holds_a_part(make: Make) -> None:
    lake = (
        "CREATE TABLE users AS SELECT md5(i::VARCHAR) AS id FROM range(5000) t(i)",
        "CREATE TABLE logins AS SELECT i AS id, md5((i * 17 % 5000)::VARCHAR) AS who FROM range(30) t(i)",
    )
    [one] = joins(make({"app": lake}), "app.logins").values()
    assert (one["join"], one["inclusion"]) == ("app.logins.who = app.users.id", 1.0)


def test_a_workspace_with_postgresql_keeps_them_there(make: Make, postgres: str) -> None:
    shop = make({"shop": SHOP}, catalog=postgres)
    assert joins(shop, "shop.orders")
    assert joins(shop, "shop.orders") == joins(shop, "shop.orders")


def test_a_join_of_a_table_whose_name_sql_quotes_can_be_pasted_as_it_is(make: Make) -> None:
    items = 'CREATE TABLE "Order Items" AS SELECT i AS id, i % 60 + 1 AS customer_id FROM range(1, 201) t(i)'
    shop = make({"shop": (SHOP[0], items)})
    [one] = joins(shop, "shop.Order Items").values()
    rows = shop.query(f'SELECT count(*) FROM shop."Order Items" JOIN {one["table"]} ON {one["join"]}').rows
    assert rows[0][0] == 200
    [back] = joins(shop, "shop.customers").values()
    assert back["join"] == 'shop.customers.id = shop."Order Items".customer_id'
    text = describe_text(shop.describe(["shop.Order Items"], samples=0))
    assert "join customer_id = shop.customers.id\n" in text


def test_many_joins_of_a_column_are_counted_rather_than_listed(make: Make) -> None:
    many = [f"CREATE TABLE t{n} AS SELECT i AS id, i % 60 + 1 AS customer_id FROM range(90) t(i)" for n in range(12)]
    shop = make({"shop": [*SHOP, *many]})
    text = describe_text(shop.describe(["shop.customers"], samples=0, full=True))
    assert ", 5 more (many)" in text
    assert "more (many)" not in describe_text(shop.describe(["shop.customers"], samples=0), full=True)


def test_what_was_sketched_goes_where_a_record_is_forgotten_and_a_connector_removed(make: Make) -> None:
    shop = make({"shop": [*SHOP, """INSERT INTO _dinobase_state VALUES ('customers', 'key', '["id"]')"""]})
    assert joins(shop, "shop.orders")
    sketches = shop.paths.cache / FOLDER
    assert list(sketches.rglob("*.parquet"))
    shop.forget("shop.customers", "1")
    assert not list(sketches.rglob("*.parquet"))
    assert joins(shop, "shop.orders")
    shop.remove("shop")
    assert not list(sketches.rglob("*.parquet"))


def test_identities_are_shown_nothing_that_rows_or_columns_hidden_from_them_tell(make: Make) -> None:
    access = {
        "rows": {"rows": {"shop.customers": "id < 10"}},
        "masked": {"columns": {"shop.customers.email": "mask"}},
        "blind": {"sources": ["crm"]},
        "whole": {"hide": ["shop.parcels.weight"]},
    }
    both = make({"shop": SHOP, "crm": CRM}, access)
    relating.look_for(both)
    mail = "lower(trim(crm.people.mail)) = lower(trim(shop.customers.email))"
    assert not joins(both, "shop.orders", "rows")
    assert {one["table"] for one in joins(both, "crm.people", "rows").values()} == {"crm.firms"}
    assert mail not in joins(both, "crm.people", "masked")
    assert joins(both, "shop.orders", "masked") == joins(both, "shop.orders")
    assert {one["table"] for one in joins(both, "crm.people", "blind").values()} == {"crm.firms"}
    assert joins(both, "crm.people", "whole") == joins(both, "crm.people")


def test_declared_joins_stand_without_counts_where_rows_are_hidden(make: Make) -> None:
    resources = [
        {"name": "customers"},
        {"name": "orders", "relationships": [{"columns": ["customer_id"], "to": "customers", "to_columns": ["id"]}]},
    ]
    access = {"rows": {"rows": {"shop.customers": "id < 10"}}}
    shop = make({"shop": SHOP}, access, resources)
    assert joins(shop, "shop.orders")["shop.orders.customer_id = shop.customers.id"]["inclusion"] == 1.0
    assert list(joins(shop, "shop.orders", "rows").values()) == [
        {
            "table": "shop.customers",
            "join": "shop.orders.customer_id = shop.customers.id",
            "cardinality": "many_to_one",
            "origin": "declared",
        }
    ]


@pytest.mark.parametrize("hidden", [0, 1])
def test_a_parent_that_is_hidden_does_not_choose_for_the_others(make: Make, hidden: int) -> None:
    ids = "md5(i::VARCHAR)"
    lake = (
        f"CREATE TABLE accounts AS SELECT {ids} AS id FROM range({hidden * 40}) t(i)",
        f"CREATE TABLE profiles AS SELECT {ids} AS account_key FROM range(40) t(i)",
        "CREATE TABLE visits AS SELECT i AS n, md5((i % 40)::VARCHAR) AS account_id FROM range(80) t(i)",
    )
    app = make({"app": lake}, {"bot": {"sources": ["app.profiles", "app.visits"]}})
    assert [one["table"] for one in joins(app, "app.visits", "bot").values()] == ["app.profiles"]
    expected = "app.accounts" if hidden else "app.profiles"
    assert [one["table"] for one in joins(app, "app.visits").values()] == [expected]
