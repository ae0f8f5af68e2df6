"""PostgreSQL followed by its log: what changed comes, whatever it was, and what is there is the source as it is."""

from __future__ import annotations

import psycopg
import pytest

from dinobase.core.errors import DinobaseError
from tests.databases.desk import Desk

SHOP = """
CREATE TABLE orders (id int PRIMARY KEY, state text NOT NULL, amount numeric(10,2), note text);
CREATE TABLE lines (ship text, n int, qty int, PRIMARY KEY (ship, n));
CREATE TABLE log (body text);
INSERT INTO orders SELECT n, 'new', n * 1.5, NULL FROM generate_series(1, 20) n;
INSERT INTO lines VALUES ('a', 1, 1), ('a', 2, 2), ('b', 1, 3);
INSERT INTO log VALUES ('x'), ('x');
"""


def run(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for sql in statements:
            connection.execute(sql.encode())


def ask(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql.encode()).fetchall()


@pytest.fixture
def shop(logical: str, desk: Desk) -> str:
    run(logical, SHOP)
    desk.add("postgres", connection_string=logical, mode="cdc")
    desk.good()
    return logical


def same(url: str, desk: Desk, table: str = "orders", columns: str = "id, state, amount, note") -> None:
    sql = f"SELECT {columns} FROM {table} ORDER BY 1, 2"
    assert desk.rows(sql.replace(f"FROM {table}", f"FROM db.{table}")) == ask(url, sql)


def test_inserts_updates_and_deletes_come_and_nothing_else_is_read(shop: str, desk: Desk) -> None:
    run(
        shop,
        "INSERT INTO orders VALUES (21, 'new', 2, 'n')",
        "UPDATE orders SET state = 'paid' WHERE id IN (1, 2)",
        "DELETE FROM orders WHERE id = 3",
    )
    orders = desk.good()["orders"]
    assert (orders.rows, orders.inserted, orders.updated, orders.deleted, orders.mode) == (3, 1, 2, 1, "incremental")
    same(shop, desk)


def test_keys_that_change_leave_no_row_behind_and_large_values_that_were_not_sent_stay(shop: str, desk: Desk) -> None:
    large = "(SELECT string_agg(md5(x::text), '') FROM generate_series(1, 4000) x)"
    run(
        shop,
        "UPDATE orders SET id = id + 100 WHERE id < 5",
        "UPDATE lines SET ship = 'c' WHERE ship = 'a'",
        f"UPDATE orders SET note = {large} WHERE id = 7",
    )
    desk.good()
    run(shop, "UPDATE orders SET state = 'sent' WHERE id = 7")
    tables = desk.good()
    assert (tables["orders"].rows, tables["lines"].rows, tables["lines"].status) == (1, 0, "unchanged")
    same(shop, desk)
    same(shop, desk, "lines", "ship, n, qty")


def test_a_table_that_was_emptied_is_empty(shop: str, desk: Desk) -> None:
    run(shop, "TRUNCATE orders", "INSERT INTO orders VALUES (1, 'again', NULL, NULL)")
    desk.good()
    same(shop, desk)


@pytest.mark.parametrize("identity", ["FULL", "USING INDEX by_code"])
def test_every_replica_identity_that_tells_rows_apart_is_followed(logical: str, desk: Desk, identity: str) -> None:
    run(
        logical,
        "CREATE TABLE parts (id int PRIMARY KEY, code text NOT NULL, qty int)",
        "CREATE UNIQUE INDEX by_code ON parts (code)",
        f"ALTER TABLE parts REPLICA IDENTITY {identity}",
        "INSERT INTO parts SELECT n, 'p' || n, n FROM generate_series(1, 9) n",
    )
    desk.add("postgres", connection_string=logical, mode="cdc")
    desk.good()
    run(
        logical,
        "UPDATE parts SET code = 'q' || id WHERE id < 3",
        "UPDATE parts SET id = id + 50 WHERE id IN (2, 4)",
        "DELETE FROM parts WHERE id = 9",
    )
    parts = desk.good()["parts"]
    assert parts.mode == "incremental"
    same(logical, desk, "parts", "id, code, qty")


def test_a_table_without_a_key_is_read_as_a_whole_and_can_still_be_changed(shop: str, desk: Desk) -> None:
    run(shop, "UPDATE log SET body = 'y'", "INSERT INTO log VALUES ('z')")
    assert desk.good()["log"].mode == "full"
    same(shop, desk, "log", "body, body")


def test_a_column_that_comes_with_a_default_and_one_that_goes_are_seen(shop: str, desk: Desk) -> None:
    run(shop, "ALTER TABLE orders ADD COLUMN lang text NOT NULL DEFAULT 'en'", "ALTER TABLE orders DROP COLUMN note")
    orders = desk.good()["orders"]
    assert "its columns have changed: everything is read anew" in orders.notes
    assert desk.rows("SELECT DISTINCT lang, note FROM db.orders") == [("en", None)]
    run(shop, "UPDATE orders SET lang = 'de' WHERE id = 4")
    assert desk.good()["orders"].rows == 1
    same(shop, desk, columns="id, state, lang")


def test_what_a_running_transaction_commits_later_comes_with_the_next_sync(shop: str, desk: Desk) -> None:
    with psycopg.connect(shop) as slow:
        slow.execute("UPDATE orders SET state = 'slow' WHERE id = 1")
        run(shop, "UPDATE orders SET state = 'quick' WHERE id = 2")
        assert desk.good()["orders"].updated == 1
    assert desk.good()["orders"].updated == 1
    same(shop, desk)


def test_a_slot_that_is_gone_means_a_full_copy_and_is_said(shop: str, desk: Desk) -> None:
    run(
        shop, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()"
    )
    run(shop, "DELETE FROM orders WHERE id = 5")
    orders = desk.good()["orders"]
    assert orders.mode == "full"
    assert any("was gone: everything is read anew" in note for note in orders.notes), orders.notes
    same(shop, desk)


def test_a_slot_that_was_made_anew_by_another_is_not_trusted(shop: str, desk: Desk) -> None:
    [[name]] = ask(shop, "SELECT slot_name FROM pg_replication_slots WHERE database = current_database()")
    run(shop, f"SELECT pg_drop_replication_slot('{name}')", "DELETE FROM orders WHERE id = 6")
    run(shop, f"SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')")
    orders = desk.good()["orders"]
    assert any("has moved past what the lake has" in note for note in orders.notes), orders.notes
    same(shop, desk)


def test_a_table_that_was_out_of_the_publication_for_a_while_is_read_anew(shop: str, desk: Desk) -> None:
    [[name]] = ask(shop, "SELECT pubname FROM pg_publication")
    run(
        shop,
        f"ALTER PUBLICATION {name} DROP TABLE orders",
        "DELETE FROM orders WHERE id = 8",
        f"ALTER PUBLICATION {name} ADD TABLE orders",
    )
    assert any("taken out of the publication" in note for note in desk.good()["orders"].notes)
    same(shop, desk)


def test_a_partitioned_table_is_one_table(logical: str, desk: Desk) -> None:
    run(
        logical,
        "CREATE TABLE m (id int, day date, v int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        "CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        "CREATE TABLE m2 PARTITION OF m FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        "INSERT INTO m VALUES (1, '2024-02-01', 1), (2, '2025-02-01', 2)",
    )
    desk.add("postgres", connection_string=logical, mode="cdc")
    desk.good()
    run(logical, "UPDATE m SET day = '2025-05-05' WHERE id = 1", "INSERT INTO m VALUES (3, '2024-03-03', 3)")
    assert desk.good()["m"].mode == "incremental"
    same(logical, desk, "m", "id, day, v")


def test_the_slot_moves_on_and_doctor_says_how_far_it_is_behind(shop: str, desk: Desk) -> None:
    [[before]] = ask(shop, "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE database = current_database()")
    run(shop, "UPDATE orders SET note = repeat(md5(id::text), 50000)", "UPDATE lines SET qty = qty + 1")
    desk.good()
    sql = f"SELECT confirmed_flush_lsn > '{before}' FROM pg_replication_slots WHERE database = current_database()"
    assert ask(shop, sql) == [(True,)]
    [found] = [f for f in desk.workspace.doctor().checks if f.name == "capture db"]
    assert found.status == "ok"
    assert "of its log for the replication slot dinobase_" in found.detail


def test_status_asks_how_far_the_slot_is_behind_and_tells_it_to_nobody_under_rules(shop: str, desk: Desk) -> None:
    [told] = desk.workspace.status(captures=True).connectors
    assert told.capture is not None
    assert (told.capture.status, "of its log for the replication slot" in told.capture.detail) == ("ok", True)
    assert desk.workspace.status().connectors[0].capture is None
    config = desk.workspace.paths.root / "config.yaml"
    config.write_text(config.read_text() + "access:\n  agent:\n    sources: [db.lines]\n")
    [hidden] = desk.workspace.status(identity="agent", captures=True).connectors
    assert hidden.capture is None


def test_remove_drops_slot_and_publication(shop: str, desk: Desk) -> None:
    assert desk.workspace.remove("db").left is None
    assert ask(shop, "SELECT 1 FROM pg_replication_slots WHERE database = current_database()") == []
    assert ask(shop, "SELECT 1 FROM pg_publication") == []


def test_remove_says_what_stays_where_the_database_cannot_be_reached(shop: str, desk: Desk) -> None:
    desk.workspace.add(
        "postgres",
        name="db",
        given={"connection_string": "postgresql://u:hunter22@127.0.0.1:9/x", "mode": "cdc"},
        replace=True,
        check=False,
    )
    assert ask(shop, "SELECT 1 FROM pg_publication") == []
    left = desk.workspace.remove("db").left
    assert left is not None
    assert "pg_drop_replication_slot" in left
    assert "hunter22" not in left


def test_a_server_without_a_logical_log_is_refused_with_the_statement_that_helps(postgres: str, desk: Desk) -> None:
    with pytest.raises(DinobaseError, match="wal_level = replica") as caught:
        desk.add("postgres", connection_string=postgres, mode="cdc")
    assert "ALTER SYSTEM SET wal_level = logical" in caught.value.hint


def test_a_user_without_rights_is_told_what_an_administrator_runs(logical: str, desk: Desk) -> None:
    run(logical, SHOP)
    run(
        logical,
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN PASSWORD 's3cret-pw'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
    )
    desk.add("postgres", connection_string=logical.replace("postgres:@", "reader:s3cret-pw@"), mode="cdc")
    [report] = desk.workspace.sync(["db"]).connectors
    assert report.error is not None
    assert "CREATE PUBLICATION" in report.error["hint"]
    assert "s3cret-pw" not in str(report.error)
    run(logical, "DROP OWNED BY reader", "DROP ROLE reader")


def test_other_databases_have_no_log_to_follow(desk: Desk) -> None:
    with pytest.raises(DinobaseError, match="`--mode cdc` is not there"):
        desk.add("sqlite", path="/tmp/none.db", mode="cdc")
