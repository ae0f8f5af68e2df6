"""For random tables and random statements the plan's new rows are what DuckDB itself makes of them on a copy."""
# ruff: noqa: E501 - statements stand on one line, as people write them

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import _duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from dinobase.lake.sql import tokenized
from dinobase.mutate.change import RowChange, Table
from dinobase.mutate.parse import parse
from dinobase.mutate.shadow import Place, prepare, run

COLUMNS = {"id": "BIGINT", "name": "VARCHAR", "amount": "DOUBLE", "flag": "BOOLEAN", "tags": "VARCHAR[]"}
TABLE = Table("shop", "t", COLUMNS, {c: (c,) for c in COLUMNS}, ("id",), ("id",))
texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=8)
values = {
    "name": st.one_of(st.none(), texts),
    "amount": st.one_of(st.none(), st.integers(-1000, 1000).map(lambda n: n / 4)),
    "flag": st.one_of(st.none(), st.booleans()),
    "tags": st.one_of(st.none(), st.lists(texts, max_size=2)),
}


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool | float | int):
        return str(value).lower()
    if isinstance(value, list):
        return f"CAST([{', '.join(map(literal, value))}] AS VARCHAR[])"
    return "'" + str(value).replace("'", "''") + "'"


rows = st.lists(st.tuples(*values.values()), max_size=6).map(lambda found: [(n, *row) for n, row in enumerate(found)])
conditions = st.one_of(
    st.integers(0, 6).map(lambda n: f"id >= {n}"),
    st.integers(0, 6).map(lambda n: f"id IN (SELECT x FROM range({n}) r(x))"),
    texts.map(lambda t: f"name = {literal(t)} OR flag"),
    st.just("amount IS NOT DISTINCT FROM NULL"),
    st.just("length(name) % 2 = 0"),
)
assignments = st.one_of(
    values["name"].map(lambda v: f"name = {literal(v)}"),
    values["amount"].map(lambda v: f"amount = {literal(v)}"),
    values["tags"].map(lambda v: f"tags = {literal(v)}"),
    st.sampled_from([
        "name = upper(name) || ';' || id", "amount = amount * 2 + id, flag = NOT flag", "tags = list_append(tags, name)",
        "flag = amount IS DISTINCT FROM 1.5", "name = CASE WHEN flag THEN 'a, b' ELSE name END, amount = NULL",
    ]),
)  # fmt: skip
sources = "(VALUES (0, 'zero'), (1, 'one'), (3, 'three'), (9, 'nine')) s(k, word)"
statements = st.one_of(
    st.tuples(assignments, conditions).map(lambda a: f"UPDATE shop.t SET {a[0]} WHERE {a[1]}"),
    assignments.map(lambda a: f"UPDATE shop.t SET {a}"),
    st.just(f"UPDATE shop.t AS u SET name = s.word, amount = u.amount + s.k FROM {sources} WHERE s.k = u.id"),
    st.just("WITH m AS (SELECT max(amount) AS top FROM shop.t) UPDATE shop.t SET amount = m.top FROM m WHERE id < 4"),
    conditions.map(lambda c: f"DELETE FROM shop.t WHERE {c}"),
    st.just(f"DELETE FROM shop.t USING {sources} WHERE s.k = shop.t.id RETURNING *"),
    st.tuples(values["name"], values["amount"]).map(
        lambda v: f"INSERT INTO shop.t (id, name, amount) VALUES (100, {literal(v[0])}, {literal(v[1])}), (101, 'x', 1)"
    ),
    st.just("INSERT INTO shop.t BY NAME SELECT id + 50 AS id, name, tags FROM shop.t WHERE flag"),
    st.just("INSERT INTO shop.t (id, name) VALUES (0, 'new'), (77, 'b') ON CONFLICT (id) DO UPDATE SET name = excluded.name"),
    st.just(
        f"MERGE INTO shop.t u USING {sources} ON s.k = u.id WHEN MATCHED AND s.k = 3 THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET name = s.word WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.k, s.word)"
    ),
)  # fmt: skip


@dataclass
class Copy:
    """The table in an instance, filled."""

    connection: Any

    def content(self) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.connection.execute("SELECT * FROM shop.main.t ORDER BY id").fetchall()
        return found


def filled(content: Sequence[tuple[Any, ...]]) -> Any:
    connection = _duckdb.connect()
    connection.execute("ATTACH ':memory:' AS shop; ATTACH ':memory:' AS lake")
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE TABLE lake.main.t ({columns})")
    for row in content:
        connection.execute(f"INSERT INTO lake.main.t VALUES ({', '.join(map(literal, row))})")
    return connection


def applied(before: Sequence[tuple[Any, ...]], changes: Sequence[RowChange]) -> list[tuple[Any, ...]]:
    """What a source has after the changes were sent to it."""
    found = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in before}
    for change in changes:
        if change.operation == "delete":
            del found[change.key["id"]]
        elif change.operation == "create":
            assert change.new is not None
            found[change.new["id"]] = {c: change.new[c] if c in change.columns else None for c in COLUMNS}
        else:
            assert change.new is not None
            found[change.key["id"]] |= {c: change.new[c] for c in change.columns}
    return [tuple(found[key].values()) for key in sorted(found)]


def undone(after: Sequence[tuple[Any, ...]], changes: Sequence[RowChange]) -> list[tuple[Any, ...]]:
    found = {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in after}
    for change in reversed(changes):
        if change.operation == "create":
            assert change.new is not None
            del found[change.new["id"]]
        else:
            assert change.old is not None
            old = dict(change.old)
            found[old["id"]] = (
                old if change.operation == "delete" else found[old["id"]] | {c: old[c] for c in change.columns}
            )
    return [tuple(found[key].values()) for key in sorted(found)]


@settings(max_examples=150 if os.environ.get("DINOBASE_TORTURE") else 60, deadline=None)
@given(content=rows, sql=statements)
def test_the_plan_is_what_the_statement_does_to_a_copy_and_undo_is_its_opposite(
    content: list[tuple[Any, ...]], sql: str
) -> None:
    expected = filled(content)
    index = "CREATE UNIQUE INDEX i ON shop.main.t (id);" if "CONFLICT" in sql else ""
    expected.execute(f"CREATE TABLE shop.main.t AS SELECT * FROM lake.main.t; {index}")
    before = Copy(expected).content()
    expected.execute(sql)
    connection = filled(content)
    where = Place("shop.main.t", "lake.main.t", "lake.main.t")
    prepare(connection, TABLE, where)
    changed = run(connection, TABLE, where, parse(sql, tokenized(sql)))
    after = applied(content, changed.rows)
    assert after == Copy(expected).content()
    assert undone(after, changed.rows) == before
    assert Copy(connection).content() == before  # the copy is as it was
