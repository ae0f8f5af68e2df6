"""MariaDB as a source: names, keys, links, comments, and a second sync."""

# ruff: noqa: E501 - SQL and what it gives, on the lines they are on

from __future__ import annotations

import pymysql

from tests.databases.desk import Desk, InDatabase

SHOP = """
CREATE TABLE customers (id int PRIMARY KEY, email varchar(100) NOT NULL UNIQUE COMMENT 'Where we write to');
CREATE TABLE orders (
  id int PRIMARY KEY, customer_id int, state enum('new','paid'), updated_at timestamp NOT NULL,
  FOREIGN KEY (customer_id) REFERENCES customers (id)
) COMMENT 'What customers bought';
CREATE VIEW paid AS SELECT id FROM orders WHERE state = 'paid';
CREATE TABLE coded (code varchar(5) COLLATE utf8mb4_bin NOT NULL, UNIQUE KEY (code));
INSERT INTO customers VALUES (1, 'a@example.com'), (2, 'b@example.com');
INSERT INTO orders VALUES (1, 1, 'new', '2024-01-01'), (2, 2, 'paid', '2024-02-01');
INSERT INTO coded VALUES ('a'), ('A');
"""


def test_tables_keys_links_and_comments_come_with_the_rows(maria: InDatabase, desk: Desk) -> None:
    maria(SHOP)
    assert sorted(desk.add("mysql", connection_string=maria.url)) == ["coded", "customers", "orders", "paid"]
    assert {name: t.inserted for name, t in desk.good().items()} == {"coded": 2, "customers": 2, "orders": 2, "paid": 1}
    [orders] = desk.workspace.describe(["db.orders"])
    assert (orders.description, orders.primary_key) == ("What customers bought", ["id"])
    assert [r.join for r in orders.related_tables] == ["db.orders.customer_id = db.customers.id"]
    assert {c.name: c.values for c in orders.columns}["state"] == ["new", "paid"]
    [customers] = desk.workspace.describe(["db.customers"])
    assert [c.description for c in customers.columns] == [None, "Where we write to"]
    [coded] = desk.workspace.describe(["db.coded"])
    assert coded.primary_key == ["code"]


def test_only_what_changed_is_read_again_and_what_is_gone_goes_with_a_full_reading(
    maria: InDatabase, desk: Desk
) -> None:
    maria(SHOP)
    desk.add("mariadb", connection_string=maria.url)
    desk.good()
    assert {t.status for t in desk.good().values()} == {"unchanged"}
    maria("UPDATE orders SET state = 'paid', updated_at = '2024-03-01' WHERE id = 1; DELETE FROM orders WHERE id = 2")
    report = desk.good()["orders"]
    assert (report.mode, report.updated, report.deleted) == ("incremental", 1, 0)
    assert desk.good(full=True)["orders"].deleted == 1


def test_a_read_goes_back_to_when_the_oldest_writer_began_by_the_servers_own_clock(
    maria: InDatabase, desk: Desk
) -> None:
    maria(SHOP)
    maria("UPDATE orders SET updated_at = now() - INTERVAL 5 MINUTE WHERE id = 1")
    maria("UPDATE orders SET updated_at = now() WHERE id = 2")
    desk.add("mariadb", connection_string=maria.url, tables="orders")
    name = maria.url.rpartition("/")[2]
    writer = pymysql.connect(host="127.0.0.1", port=maria.server.port, user="root", database=name)
    try:
        with writer.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
            cursor.execute("INSERT INTO orders VALUES (3, 1, 'new', now())")
            assert desk.good()["orders"].rows == 2
            writer.commit()
        again = desk.good()["orders"]
        assert (again.inserted, again.rows) == (1, 2), "not the row of five minutes ago"
    finally:
        writer.close()


def test_another_database_of_the_server_goes_before_the_name(maria: InDatabase, desk: Desk) -> None:
    maria(
        f"CREATE TABLE t (id int PRIMARY KEY); CREATE DATABASE {maria.name}b; CREATE TABLE {maria.name}b.t (id int PRIMARY KEY)"
    )
    try:
        tables = desk.add("mysql", connection_string=maria.url, schemas=f"{maria.name},{maria.name}b")
        assert sorted(tables) == [f"{maria.name}b__t", "t"]
        desk.good()
    finally:
        maria(f"DROP DATABASE {maria.name}b")
