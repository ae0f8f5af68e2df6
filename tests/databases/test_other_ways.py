"""What all databases read by a driver have in common, on CockroachDB's reader over a real PostgreSQL."""

from __future__ import annotations

import sys
from pathlib import Path

import psycopg
import pytest

from dinobase.core import secrets
from dinobase.core.errors import FetchError, UsageError
from dinobase.extract.readers.dbapi.pgwire import COCKROACH_KIND
from tests.databases.desk import Desk
from tests.databases.test_other_pgwire import LIKE_REDSHIFT

KIND = "cockroachdb"
SHOP = """
CREATE TYPE state AS ENUM ('open', 'sent');
CREATE TABLE customers (id bigint PRIMARY KEY, email text, "fullName" text, updated_at timestamptz NOT NULL);
CREATE TABLE orders (a int, b int, customer_id bigint REFERENCES customers(id), state state, PRIMARY KEY (b, a));
CREATE TABLE lines (code text NOT NULL UNIQUE, a int, b int, FOREIGN KEY (b, a) REFERENCES orders(b, a));
CREATE TABLE loose (n int);
CREATE SCHEMA ops; CREATE TABLE ops.crew (id int PRIMARY KEY); CREATE VIEW ops.all_crew AS SELECT * FROM ops.crew;
COMMENT ON TABLE orders IS 'What was bought'; COMMENT ON COLUMN orders.state IS 'How far it is';
INSERT INTO customers SELECT i, 'a@b.c', 'A B', now() - interval '2 hours' FROM generate_series(1, 5) i;
INSERT INTO orders VALUES (1, 2, 3, 'open'); INSERT INTO lines VALUES ('x', 1, 2); INSERT INTO ops.crew VALUES (1);
INSERT INTO loose VALUES (1), (1);
"""


@pytest.fixture
def shop(postgres: str) -> str:
    """A database of a shop; its URL as that of a CockroachDB."""
    run(postgres, LIKE_REDSHIFT + SHOP)
    return postgres.replace("postgresql://", "cockroachdb://")


def run(url: str, sql: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(sql.encode())


def test_keys_foreign_keys_comments_and_the_values_of_enums_are_read(shop: str) -> None:
    opened = COCKROACH_KIND.open({"connection_string": shop}, None)
    try:
        tables = {t.name: t for t in opened.tables()}
    finally:
        opened.close()
    assert sorted(tables) == ["customers", "lines", "loose", "ops__all_crew", "ops__crew", "orders"]
    orders, lines = tables["orders"], tables["lines"]
    assert (orders.key, lines.key, tables["loose"].key) == (("b", "a"), ("code",), ())
    assert [(k.columns, k.to, k.to_columns) for k in lines.foreign_keys] == [(("b", "a"), "orders", ("b", "a"))]
    assert [(k.columns, k.to, k.to_columns) for k in orders.foreign_keys] == [(("customer_id",), "customers", ("id",))]
    state = orders.column("state")
    assert state is not None
    assert (orders.description, state.description, state.values) == (
        "What was bought",
        "How far it is",
        ("open", "sent"),
    )
    assert {name: t.cursor for name, t in tables.items() if t.cursor} == {"customers": "updated_at"}


def test_rows_come_once_and_then_what_has_changed(shop: str, postgres: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.add(KIND, connection_string=shop, tables="customers,orders,loose,all_crew")
    assert {name: t.rows for name, t in desk.good().items()} == {
        "customers": 5, "orders": 1, "loose": 2, "ops__all_crew": 1,
    }  # fmt: skip
    run(postgres, "UPDATE customers SET email = 'new', updated_at = now() - interval '1 hour' WHERE id = 2")
    run(postgres, "DELETE FROM loose")
    again = desk.good()
    assert (again["customers"].mode, again["customers"].updated, again["customers"].total_rows) == ("incremental", 1, 5)
    assert (again["loose"].deleted, again["orders"].status) == (2, "unchanged")
    assert desk.rows("SELECT email, full_name FROM db.customers WHERE id = 2") == [("new", "A B")]
    run(postgres, "DELETE FROM customers WHERE id = 5")
    assert desk.good()["customers"].deleted == 0
    assert desk.good(full=True)["customers"].deleted == 1


def test_a_cursor_of_numbers_and_one_of_text_are_read_from_their_last_value_on(
    shop: str, postgres: str, tmp_path: Path
) -> None:
    desk = Desk(tmp_path)
    desk.add(KIND, connection_string=shop, incremental="customers=id,lines=code", tables="customers,lines")
    assert [t.rows for t in desk.good().values()] == [5, 1]
    run(postgres, "INSERT INTO customers VALUES (6, NULL, NULL, now()); INSERT INTO lines VALUES ('y''s', 1, 2)")
    assert sorted((t.rows, t.inserted) for t in desk.good().values()) == [(2, 1), (2, 1)]
    assert [(t.rows, t.status) for t in desk.good().values()] == [(1, "unchanged"), (1, "unchanged")]


def test_schemas_and_globs_choose_tables(shop: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.add(KIND, "one", connection_string=shop, schemas="ops") == ["all_crew", "crew"]
    assert desk.add(KIND, "two", connection_string=shop, tables="o*,ops.cr*") == ["ops__crew", "orders"]


def test_a_table_that_cannot_be_read_stops_no_other(shop: str, postgres: str, tmp_path: Path) -> None:
    run(postgres, "CREATE VIEW bad AS SELECT 1 / (n - 1) AS n FROM loose")
    desk = Desk(tmp_path)
    desk.add(KIND, connection_string=shop, schemas="public")
    found = desk.sync()
    error = found.pop("bad").error
    assert error is not None
    assert (error["code"], error["message"]) == ("source.failed", "cockroachdb says: division by zero")
    assert {t.status for t in found.values()} == {"success"}


@pytest.mark.parametrize("mode", ["live", "cdc"])
def test_only_copies_are_there(tmp_path: Path, mode: str) -> None:
    with pytest.raises(UsageError, match=f"`--mode {mode}` is not there for cockroachdb") as refused:
        Desk(tmp_path).add(KIND, connection_string="cockroachdb://127.0.0.1:1/db", mode=mode)
    assert refused.value.error_code == "source.mode"


def test_a_column_that_begins_to_hold_what_its_type_does_not_becomes_text_and_stays_it(
    postgres: str, tmp_path: Path
) -> None:
    run(postgres, LIKE_REDSHIFT + "CREATE TABLE t (id int PRIMARY KEY, d date); INSERT INTO t VALUES (1, '2024-01-01')")
    desk = Desk(tmp_path)
    desk.add(KIND, connection_string=postgres.replace("postgresql://", f"{KIND}://"))
    desk.good()
    assert desk.types("db.t")["d"] == "DATE"
    run(postgres, "INSERT INTO t VALUES (2, '0044-03-15 BC')")
    assert "d is text: it holds a value that DATE would not keep" in desk.good()["t"].notes
    run(postgres, "DELETE FROM t WHERE id = 2")
    assert (desk.good()["t"].deleted, desk.types("db.t")["d"]) == (1, "VARCHAR")
    assert desk.rows("SELECT d FROM db.t") == [("2024-01-01",)]


def test_a_server_that_is_not_there_is_an_error_without_the_password() -> None:
    with pytest.raises(FetchError, match=r"cockroachdb says: .*[Cc]onnection refused") as failed:
        COCKROACH_KIND.open({"connection_string": "cockroachdb://u:hunter2pass@127.0.0.1:1/db"}, None)
    assert "hunter2pass" not in str(failed.value.as_dict())


def test_an_address_that_is_none_says_how_it_looks() -> None:
    with pytest.raises(UsageError, match="the connection string cannot be used") as refused:
        COCKROACH_KIND.open({"connection_string": "cockroachdb://u:p@host:port/db"}, None)
    assert refused.value.hint == "It looks like cockroachdb://user:password@host:26257/database"


def test_what_is_secret_in_the_options_of_an_address_is_hidden() -> None:
    url = "cockroachdb://127.0.0.1:1/db?token=hunter3token"
    with pytest.raises(FetchError) as failed:
        COCKROACH_KIND.open({"connection_string": url}, None)
    assert "hunter3token" not in str(failed.value.as_dict())
    assert secrets.redact("say hunter3token") == f"say {secrets.MASK}"


def test_without_pyarrow_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="pyarrow is not installed") as refused:
        COCKROACH_KIND.open({"connection_string": "cockroachdb://127.0.0.1:1/db"}, None)
    assert refused.value.hint == "pip install 'dinobase[cockroachdb]'"
