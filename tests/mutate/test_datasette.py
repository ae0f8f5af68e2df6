"""Writes to a real API that nobody here wrote, each checked at the server and in the lake."""
# ruff: noqa: E501 - statements stand on one line, as people write them

from __future__ import annotations

import pytest

from dinobase.core.errors import QueryError, RequestError, UnknownName
from tests.mutate.datasettes import Datasette
from tests.mutate.desk import Desk

CUSTOMERS = "SELECT id, name, email, city, score, note FROM customers ORDER BY id"


def both(desk: Desk, server: Datasette) -> list[tuple[object, ...]]:
    """The server's rows, which the lake must have too."""
    here = server.rows(CUSTOMERS)
    assert desk.rows(CUSTOMERS.replace("FROM customers", "FROM shop.customers")) == here
    return here


def test_an_update_is_shown_then_sent_then_seen_by_the_next_query(desk: Desk, server: Datasette) -> None:
    before = server.rows(CUSTOMERS)
    planned = desk.write("UPDATE shop.customers SET name = upper(name), score = score * 2 WHERE city = 'Berlin'")
    assert server.rows(CUSTOMERS) == before
    assert planned["status"] == "pending_confirmation"
    preview = planned["preview"]
    assert (preview["operation"], preview["source"], preview["table"]) == ("update", "shop", "customers")
    assert preview["changes"][0] == {
        "key": {"id": 1},
        "columns": {"name": {"old": "Ada", "new": "ADA"}, "score": {"old": 1.5, "new": 3.0}},
    }
    assert preview["requests"][0] == {
        "method": "POST",
        "url": f"{server.url}/shop/customers/1/-/update",
        "body": {"return": True, "update": {"name": "ADA", "score": 3.0}},
    }
    done = desk.confirm(planned, human=False)
    assert (done["status"], done["succeeded"]) == ("executed", 2)
    assert [row[1] for row in both(desk, server)] == ["ADA", "BOB", "Cyd"]


def test_an_update_from_a_join_takes_its_values_from_other_tables(desk: Desk, server: Datasette) -> None:
    desk.do(
        "WITH due AS (SELECT customer, sum(amount) AS total FROM shop.orders GROUP BY customer) "
        "UPDATE shop.customers c SET score = due.total FROM due WHERE due.customer = c.id"
    )
    assert [row[4] for row in both(desk, server)] == [29.75, 1.0, None]


def test_an_update_that_gives_a_row_two_values_is_refused(desk: Desk) -> None:
    with pytest.raises(QueryError) as caught:
        desk.write("UPDATE shop.customers c SET score = o.amount FROM shop.orders o WHERE o.customer = c.id")
    assert caught.value.error_code == "write.ambiguous"


def test_two_rows_that_agree_on_the_value_are_no_ambiguity(desk: Desk, server: Datasette) -> None:
    desk.do("UPDATE shop.customers c SET note = 'has orders' FROM shop.orders o WHERE o.customer = c.id")
    assert [row[5] for row in both(desk, server)] == ["has orders", "has orders", ""]


def test_inserts_of_several_rows_go_in_one_call_and_come_back_with_their_keys(desk: Desk, server: Datasette) -> None:
    planned = desk.write("INSERT INTO shop.customers (name, email) VALUES ('Dan', 'd@x'), ('Eve', 'e@x')")
    assert len(planned["preview"]["requests"]) == 1
    done = desk.confirm(planned)
    assert [step["key"] for step in done["steps"]] == [{"id": 4}, {"id": 5}]
    assert [row[:3] for row in both(desk, server)][3:] == [(4, "Dan", "d@x"), (5, "Eve", "e@x")]


def test_more_rows_than_a_batch_takes_go_in_several_calls(desk: Desk, server: Datasette) -> None:
    planned = desk.write("INSERT INTO shop.customers (name) SELECT 'n' || i FROM range(100) t(i)")
    assert [len(r["body"]["rows"]) for r in planned["preview"]["requests"]] == [40, 40, 20]
    assert planned["approval"] == "human"
    assert desk.confirm(planned)["succeeded"] == 100
    assert len(both(desk, server)) == 103


def test_a_delete_takes_the_row_out_of_server_and_lake(desk: Desk, server: Datasette) -> None:
    planned = desk.write(
        "DELETE FROM shop.customers USING shop.orders o WHERE o.customer = shop.customers.id AND o.id = 12"
    )
    assert planned["approval"] == "human"
    desk.confirm(planned)
    assert [row[0] for row in both(desk, server)] == [1, 3]


def test_a_merge_updates_deletes_and_inserts(desk: Desk, server: Datasette) -> None:
    planned = desk.write(
        "MERGE INTO shop.customers c USING (VALUES (1, 'Ada L.', false), (2, '', true), (9, 'Ida', false)) v(id, name, gone) "
        "ON v.id = c.id WHEN MATCHED AND v.gone THEN DELETE WHEN MATCHED THEN UPDATE SET name = v.name "
        "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (v.id, v.name)"
    )
    assert planned["approval"] == "human"
    assert desk.confirm(planned)["status"] == "executed"
    assert [row[:2] for row in both(desk, server)] == [(1, "Ada L."), (3, "Cyd"), (9, "Ida")]


def test_several_statements_are_one_batch_with_one_approval(desk: Desk, server: Datasette) -> None:
    planned = desk.write(
        "UPDATE shop.customers SET name = 'A' WHERE id = 1; UPDATE shop.orders SET status = 'sent' WHERE id = 10;"
    )
    assert [m["preview"]["table"] for m in planned["mutations"]] == ["customers", "orders"]
    with pytest.raises(QueryError, match="planned together"):
        desk.engine.confirm(planned["mutations"][0]["mutation_id"], human=True)
    done = desk.confirm(planned)
    assert (done["status"], done["succeeded"]) == ("executed", 2)
    assert server.rows("SELECT status FROM orders WHERE id = 10") == [("sent",)]
    assert desk.rows("SELECT status FROM shop.orders WHERE id = 10") == [("sent",)]


def test_two_statements_that_change_one_row_are_refused(desk: Desk) -> None:
    with pytest.raises(QueryError) as caught:
        desk.write(
            "UPDATE shop.customers SET name = 'A' WHERE id = 1; UPDATE shop.customers SET city = 'B' WHERE id < 3"
        )
    assert caught.value.error_code == "write.overlap"


def test_undo_restores_the_server_exactly(desk: Desk, server: Datasette) -> None:
    before = both(desk, server)
    done = [
        desk.do("UPDATE shop.customers SET note = NULL, city = 'X', score = -1 WHERE id > 1"),
        desk.do("INSERT INTO shop.customers (id, name) VALUES (77, 'Zoe')"),
        desk.do("DELETE FROM shop.customers WHERE id = 1"),
    ]
    for one in reversed(done):
        planned = desk.engine.undo(one["mutation_id"])
        assert planned["status"] == "pending_confirmation"
        assert desk.confirm(planned)["status"] == "executed"
    assert both(desk, server) == before


def test_what_cannot_be_undone_is_said_before_the_first_confirm(desk: Desk) -> None:
    assert desk.write("UPDATE shop.orders SET status = 'x' WHERE id = 10")["preview"]["undoable"] is True
    desk.define(
        (desk.root / "connectors" / "shop.yaml").read_text().replace("- name: create_customer\n", "- name: create_order\n")
        .replace("- name: batch_create_customers\n", "- name: batch_create_orders\n")
    )  # fmt: skip
    preview = desk.write("DELETE FROM shop.customers WHERE id = 1")["preview"]
    assert preview["undoable"] is False
    assert "no write endpoint to INSERT into customers" in preview["not_undoable"][0]


def test_a_row_that_changed_at_the_source_is_a_conflict_and_the_others_go_on(desk: Desk, server: Datasette) -> None:
    planned = desk.write("UPDATE shop.customers SET city = 'Oslo' WHERE city = 'Berlin'")
    server.change("UPDATE customers SET city = 'Paris' WHERE id = 1")
    done = desk.confirm(planned)
    assert (done["status"], done["succeeded"], done["conflicts"]) == ("partial", 1, 1)
    assert "Paris" in done["steps"][0]["error"]
    assert [row[3] for row in server.rows(CUSTOMERS)] == ["Paris", "Oslo", "Rome"]


def test_a_row_that_is_gone_at_the_source_is_a_conflict_for_an_update_and_done_for_a_delete(
    desk: Desk, server: Datasette
) -> None:
    update = desk.write("UPDATE shop.customers SET city = 'Oslo' WHERE id = 3")
    delete = desk.write("DELETE FROM shop.customers WHERE id = 3")
    server.change("DELETE FROM customers WHERE id = 3")
    assert desk.confirm(update)["conflicts"] == 1
    assert desk.confirm(delete)["succeeded"] == 1


def test_row_two_of_three_failing_leaves_a_precise_record(desk: Desk, server: Datasette) -> None:
    server.change(
        "CREATE TRIGGER no BEFORE UPDATE ON customers WHEN NEW.id = 2 BEGIN SELECT RAISE(ABORT, 'not Bob'); END"
    )
    try:
        done = desk.do("UPDATE shop.customers SET city = 'Oslo'")
        assert (done["status"], done["succeeded"], done["failed"], done["not_tried"]) == ("partial", 1, 1, 1)
        assert [s["status"] for s in done["steps"]] == ["done", "failed", "not_tried"]
        assert "not Bob" in done["steps"][1]["error"]
    finally:
        server.change("DROP TRIGGER no")
    resumed = desk.engine.resume(done["mutation_id"], human=True)
    assert (resumed["status"], resumed["succeeded"]) == ("executed", 3)
    assert {row[3] for row in both(desk, server)} == {"Oslo"}


def test_what_stopped_can_be_given_up(desk: Desk, server: Datasette) -> None:
    server.change(
        "CREATE TRIGGER no BEFORE UPDATE ON customers WHEN NEW.id = 2 BEGIN SELECT RAISE(ABORT, 'not Bob'); END"
    )
    try:
        done = desk.do("UPDATE shop.customers SET city = 'Oslo'")
    finally:
        server.change("DROP TRIGGER no")
    assert desk.engine.abandon(done["mutation_id"])["status"] == "abandoned"
    with pytest.raises(QueryError, match="abandoned"):
        desk.engine.resume(done["mutation_id"], human=True)


def test_a_later_sync_does_not_bring_the_old_value_back(desk: Desk, server: Datasette) -> None:
    desk.do("UPDATE shop.customers SET name = 'New' WHERE id = 1; DELETE FROM shop.customers WHERE id = 2")
    desk.sync()
    assert [row[:2] for row in both(desk, server)] == [(1, "New"), (3, "Cyd")]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DELETE FROM shop.customers", "write.where"),
        ("TRUNCATE shop.customers", "write.unclear"),
        ("UPDATE shop.customers SET id = 9 WHERE id = 1", "write.key"),
        ("INSERT INTO shop.customers (id, name) VALUES (1, 'again')", "write.exists"),
        ("INSERT INTO shop.customers (id, name) VALUES (8, 'a'), (8, 'b')", "write.exists"),
        ("UPDATE shop.orders SET amount = 1 WHERE id = 10", "write.column"),
        ("INSERT INTO shop.orders (id) VALUES (1000)", "write.endpoint"),
        ("DELETE FROM shop.orders WHERE id = 10", "write.endpoint"),
        ("UPDATE shop.log SET message = 'x'", "write.endpoint"),
        ("UPDATE shop.nothing SET a = 1", "unknown.table"),
        ("UPDATE nowhere.customers SET a = 1", "unknown.connector"),
        ("UPDATE customers SET a = 1", "unknown.table"),
        ("UPDATE shop.customers SET nme = 'x'", "unknown.column"),
        ("UPDATE shop.customers SET name = DEFAULT", "write.unclear"),
        ("UPDATE shop.customers SET name = 'a' WHERE id = 1; SELECT 1", "query.several"),
        ("UPDATE shop.customers SET name = (SELECT content FROM read_text('/etc/passwd'))", "query.function"),
        ("UPDATE shop.customers SET name = getenv('HOME')", "query.function"),
        ("INSERT INTO shop.customers (name) SELECT content FROM read_text('/etc/passwd')", "query.function"),
        ("INSERT INTO shop.customers (name) SELECT * FROM '/etc/passwd'", "query.refused"),
        ("DELETE FROM shop.customers WHERE id IN (SELECT id FROM sqlite_scan('/tmp/x', 'y'))", "query.function"),
        ("UPDATE shop.customers SET name = 'x' RETURNING (SELECT content FROM read_text('/etc/passwd'))", "query.function"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_as_it_stands_is_refused_at_the_preview(desk: Desk, sql: str, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        desk.workspace.write(sql)
    assert caught.value.error_code == code
    assert desk.engine.listed() == []


def test_the_refusal_names_what_is_writable(desk: Desk) -> None:
    with pytest.raises(QueryError) as caught:
        desk.write("DELETE FROM shop.orders WHERE id = 10")
    assert "Of shop.orders the connector can: update" in caught.value.hint
    with pytest.raises(QueryError) as caught:
        desk.write("UPDATE shop.log SET message = 'x'")
    assert "customers (create, delete, update)" in caught.value.hint


def test_more_rows_than_max_rows_are_refused(desk: Desk) -> None:
    with pytest.raises(QueryError) as caught:
        desk.write("UPDATE shop.customers SET city = 'X'", max_rows=2)
    assert caught.value.error_code == "write.too_many"


def test_a_statement_that_changes_nothing_waits_for_nobody(desk: Desk, server: Datasette) -> None:
    done = desk.write("UPDATE shop.customers SET city = 'Berlin' WHERE id = 1")
    assert (done["status"], done["succeeded"], done["preview"]["rows_affected"]) == ("executed", 0, 0)


def test_mutations_of_others_do_not_exist_for_an_identity(desk: Desk) -> None:
    planned = desk.write("UPDATE shop.customers SET city = 'X' WHERE id = 1", identity="bot")
    with pytest.raises(UnknownName):
        desk.engine.show(planned["mutation_id"], identity="other")
    assert desk.engine.listed(identity="other") == []
    assert [m["identity"] for m in desk.engine.listed(identity="bot")] == ["bot"]
    assert desk.engine.confirm(planned["mutation_id"], identity="bot")["status"] == "executed"


def test_the_journal_is_there_in_sql(desk: Desk) -> None:
    done = desk.do("UPDATE shop.customers SET city = 'X' WHERE id = 1")
    rows = desk.rows("SELECT mutation_id, status, rows, identity, sql FROM _dinobase.mutations")
    assert rows == [(done["mutation_id"], "executed", 1, "cli", "UPDATE shop.customers SET city = 'X' WHERE id = 1")]
    sql = "SELECT step, status, http_status, record_key, before_image->>'city' FROM _dinobase.mutation_steps"
    assert desk.rows(sql) == [(1, "done", 200, '{"id":1}', "Berlin")]
