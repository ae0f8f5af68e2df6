"""Who may approve what: an agent cannot give what the rules give to a person, whatever it tries."""
# ruff: noqa: E501 - statements stand on one line, as people write them

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from dinobase.core import clock
from dinobase.core.errors import QueryError, RequestError, UnknownName
from dinobase.mutate import approval
from dinobase.mutate.planner import LIFETIME
from tests.mutate.datasettes import Datasette
from tests.mutate.desk import Desk

AGENT = "bot"
DELETE = "DELETE FROM shop.customers WHERE id = 1"
UPDATE = "UPDATE shop.customers SET city = 'X' WHERE id = 1"


def approver(config: dict[str, Any], operation: str, rows: int, table: str = "customers") -> str:
    return approval.needed(config, "shop", table, [operation], rows)  # type: ignore[list-item]  # literals in tests


@pytest.mark.parametrize(
    ("rules", "operation", "rows", "expected"),
    [
        ([], "update", 50, "agent"),
        ([], "update", 51, "human"),
        ([], "create", 50, "agent"),
        ([], "delete", 1, "human"),
        ([{"source": "*", "operation": "delete", "approval": "agent"}], "delete", 1, "agent"),
        ([{"source": "*", "operation": "delete", "approval": "agent"}], "delete", 51, "human"),
        ([{"source": "*", "operation": "delete", "approval": "agent", "max_rows": 500}], "delete", 51, "agent"),
        ([{"source": "shop", "operation": "delete", "approval": "deny"}], "delete", 500, "deny"),
        ([{"source": "shop.orders", "operation": "*", "approval": "auto"}], "update", 1, "agent"),
        ([{"source": "shop.c*", "operation": "*", "approval": "auto"}], "update", 1, "auto"),
        ([{"source": "shop", "operation": "update", "approval": "auto"}], "delete", 1, "human"),
        ([{"source": "SHOP", "approval": "human"}, {"source": "*", "approval": "auto"}], "update", 1, "human"),
        ([{"source": "*", "approval": "auto"}, {"source": "shop", "approval": "deny"}], "update", 1, "auto"),
        ([{"source": "*", "approval": "auto", "max_rows": 0}], "update", 1, "human"),
    ],
)
def test_the_first_rule_that_matches_decides_and_more_rows_need_a_person(
    rules: list[dict[str, Any]], operation: str, rows: int, expected: str
) -> None:
    assert approver({"default": {"approval": "agent", "max_rows": 50}, "rules": rules}, operation, rows) == expected


def test_a_merge_takes_the_strictest_of_its_parts() -> None:
    assert approval.needed({}, "shop", "customers", ["create", "update", "delete"], 3) == "human"


ATTEMPTS: dict[str, Callable[[Desk, str], Any]] = {
    "confirm": lambda d, i: d.engine.confirm(i, identity=AGENT),
    "confirm as cli": lambda d, i: d.engine.confirm(i, identity="cli"),
    "confirm in a batch": lambda d, i: d.engine.confirm_batch([i], identity=AGENT),
    "confirm its batch": lambda d, i: d.engine.confirm(d.engine.show(i)["batch_id"], identity=AGENT),
    "confirm as another": lambda d, i: d.engine.confirm(i, identity="other"),
    "resume what waits": lambda d, i: d.engine.resume(i, identity=AGENT),
    "resume and resend": lambda d, i: d.engine.resume(i, identity=AGENT, resend=True),
    "undo what was not done": lambda d, i: d.engine.undo(i, identity=AGENT),
    "write the journal": lambda d, i: d.write(f"UPDATE _dinobase.mutations SET approval = 'agent' WHERE mutation_id = '{i}'"),
    "delete from the journal": lambda d, i: d.write("DELETE FROM _dinobase.mutation_steps WHERE true"),
    "query that changes": lambda d, i: d.rows("UPDATE _dinobase.mutations SET approval = 'agent'"),
    "hide it behind a SELECT": lambda d, i: d.write(f"SELECT 1; {DELETE}", AGENT),
    "hide it behind a comment": lambda d, i: d.engine.confirm(d.write(f"/* UPDATE */ {DELETE}", AGENT)["mutation_id"]),
    "hide it in a WITH": lambda d, i: d.engine.confirm(
        d.write("WITH x AS (SELECT 1 AS id) DELETE FROM shop.customers USING x WHERE x.id = shop.customers.id", AGENT)["mutation_id"]
    ),
    "hide it in a MERGE": lambda d, i: d.engine.confirm(
        d.write("MERGE INTO shop.customers USING (SELECT 1 AS id) x USING (id) WHEN MATCHED THEN DELETE", AGENT)["mutation_id"]
    ),
    "hide it in a batch": lambda d, i: d.engine.confirm(
        d.write("UPDATE shop.orders SET status = 'x' WHERE id = 10; DELETE FROM shop.customers WHERE id = 1", AGENT)["batch_id"]
    ),
    "confirm the harmless part of a batch": lambda d, i: d.engine.confirm(
        d.write("UPDATE shop.orders SET status = 'x' WHERE id = 10; DELETE FROM shop.customers WHERE id = 1", AGENT)[
            "mutations"
        ][0]["mutation_id"]
    ),
    "many rows at once": lambda d, i: d.engine.confirm(
        d.write("INSERT INTO shop.customers (name) SELECT 'x' FROM range(51)", AGENT)["mutation_id"], identity=AGENT
    ),
    "many rows over statements": lambda d, i: d.engine.confirm(
        d.write(
            "INSERT INTO shop.customers (name) SELECT 'x' FROM range(30);"
            "INSERT INTO shop.customers (name) SELECT 'y' FROM range(30)",
            AGENT,
        )["batch_id"],
        identity=AGENT,
    ),
    "max_rows that says otherwise": lambda d, i: d.engine.confirm(
        d.write("INSERT INTO shop.customers (name) SELECT 'x' FROM range(51)", AGENT, max_rows=1000)["mutation_id"]
    ),
    "a passphrase alone": lambda d, i: d.engine.confirm(i, identity=AGENT, passphrase="please"),
    "an id that is SQL": lambda d, i: d.engine.confirm(f"{i}' OR '1'='1", identity=AGENT),
}  # fmt: skip


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_agent_cannot_approve_what_the_rules_give_to_a_person(attempt: str, desk: Desk, server: Datasette) -> None:
    before = server.rows("SELECT * FROM customers")
    planned = desk.write(DELETE, AGENT)
    assert planned["approval"] == "human"
    with pytest.raises(RequestError):
        ATTEMPTS[attempt](desk, planned["mutation_id"])
    assert server.rows("SELECT * FROM customers") == before
    assert desk.engine.show(planned["mutation_id"])["status"] == "pending_confirmation"


def test_there_are_at_least_twenty_attempts() -> None:
    assert len(ATTEMPTS) >= 20


def test_what_is_confirmed_twice_is_refused(desk: Desk) -> None:
    planned = desk.write(UPDATE)
    desk.confirm(planned)
    with pytest.raises(QueryError) as caught:
        desk.confirm(planned)
    assert caught.value.error_code == "write.state"


def test_what_is_cancelled_is_not_confirmed(desk: Desk, server: Datasette) -> None:
    planned = desk.write(UPDATE)
    assert desk.engine.cancel(planned["mutation_id"])["status"] == "cancelled"
    with pytest.raises(QueryError, match="cancelled"):
        desk.confirm(planned)
    with pytest.raises(QueryError):
        desk.engine.cancel(planned["mutation_id"])
    assert server.rows("SELECT city FROM customers WHERE id = 1") == [("Berlin",)]


def test_a_preview_of_more_than_ten_minutes_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = desk.write(UPDATE)
    later = clock.now() + LIFETIME + timedelta(seconds=1)
    monkeypatch.setattr("dinobase.mutate.standing.now", lambda: later)
    with pytest.raises(QueryError) as caught:
        desk.confirm(planned)
    assert caught.value.error_code == "write.expired"
    assert desk.engine.show(planned["mutation_id"])["status"] == "expired"


def test_auto_is_applied_at_once_and_shows_what_was_done(desk: Desk, server: Datasette) -> None:
    desk.configure("writes: {default: {approval: auto, max_rows: 2}}")
    done = desk.write(UPDATE, AGENT)
    assert (done["status"], done["succeeded"], done["preview"]["rows_affected"]) == ("executed", 1, 1)
    assert server.rows("SELECT city FROM customers WHERE id = 1") == [("X",)]
    assert desk.write("UPDATE shop.customers SET city = 'Y'", AGENT)["approval"] == "human"


def test_deny_is_an_error_and_leaves_nothing_to_confirm(desk: Desk) -> None:
    desk.configure("writes: {rules: [{source: shop, operation: delete, approval: deny}]}")
    with pytest.raises(QueryError) as caught:
        desk.write(DELETE)
    assert caught.value.error_code == "write.denied"
    assert desk.engine.listed() == []


def test_an_identity_writes_only_what_its_access_rules_name(desk: Desk) -> None:
    desk.configure("access: {bot: {writes: [shop.orders]}}")
    with pytest.raises(QueryError) as caught:
        desk.write(UPDATE, AGENT)
    assert caught.value.error_code == "write.denied"
    assert desk.write("UPDATE shop.orders SET status = 'x' WHERE id = 10", AGENT)["status"] == "pending_confirmation"
    desk.configure("access: {bot: {sources: [shop.orders]}}")
    with pytest.raises(UnknownName):
        desk.write(UPDATE, AGENT)


def test_values_of_masked_columns_are_neither_written_nor_shown(desk: Desk, server: Datasette) -> None:
    desk.configure("access: {bot: {pii: mask}}")
    for sql in (
        "UPDATE shop.customers SET note = email WHERE id = 1",
        "UPDATE shop.customers c SET note = x.email FROM shop.customers x WHERE x.id = c.id",
        "UPDATE shop.customers SET note = 'x' WHERE email LIKE 'a%'",
        "INSERT INTO shop.customers (note) SELECT email FROM shop.customers",
        "INSERT INTO shop.customers (note) SELECT c::VARCHAR FROM shop.customers c",
        "UPDATE shop.customers SET note = 'x' WHERE id = 1 RETURNING *",
        "UPDATE shop.customers SET note = 'x' WHERE id = 1 RETURNING email",
    ):
        with pytest.raises(RequestError) as caught:
            desk.write(sql, AGENT)
        assert caught.value.error_code == "write.masked", sql
    planned = desk.write("UPDATE shop.customers SET email = 'new@x', note = 'n' WHERE id = 1", AGENT)
    assert "ada@example.com" not in str(planned)
    assert planned["preview"]["changes"][0]["columns"]["email"] == {"old": "***", "new": "***"}
    assert "ada@example.com" not in str(desk.engine.show(planned["mutation_id"], identity=AGENT))
    assert (
        desk.engine.show(planned["mutation_id"])["preview"]["changes"][0]["columns"]["email"]["old"]
        == "ada@example.com"
    )
    assert desk.confirm(planned)["status"] == "executed"
    assert server.rows("SELECT email, note, name FROM customers WHERE id = 1") == [("new@x", "n", "Ada")]


def test_rows_that_an_identity_does_not_see_it_does_not_change(desk: Desk, server: Datasette) -> None:
    desk.configure("access: {bot: {rows: {shop.customers: \"city = 'Rome'\"}}}")
    planned = desk.write("UPDATE shop.customers SET note = 'seen'", AGENT)
    assert [c["key"] for c in planned["preview"]["changes"]] == [{"id": 3}]


def test_the_approval_key_is_asked_for_where_a_person_approves(desk: Desk) -> None:
    desk.configure(f"approval_key: '{approval.verifier('open sesame', b'0123456789abcdef')}'")
    planned = desk.write(DELETE)
    for wrong in ("", "open"):
        with pytest.raises(QueryError) as caught:
            desk.engine.confirm(planned["mutation_id"], human=True, passphrase=wrong)
        assert caught.value.error_code == "write.approval_key"
    assert desk.engine.confirm(planned["mutation_id"], human=True, passphrase="open sesame")["status"] == "executed"


def test_the_approval_key_is_set_changed_and_removed_by_who_knows_the_one_that_holds(desk: Desk) -> None:
    workspace = desk.workspace
    assert workspace.approval_key("open sesame").status == "set"
    for new in ("another one", None):
        with pytest.raises(RequestError, match="not the right one"):
            workspace.approval_key(new, current="wrong")
    with pytest.raises(RequestError, match="at least 8"):
        workspace.approval_key("", current="open sesame")
    assert workspace.approval_key("another one", current="open sesame").status == "changed"
    assert desk.engine.has_key
    assert workspace.approval_key(None, current="another one").status == "removed"
    assert not desk.engine.has_key


def test_a_plan_that_was_altered_is_not_run(desk: Desk) -> None:
    planned = desk.write(UPDATE)
    with closing(sqlite3.connect(desk.paths.state / "records.db")) as database:
        database.execute("UPDATE mutations SET plan = replace(plan, '\"X\"', '\"Y\"')")
        database.commit()
    with pytest.raises(QueryError) as caught:
        desk.confirm(planned)
    assert caught.value.error_code == "write.altered"


def test_a_definition_that_changed_since_the_preview_is_not_run(desk: Desk) -> None:
    planned = desk.write(UPDATE)
    text = (desk.root / "connectors" / "shop.yaml").read_text()
    desk.define(text.replace("customers/{id}/-/update", "orders/{id}/-/update"))
    with pytest.raises(QueryError) as caught:
        desk.confirm(planned)
    assert caught.value.error_code == "write.changed"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE mutation_journal SET facts = replace(facts, 'agent', 'human') WHERE place = 1",
        "UPDATE mutation_journal SET body = 'x' WHERE place = 1",
        "DELETE FROM mutation_journal WHERE place = 2",
        "DELETE FROM mutation_journal WHERE place = (SELECT max(place) FROM mutation_journal)",
        "UPDATE mutations SET status = 'failed'",
        "DELETE FROM mutations",
    ],
)
def test_verify_finds_a_journal_that_was_altered(desk: Desk, change: str) -> None:
    desk.do(UPDATE)
    assert desk.engine.verify()["status"] == "intact"
    with closing(sqlite3.connect(desk.paths.state / "records.db")) as database:
        database.execute(change)
        database.commit()
    with pytest.raises(Exception, match="journal was altered"):
        desk.engine.verify()


@pytest.mark.parametrize(
    ("tightened", "expected"),
    [
        ("writes: {rules: [{source: shop, operation: update, approval: human}]}", "write.needs_human"),
        ("writes: {default: {max_rows: 0}}", "write.needs_human"),
        ("writes: {rules: [{source: shop, operation: '*', approval: deny}]}", "write.denied"),
        ("access: {bot: {writes: []}}", "write.denied"),
    ],
)
def test_a_plan_goes_by_the_rules_of_the_moment_where_they_have_become_stricter(
    tightened: str, expected: str, desk: Desk, server: Datasette
) -> None:
    planned = desk.write("UPDATE shop.customers SET city = 'X' WHERE id = 1", "bot")
    desk.configure(tightened)
    with pytest.raises(QueryError) as caught:
        desk.confirm(planned, identity="bot", human=False)
    assert caught.value.error_code == expected
    assert server.rows("SELECT city FROM customers WHERE id = 1") == [("Berlin",)]
    desk.configure("")
    assert desk.confirm(planned, identity="bot", human=False)["status"] == "executed"
