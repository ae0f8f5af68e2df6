from __future__ import annotations

import hashlib

import pytest

from dinobase.core.errors import DinobaseError, QueryError, UnknownName
from dinobase.core.settings import Paths
from tests.access.conftest import FIRST, SECRET, MakeEngine


def test_what_is_not_among_the_sources_does_not_exist(as_bot: MakeEngine) -> None:
    engine = as_bot(sources=["shop", "crm.deals"])
    assert engine.run("SELECT count(*) FROM shop.customers").rows == [(4,)]
    assert engine.run("SELECT count(*) FROM crm.deals").rows == [(0,)]
    for sql in ("SELECT * FROM hr.salaries", "SELECT * FROM crm.people", "SELECT * FROM crm.people AT (VERSION => 3)"):
        with pytest.raises(UnknownName) as caught:
            engine.run(sql)
        told = f"{caught.value} {caught.value.hint}"
        assert "salaries" not in told.replace("hr.salaries", "")
        assert "people" not in told.replace("crm.people", "")


def test_a_mask_covers_every_place_in_which_an_address_is_declared(as_bot: MakeEngine) -> None:
    result = as_bot(pii="mask").run("SELECT * FROM shop.customers ORDER BY id")
    assert dict(zip(result.columns, result.rows[0], strict=True)) == {
        "id": 1,
        "name": "Ada Lovelace",
        "email": "***",
        "mail_1f2e": "***",
        "phone": None,
        "emails": ["***"],
        "profile": '{"contact":{"city":"Bern","email":"***"}}',
        "lines": '[{"sku":"a","email":"***"},{"sku":"b"}]',
        "region": "eu",
        "spent": 100,
    }
    assert [row[6] for row in result.rows][1:] == [None, '"***"', None]


def test_arrays_as_tables_and_children_are_masked_with_their_parent(as_bot: MakeEngine) -> None:
    engine = as_bot(pii="mask")
    assert engine.run("SELECT * FROM shop.customers__lines ORDER BY 1, 2").rows == [
        (1, 0, "a", "***"),
        (1, 1, "b", None),
    ]
    assert engine.run("SELECT DISTINCT _customers_email FROM shop.notes").rows == [("***",)]


def test_hashes_are_keyed_and_join_across_sources(as_bot: MakeEngine, workspace: Paths) -> None:
    engine = as_bot(pii="hash", columns={"crm.people.email": "hash"})
    joined = "SELECT c.id, p.id, c.email FROM shop.customers c JOIN crm.people p USING (email)"
    key = (workspace.state / "access.key").read_text() if engine.run(joined).rows else ""
    expected = hashlib.sha256(f"{key}ada@secret.example".encode()).hexdigest()[:32]
    assert engine.run(joined).rows == [(1, 7, expected)]
    assert (workspace.state / "access.key").stat().st_mode & 0o777 == 0o600
    assert engine.run("SELECT c.profile.contact.email, c.emails[1] FROM shop.customers c WHERE id = 1").row_count == 1
    assert engine.run("SELECT phone FROM shop.customers WHERE id = 1").column_types == ("VARCHAR",)


def test_hidden_and_denied_columns_do_not_exist(as_bot: MakeEngine) -> None:
    for rules in ({"hide": ["shop.customers.email"]}, {"columns": {"shop.customers.email": "deny"}}):
        engine = as_bot(**rules)
        assert "email" not in engine.run("SELECT * FROM shop.customers").columns
        with pytest.raises(UnknownName, match="no column email") as caught:
            engine.run("SELECT email FROM shop.customers")
        assert caught.value.hint == "Did you mean emails?"
        assert "email" not in [row[0] for row in engine.run("DESCRIBE shop.customers").rows]
        with pytest.raises(DinobaseError):
            engine.run("SELECT id FROM shop.customers WHERE email LIKE 'a%'")


def test_rows_that_do_not_fit_are_not_there(as_bot: MakeEngine) -> None:
    engine = as_bot(rows={"shop.customers": "region = 'eu'"})
    assert engine.run("SELECT id FROM shop.customers ORDER BY id").rows == [(1,), (3,)]
    assert engine.run("SELECT count(*), max(spent) FROM shop.customers").rows == [(2, 100)]
    assert engine.run(f"SELECT count(*) FROM shop.customers AT (VERSION => {FIRST})").rows == [(2,)]
    assert engine.run("SELECT count(*) FROM shop.customers__lines").rows == [(2,)]
    assert engine.run("SELECT count(*) FROM shop.notes").rows == [(2,)]


def test_a_past_version_is_read_through_the_same_rules(as_bot: MakeEngine) -> None:
    engine = as_bot(pii="mask")
    sql = (
        f"SELECT a.name, customers.name, a.email FROM shop.customers AT (VERSION => {FIRST}) AS customers "
        "JOIN shop.customers a USING (id) WHERE id = 1"
    )
    with pytest.raises(QueryError, match="Syntax"):
        engine.run(sql)
    sql = (
        f"SELECT a.name, b.name, b.email FROM shop.customers a JOIN shop.customers b AT (VERSION => {FIRST}) USING (id)"
    )
    result = engine.run(f"{sql} ORDER BY id")
    assert result.rows[0] == ("Ada Lovelace", "Ada", "***")
    assert [source.snapshot for source in result.sources][1] == FIRST
    with pytest.raises(UnknownName, match=r"shop\.customers was not there in version 1"):
        engine.run("SELECT * FROM shop.customers AT (VERSION => 1)")


def test_plans_are_not_shown_where_rules_hold(as_bot: MakeEngine) -> None:
    engine = as_bot(rows={"shop.customers": "region = 'eu'"})
    with pytest.raises(QueryError, match="EXPLAIN"):
        engine.run("EXPLAIN ANALYZE SELECT * FROM shop.customers")
    assert engine.run("EXPLAIN SELECT * FROM crm.people").row_count == 1


def test_warm_instances_get_the_views_that_each_query_needs(as_bot: MakeEngine) -> None:
    engine = as_bot(keep=2, pii="mask")
    for _ in range(2):
        assert engine.run("SELECT email FROM shop.customers WHERE id = 1").rows == [("***",)]
        assert engine.run("SELECT count(*) FROM shop.notes").rows == [(2,)]
        assert engine.run(f"SELECT email FROM shop.customers c AT (VERSION => {FIRST}) WHERE id = 1").rows == [("***",)]


@pytest.mark.parametrize(
    "condition",
    [
        "regio = 'eu'",
        "id IN (SELECT 1)",
        "1, 2",
        "true; SELECT 1",
        "",
        "x -- ",
        "count(*) > 1",
        "true FROM range(3)",
        "?",
    ],
)
def test_a_faulty_row_condition_shows_nothing_and_does_not_repeat_itself(as_bot: MakeEngine, condition: str) -> None:
    with pytest.raises(DinobaseError) as caught:
        as_bot(rows={"shop.customers": condition}).run("SELECT * FROM shop.customers")
    assert caught.value.error_code == "access.rule"
    assert not condition.strip("?") or condition not in f"{caught.value} {caught.value.hint} {caught.value.context}"


def test_a_row_condition_that_fails_on_a_value_leaves_its_row_out(as_bot: MakeEngine) -> None:
    engine = as_bot(rows={"shop.customers": "CAST(split_part(email, '@', 1) AS INT) = 3 OR id = 3"})
    assert engine.run("SELECT id FROM shop.customers").rows in ([], [(3,)])


def test_information_schema_shows_what_is_there_for_the_identity(as_bot: MakeEngine) -> None:
    engine = as_bot(sources=["shop.customers", "crm"], hide=["shop.customers.email"], pii="hash")
    assert engine.run("SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL").rows == [
        ("crm", "deals"),
        ("crm", "people"),
        ("shop", "customers"),
        ("shop", "customers__lines"),
    ]
    found = engine.run("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'customers'")
    assert ("email", "VARCHAR") not in found.rows
    assert ("phone", "VARCHAR") in found.rows
    assert engine.run("SHOW DATABASES").rows == [("crm",), ("shop",)]
    assert SECRET not in str(engine.run("SHOW TABLES").rows)
