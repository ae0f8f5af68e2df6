"""PostgreSQL as a source: what is there, what it is called, what a second sync brings, and what stays secret."""

# ruff: noqa: E501 - SQL and what it gives, on the lines they are on

from __future__ import annotations

import psycopg
import pytest

from dinobase.core.errors import DinobaseError, FetchError, UsageError
from tests.databases.desk import Desk

SHOP = """
CREATE TYPE state AS ENUM ('new', 'paid');
CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL, "Full Name" text);
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer_id int REFERENCES customers, state state, amount numeric(10,2),
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE orders IS 'What customers bought';
COMMENT ON COLUMN orders.amount IS 'In euros';
CREATE VIEW paid AS SELECT id, amount FROM orders WHERE state = 'paid';
CREATE TABLE notes (body text);
CREATE SCHEMA ops;
CREATE TABLE ops.crew_members (ship int, n int, PRIMARY KEY (ship, n));
CREATE TABLE ops.orders (id int PRIMARY KEY);
INSERT INTO customers VALUES (1, 'a@example.com', 'Ann'), (2, 'b@example.com', NULL);
INSERT INTO orders (id, customer_id, state, amount) VALUES (1, 1, 'new', 1.50), (2, 2, 'paid', 2.25);
INSERT INTO notes VALUES ('x'), ('x'), (NULL);
INSERT INTO ops.crew_members VALUES (1, 1), (1, 2);
"""


@pytest.fixture
def shop(postgres: str) -> str:
    run(postgres, SHOP)
    return postgres


def run(url: str, sql: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(sql.encode())


def test_tables_and_views_have_their_own_names_and_another_schema_goes_before(shop: str, desk: Desk) -> None:
    tables = desk.add("postgres", connection_string=shop)
    assert sorted(tables) == ["customers", "notes", "ops__crew_members", "ops__orders", "orders", "paid"]


def test_the_first_schema_that_is_named_has_the_short_names(shop: str, desk: Desk) -> None:
    tables = desk.add("postgres", connection_string=shop, schemas="ops,public", tables="o*")
    assert sorted(tables) == ["orders", "public__orders"]


def test_globs_choose_tables_by_name_and_by_schema(shop: str, desk: Desk) -> None:
    assert desk.add("postgres", connection_string=shop, tables="ops.*,pa*") == [
        "ops__crew_members",
        "ops__orders",
        "paid",
    ]


def test_rows_come_and_a_second_sync_of_the_same_rows_leaves_no_version(shop: str, desk: Desk) -> None:
    desk.add("postgres", connection_string=shop)
    first = desk.good()
    assert {name: t.inserted for name, t in first.items()} == {
        "customers": 2, "notes": 3, "ops__crew_members": 2, "ops__orders": 0, "orders": 2, "paid": 1,
    }  # fmt: skip
    second = desk.good()
    assert {t.status for t in second.values()} == {"unchanged"}
    assert desk.rows("SELECT id, email, full_name FROM db.customers ORDER BY id") == [
        (1, "a@example.com", "Ann"), (2, "b@example.com", None),
    ]  # fmt: skip


def test_keys_links_comments_and_enum_values_are_known_to_describe(shop: str, desk: Desk) -> None:
    desk.add("postgres", connection_string=shop)
    desk.good()
    [orders] = desk.workspace.describe(["db.orders"])
    assert orders.description == "What customers bought"
    assert orders.primary_key == ["id"]
    columns = {c.name: c for c in orders.columns}
    assert columns["amount"].description == "In euros"
    assert columns["state"].values == ["new", "paid"]
    assert [(r.table, r.join) for r in orders.related_tables] == [
        ("db.customers", "db.orders.customer_id = db.customers.id")
    ]
    [customers] = desk.workspace.describe(["db.customers"])
    assert {c.name: c.pii for c in customers.columns} == {"id": None, "email": "email", "full_name": "name"}


def test_only_what_changed_is_read_again_by_updated_at(shop: str, desk: Desk) -> None:
    desk.add("postgres", connection_string=shop)
    run(shop, "UPDATE orders SET updated_at = '2024-01-01'; UPDATE orders SET updated_at = '2024-02-01' WHERE id = 2")
    desk.good()
    run(shop, "INSERT INTO orders (id, updated_at) VALUES (3, '2024-03-01')")
    run(shop, "UPDATE orders SET amount = 9 WHERE id = 1")  # without a new updated_at it is not seen
    report = desk.good()["orders"]
    assert (report.mode, report.rows, report.inserted, report.updated) == ("incremental", 2, 1, 0)
    report = desk.good(full=True)["orders"]
    assert (report.mode, report.rows, report.updated) == ("full", 3, 1)


def test_a_row_that_is_committed_late_is_not_passed_over(shop: str, desk: Desk) -> None:
    desk.add("postgres", connection_string=shop)
    with psycopg.connect(shop) as slow:
        slow.execute("INSERT INTO orders (id) VALUES (10)")  # updated_at is when this transaction began
        run(shop, "INSERT INTO orders (id) VALUES (11)")
        assert desk.good()["orders"].inserted == 3
        slow.commit()
    assert desk.good()["orders"].inserted == 1


def test_a_column_can_be_chosen_for_one_table_and_none_for_another(shop: str, desk: Desk) -> None:
    desk.add("postgres", connection_string=shop, incremental="orders=none,customers=id")
    desk.good()
    modes = {name: t.mode for name, t in desk.good().items()}
    assert (modes["orders"], modes["customers"]) == ("full", "incremental")


def test_a_chosen_column_that_is_not_there_is_refused_with_the_nearest(shop: str, desk: Desk) -> None:
    with pytest.raises(UsageError) as caught:
        desk.add("postgres", connection_string=shop, incremental="orders=update_at")
    assert caught.value.hint == "Did you mean `updated_at`?"


def test_rows_that_are_gone_go_with_a_full_reading_and_stay_in_history(shop: str, desk: Desk) -> None:
    desk.add("postgres", connection_string=shop)
    desk.good()
    run(shop, "DELETE FROM customers WHERE id = 2 AND false; DELETE FROM orders WHERE id = 2")
    report = desk.good(full=True)
    assert (report["orders"].deleted, report["orders"].total_rows, report["paid"].deleted) == (1, 1, 1)


def test_a_table_without_a_key_is_replaced_only_where_its_rows_differ(shop: str, desk: Desk) -> None:
    desk.add("postgres", connection_string=shop)
    desk.good()
    run(shop, "INSERT INTO notes VALUES ('x')")
    report = desk.good()["notes"]
    assert (report.status, report.total_rows) == ("success", 4)


def test_columns_come_go_and_change_their_type(shop: str, desk: Desk) -> None:
    desk.add("postgres", connection_string=shop)
    desk.good()
    run(shop, "DROP VIEW paid; ALTER TABLE customers ADD age smallint; ALTER TABLE customers DROP email")
    run(
        shop,
        "ALTER TABLE orders ALTER amount TYPE numeric(20,4); ALTER TABLE notes ALTER body TYPE bytea USING body::bytea",
    )
    run(shop, "UPDATE customers SET age = 7; UPDATE orders SET amount = 1.2345, updated_at = now() WHERE id = 1")
    desk.good()
    assert desk.rows("SELECT id, email, age FROM db.customers ORDER BY id") == [(1, None, 7), (2, None, 7)]
    assert desk.types("db.orders")["amount"] == "DECIMAL(20,4)"
    assert [str(a) for (a,) in desk.rows("SELECT amount FROM db.orders ORDER BY id")] == ["1.2345", "2.2500"]
    run(shop, "ALTER TABLE customers ALTER age TYPE text; UPDATE customers SET age = 'old'")
    desk.good()
    assert desk.rows("SELECT age FROM db.customers") == [("old",), ("old",)]


def test_a_numeric_that_outgrows_its_type_takes_a_wider_one(postgres: str, desk: Desk) -> None:
    run(postgres, "CREATE TABLE t (id int PRIMARY KEY, n numeric); INSERT INTO t VALUES (1, 1.5)")
    desk.add("postgres", connection_string=postgres)
    desk.good()
    assert desk.types("db.t")["n"] == "DECIMAL(38,1)"
    run(postgres, "INSERT INTO t VALUES (2, 0.125)")
    desk.good()
    assert desk.rows("SELECT CAST(n AS VARCHAR) FROM db.t ORDER BY id") == [("1.500",), ("0.125",)]
    run(postgres, "INSERT INTO t VALUES (3, 'NaN')")
    desk.good()
    assert desk.rows("SELECT n FROM db.t ORDER BY id") == [("1.5",), ("0.125",), ("NaN",)]


def test_all_tables_of_a_run_are_of_one_moment(shop: str, desk: Desk) -> None:
    desk.add("postgres", connection_string=shop)
    seen: list[str] = []

    def between(event: object) -> None:
        if getattr(event, "kind", "") == "finished" and not seen:
            seen.append("")
            run(shop, "INSERT INTO customers VALUES (3, 'c', 'C'); INSERT INTO orders (id, customer_id) VALUES (3, 3)")

    desk.workspace.sync(["db"], observe=between)
    lost = "SELECT count(*) FROM db.orders o WHERE customer_id NOT IN (SELECT id FROM db.customers)"
    assert desk.rows(lost) == [(0,)]


def test_a_large_table_that_is_read_again_writes_only_the_rows_that_differ(postgres: str, desk: Desk) -> None:
    run(
        postgres,
        "CREATE TABLE t AS SELECT g AS id, 'row ' || g AS name, jsonb_build_object('g', g) AS j FROM generate_series(1, 120000) g",
    )
    run(postgres, "ALTER TABLE t ADD PRIMARY KEY (id)")
    desk.add("postgres", connection_string=postgres)
    assert desk.good()["t"].inserted == 120_000
    run(
        postgres,
        "UPDATE t SET name = 'new' WHERE id % 40000 = 0; DELETE FROM t WHERE id = 5; INSERT INTO t VALUES (0, 'zero', '{}')",
    )
    report = desk.good()["t"]
    assert (report.inserted, report.updated, report.deleted, report.total_rows) == (1, 3, 1, 120_000)
    assert desk.good()["t"].status == "unchanged"


def test_one_table_that_cannot_be_read_stops_no_other(shop: str, desk: Desk) -> None:
    run(shop, "CREATE VIEW broken AS SELECT 1 / (id - 1) AS x FROM customers")
    desk.add("postgres", connection_string=shop)
    tables = desk.sync()
    assert tables["broken"].error is not None
    assert "division by zero" in tables["broken"].error["message"]
    assert {t.status for name, t in tables.items() if name != "broken"} == {"success", "unchanged"}


def test_a_password_is_in_no_error_and_in_no_file_but_the_vault(postgres: str, desk: Desk) -> None:
    url = "postgresql://nobody:s3cretpass@127.0.0.1:1/none"
    with pytest.raises(FetchError) as caught:
        desk.add("postgres", connection_string=url)
    assert "s3cretpass" not in f"{caught.value.message}{caught.value.hint}"
    assert "s3cretpass" not in desk.workspace.paths.config.read_text() if desk.workspace.paths.config.exists() else True


def test_a_reference_to_the_environment_is_read_at_each_run(
    shop: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_URL", shop)
    desk.add("postgres", connection_string="${SHOP_URL}")
    desk.good()
    monkeypatch.delenv("SHOP_URL")
    with pytest.raises(DinobaseError) as caught:
        desk.sync()
    assert caught.value.error_code == "credential.missing"


def test_a_mode_that_is_not_there_is_refused(shop: str, desk: Desk) -> None:
    with pytest.raises(UsageError) as caught:
        desk.add("postgres", connection_string=shop, mode="both")
    assert caught.value.error_code == "source.mode"


def test_a_table_that_is_not_there_is_refused(shop: str, desk: Desk) -> None:
    with pytest.raises(DinobaseError) as caught:
        desk.workspace.add("postgres", name="db", given={"connection_string": shop}, resources=["order"])
    assert "did you mean `orders`?" in caught.value.hint


def test_nothing_can_be_written_to_the_source(shop: str, desk: Desk) -> None:
    desk.add("postgres", connection_string=shop)
    desk.good()
    run(shop, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'INSERT INTO notes VALUES (''written''); SELECT 1'")
    run(shop, "CREATE VIEW sly AS SELECT f() AS x")
    assert desk.sync()["sly"].error is not None
    with psycopg.connect(shop) as connection:
        assert connection.execute("SELECT count(*) FROM notes WHERE body = 'written'").fetchone() == (0,)


def test_rows_that_are_too_wide_for_a_row_group_come_all_the_same(postgres: str, desk: Desk) -> None:
    run(
        postgres, "CREATE TABLE t AS SELECT g AS id, repeat(md5(g::text), 1000) AS body FROM generate_series(1, 4000) g"
    )
    run(postgres, "ALTER TABLE t ADD PRIMARY KEY (id)")
    desk.add("postgres", connection_string=postgres)
    assert desk.good()["t"].inserted == 4_000
    run(postgres, "UPDATE t SET body = body || 'x' WHERE id = 1")
    assert desk.good()["t"].updated == 1
    assert desk.rows("SELECT count(*), sum(length(body))::BIGINT FROM db.t") == [(4_000, 4_000 * 32_000 + 1)]
