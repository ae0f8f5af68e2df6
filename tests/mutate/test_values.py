"""Values arrive at the server byte for byte, whatever they look like."""
# ruff: noqa: E501 - statements stand on one line, as people write them

from __future__ import annotations

import pytest

from tests.mutate.datasettes import Datasette
from tests.mutate.desk import Desk
from tests.mutate.nasty import NASTY


def quoted(value: str) -> str:
    """Write a value as SQL; NUL cannot stand in a statement's text."""
    parts = value.split("\x00")
    return " || chr(0) || ".join("'" + part.replace("'", "''") + "'" for part in parts)


def test_the_table_has_a_hundred_values() -> None:
    assert len(NASTY) >= 100
    assert len(set(NASTY)) == len(NASTY)


def test_nasty_values_arrive_byte_for_byte_in_inserts(desk: Desk, server: Datasette) -> None:
    rows = ", ".join(f"({1000 + n}, {quoted(value)})" for n, value in enumerate(NASTY))
    done = desk.do(f"INSERT INTO shop.customers (id, note) VALUES {rows}")
    assert (done["status"], done["succeeded"]) == ("executed", len(NASTY))
    sql = "SELECT note FROM {} WHERE id >= 1000 ORDER BY id"
    assert [row[0] for row in server.rows(sql.format("customers"))] == NASTY
    assert [row[0] for row in desk.rows(sql.format("shop.customers"))] == NASTY


@pytest.mark.timeout(300)
def test_nasty_values_arrive_byte_for_byte_in_updates_one_by_one(desk: Desk, server: Datasette) -> None:
    cases = " ".join(f"WHEN {n} THEN {quoted(value)}" for n, value in enumerate(NASTY))
    server.change(
        "DELETE FROM customers; WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < "
        f"{len(NASTY) - 1}) INSERT INTO customers (id, note) SELECT i, 'before' FROM n"
    )
    desk.workspace.sync(["shop"], full_refresh=True)
    done = desk.do(f"UPDATE shop.customers SET note = CASE id {cases} END WHERE id < 1000 AND note = 'before'")
    assert (done["status"], done["failed"]) == ("executed", 0)
    assert [row[0] for row in server.rows("SELECT note FROM customers ORDER BY id")] == NASTY


def test_numbers_and_nulls_keep_their_kinds(desk: Desk, server: Datasette) -> None:
    desk.do("INSERT INTO shop.customers (id, name, score) VALUES (9007199254740993, NULL, 0.1), (-5, '1', 1e300)")
    kinds = "SELECT id, typeof(id), name, typeof(name), score, typeof(score) FROM customers WHERE id IN (-5, 9007199254740993)"
    assert server.rows(f"{kinds} ORDER BY id") == [
        (-5, "integer", "1", "text", 1e300, "real"),
        (9007199254740993, "integer", None, "null", 0.1, "real"),
    ]
