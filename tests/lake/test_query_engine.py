from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.errors import DinobaseError, QueryError, QueryTimeout, UnknownName, UsageError
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from tests.lake.build import Builder, build


def test_tables_of_two_lakes_are_joined_and_the_answer_says_where_it_comes_from(engine: QueryEngine) -> None:
    result = engine.run(
        "SELECT i.title, c.name FROM github.issues i JOIN stripe.customers c ON c.id = i.stripe_customer ORDER BY i.id"
    )
    assert result.as_dict()["rows"] == [
        {"title": "Broken", "name": "Ada Lovelace"},
        {"title": "Slow", "name": "Bob"},
    ]
    assert [s.as_dict() for s in result.sources] == [
        {"table": "github.issues", "snapshot": 3, "synced_at": None, "is_stale": True, "last_sync_status": None},
        {"table": "stripe.customers", "snapshot": 6, "synced_at": None, "is_stale": True, "last_sync_status": None},
    ]


@pytest.mark.parametrize(
    "name",
    [
        "stripe.customers",
        "stripe.main.customers",
        "Stripe.CUSTOMERS",
        '"stripe"."customers"',
        'STRIPE."main".Customers',
        "stripe.customers AS c",
        "(SELECT * FROM stripe.customers)",
        "(FROM stripe.customers)",
    ],
)
def test_a_table_is_found_however_its_name_is_written(engine: QueryEngine, name: str) -> None:
    assert engine.run(f"SELECT count(*) FROM {name}").rows == [(2,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT stripe.customers.id FROM stripe.customers ORDER BY 1",
        "SELECT customers.id FROM stripe.customers ORDER BY 1",
        "WITH a AS (SELECT id FROM stripe.customers), b AS (SELECT * FROM a) SELECT * FROM b ORDER BY id",
        "WITH RECURSIVE n AS (SELECT 1 i UNION ALL SELECT i + 1 FROM n WHERE i < 2) SELECT 'cus_' || i FROM n",
        "SELECT id FROM stripe.customers ORDER BY id;",
        "SELECT id FROM stripe.customers ORDER BY id; -- the end; really",
        "SELECT id FROM stripe.customers ORDER BY id -- the end",
        "SELECT id FROM stripe.customers WHERE name <> 'a;b' ORDER BY id ;; ",
        "SELECT DISTINCT customer FROM stripe.charges ORDER BY ALL",
        "SELECT id FROM stripe.customers c WHERE EXISTS (FROM stripe.charges WHERE customer = c.id) ORDER BY id",
        "SELECT id FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM stripe.customers) WHERE n < 3 ORDER BY n",
        "SELECT unnest(['cus_1', 'cus_2'])",
        "VALUES ('cus_1'), ('cus_2')",
        "SELECT c.id FROM stripe.customers c, LATERAL (SELECT 1) ORDER BY 1",
        "SELECT list_transform([1, 2], lambda x: 'cus_' || x).unnest()",
    ],
)
def test_all_kinds_of_selects_run(engine: QueryEngine, sql: str) -> None:
    assert engine.run(sql).rows == [("cus_1",), ("cus_2",)]


def test_a_pivot_runs_where_it_stands_in_from(engine: QueryEngine) -> None:
    sql = (
        "FROM stripe.charges PIVOT (sum(amount)::INT FOR customer IN ('cus_1', 'cus_2')) SELECT max(cus_1), max(cus_2)"
    )
    assert engine.run(sql).rows == [(800, 900)]


def test_describe_summarize_and_explain_answer(engine: QueryEngine) -> None:
    assert [row[0] for row in engine.run("DESCRIBE stripe.charges").rows] == ["id", "customer", "amount", "metadata"]
    assert engine.run("SUMMARIZE stripe.charges").row_count == 4
    assert "DUCKLAKE_SCAN" in engine.run("EXPLAIN SELECT * FROM stripe.charges").rows[0][1]
    assert engine.run("EXPLAIN ANALYZE SELECT 1").row_count == 1


def test_show_answers_from_our_own_catalog(engine: QueryEngine) -> None:
    assert engine.run("SHOW TABLES").rows == [("github", "issues"), ("stripe", "charges"), ("stripe", "customers")]
    assert engine.run("SHOW TABLES FROM github").rows == [("github", "issues")]
    assert engine.run("SHOW DATABASES").rows == [("github",), ("hubspot",), ("stripe",)]


def test_information_schema_knows_all_connectors(engine: QueryEngine) -> None:
    columns = "SELECT column_name, data_type FROM information_schema.columns"
    assert engine.run(f"{columns} WHERE table_schema = 'github' ORDER BY ordinal_position").rows == [
        ("id", "BIGINT"),
        ("title", "VARCHAR"),
        ("stripe_customer", "VARCHAR"),
        ("labels", "VARCHAR[]"),
    ]
    joined = engine.run(
        "SELECT 'é', t.table_name FROM \"information_schema\".tables t JOIN information_schema.schemata s "
        "ON s.schema_name = t.table_schema WHERE t.table_schema = 'github'"
    )
    assert joined.rows == [("é", "issues")]


def test_old_versions_are_read_by_number_and_by_time(engine: QueryEngine) -> None:
    now = engine.run("SELECT name FROM stripe.customers WHERE id = 'cus_1'")
    old = engine.run("SELECT name FROM stripe.customers AT (VERSION => 3) WHERE id = 'cus_1'")
    assert (now.rows, old.rows) == ([("Ada Lovelace",)], [("Ada",)])
    assert (now.sources[0].snapshot, old.sources[0].snapshot) == (6, 3)
    both = engine.run("SELECT 1 FROM stripe.customers a JOIN stripe.customers b AT (VERSION => 3) USING (id, email)")
    assert both.rows == [(1,), (1,)]
    assert [s.snapshot for s in both.sources] == [6, 3]
    timed = engine.run("SELECT count(*) FROM stripe.customers AT (TIMESTAMP => now() + INTERVAL 1 HOUR)")
    assert (timed.rows, timed.sources[0].snapshot) == ([(2,)], 6)
    with pytest.raises(UnknownName, match="stripe has no version 99"):
        engine.run("SELECT * FROM stripe.customers AT (VERSION => 99)")
    with pytest.raises(UnknownName, match="no version as old as 2020"):
        engine.run("SELECT * FROM stripe.customers AT (TIMESTAMP => '2020-01-01')")
    with pytest.raises(UnknownName, match=r"stripe\.charges was not there in version 3"):
        engine.run("SELECT * FROM stripe.charges AT (VERSION => 3)")
    with pytest.raises(UnknownName, match=r"no table stripe\.charge\n"):
        engine.run("SELECT * FROM stripe.charge AT (VERSION => 3)")


@pytest.mark.parametrize(
    ("sql", "code", "hint"),
    [
        ("SELECT * FROM stripe.custmers", "unknown.table", "Did you mean stripe.customers?"),
        ("SELECT * FROM strip.customers", "unknown.connector", "Did you mean stripe.customers?"),
        ("SELECT * FROM nothing.like_it", "unknown.connector", "Connectors: stripe, github, hubspot."),
        ("SELECT * FROM stripe.nothing", "unknown.table", "There are: stripe.charges, stripe.customers."),
        ("SELECT * FROM hubspot.contacts", "unknown.table", "dinobase sync hubspot"),
        ("SELECT emial FROM stripe.customers", "unknown.column", "Did you mean email?"),
        ("SELECT c.emial FROM stripe.customers c", "unknown.column", "Did you mean email?"),
        ("SELECT zzz FROM stripe.charges", "unknown.column", "Columns: amount, customer, id, metadata."),
        (
            "SELECT c.id FROM stripe.customers k",
            "unknown.alias",
            "Use the alias that FROM gives, or the table's own name.",
        ),
        ("SELECT summ(amount) FROM stripe.charges", "query.function", "Did you mean sum()?"),
        (
            "SELECT name, count(*) FROM stripe.customers",
            "query.faulty",
            "Put the column into GROUP BY (GROUP BY ALL takes all that are no aggregates), or use any_value().",
        ),
        (
            "SELECT CAST(name AS INT) FROM stripe.customers",
            "query.faulty",
            "TRY_CAST gives NULL where a value does not convert.",
        ),
    ],
)
def test_errors_are_short_and_carry_the_nearest_name(engine: QueryEngine, sql: str, code: str, hint: str) -> None:
    with pytest.raises(DinobaseError) as caught:
        engine.run(sql)
    assert (caught.value.error_code, caught.value.hint) == (code, hint)
    assert len(caught.value.message) < 200
    assert "_q" not in caught.value.message
    assert "Candidate" not in caught.value.message


def test_a_syntax_error_says_where(engine: QueryEngine) -> None:
    with pytest.raises(QueryError) as caught:
        engine.run("SELECT 'é',\n  1 FORM stripe.customers")
    assert caught.value.error_code == "query.syntax"
    assert caught.value.context == {"line": 2, "column": 10}


def test_rows_past_the_limit_are_cut_and_the_answer_says_so(engine: QueryEngine) -> None:
    cut = engine.run("SELECT * FROM range(5000)", max_rows=3000)
    assert (cut.row_count, cut.truncated) == (3000, True)
    assert cut.rows[-1] == (2999,)
    exact = engine.run("SELECT * FROM range(3000)", max_rows=3000)
    assert (exact.row_count, exact.truncated) == (3000, False)
    assert engine.run("SELECT * FROM range(12000)", max_rows=0).row_count == 12_000
    assert engine.run("SELECT * FROM range(12000)").truncated
    with pytest.raises(UsageError):
        engine.run("SELECT 1", max_rows=-1)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM range(1000000000000) a, range(1000000) b",
        "WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM a) SELECT max(x) FROM a",
        "SELECT * FROM range(100000000) ORDER BY random()",
        "SELECT count(*) FROM stripe.charges a, range(100000000) t(i), range(1000) u(j) WHERE a.amount + i * j < 0",
    ],
)
def test_a_query_ends_at_its_time_limit(engine: QueryEngine, sql: str) -> None:
    with pytest.raises(QueryTimeout) as caught:
        engine.run(sql, timeout=0.2)
    assert caught.value.exit_code == 1
    assert "0.2 s" in caught.value.message


def test_a_query_that_needs_too_much_memory_says_so(lakes: Paths) -> None:
    small = QueryEngine(Storage(lakes.lakes), lakes, {}, memory="64MB")
    with pytest.raises(DinobaseError) as caught:
        small.run("SELECT string_agg(repeat('x', 1000000), '') FROM range(1000)")
    assert caught.value.error_code == "query.memory"


def test_large_sorts_spill_to_disk_and_leave_nothing_there(lakes: Paths) -> None:
    small = QueryEngine(Storage(lakes.lakes), lakes, {}, memory="48MB")
    with small.stream("SELECT range, md5(range::VARCHAR) AS h FROM range(600000) ORDER BY h") as stream:
        assert sum(len(batch) for batch in stream.batches()) == 600_000
    assert not [file for file in lakes.cache.rglob("*") if file.is_file()]


def test_one_query_sees_one_version_while_rows_change(paths: Paths, storage: Storage) -> None:
    location = storage.lake("crm")
    build(location, ["CREATE TABLE deals AS SELECT range AS id FROM range(5000)"])
    engine = QueryEngine(storage, paths, {"crm": 60.0})
    with engine.stream("SELECT * FROM crm.deals") as stream:
        batches = stream.batches()
        first = next(batches)
        builder = Builder(location)
        builder.commit("DELETE FROM deals")
        builder.close()
        assert len(first) + sum(len(batch) for batch in batches) == 5000
    assert engine.run("SELECT count(*) FROM crm.deals").rows == [(0,)]


def test_a_view_is_read_under_the_connectors_name(paths: Paths, storage: Storage) -> None:
    build(
        storage.lake("shop"),
        [
            "CREATE TABLE orders (id BIGINT, items JSON)",
            """INSERT INTO orders VALUES (1, '[{"sku": "a"}, {"sku": "b"}]')""",
            """CREATE VIEW orders__items AS SELECT t.id AS _orders_id, json_extract_string(e.v, '/sku') AS sku
            FROM orders t, LATERAL (SELECT unnest(json_extract(t.items, '$[*]')) AS v) e""",
        ],
    )
    engine = QueryEngine(storage, paths, {"shop": 60.0})
    assert engine.run("SELECT * FROM shop.orders__items ORDER BY sku").rows == [(1, "a"), (1, "b")]
    columns = "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'orders__items'"
    assert engine.run(f"{columns} ORDER BY ordinal_position").rows == [("_orders_id", "BIGINT"), ("sku", "VARCHAR")]
    with pytest.raises(UnknownName) as caught:
        engine.run("SELECT skuu FROM shop.orders__items")
    assert caught.value.hint == "Did you mean sku?"


def test_a_workspace_that_was_moved_finds_its_files(tmp_path: Path) -> None:
    before, after = Paths(tmp_path / "a"), Paths(tmp_path / "b")
    build(Storage(before.lakes).lake("crm"), ["CREATE TABLE deals AS SELECT 7 AS id"])
    before.root.rename(after.root)
    assert QueryEngine(Storage(after.lakes), after, {"crm": 60.0}).run("SELECT id FROM crm.deals").rows == [(7,)]
