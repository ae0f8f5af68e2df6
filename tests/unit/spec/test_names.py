"""A connector's name is one that SQL takes bare."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinobase.core.errors import UsageError
from dinobase.spec import names


@pytest.mark.parametrize("name", ["stripe", "stripe_eu", "a1", "crm_2"])
def test_a_plain_name_is_taken_as_it_is(name: str) -> None:
    assert names.check(name) == name


@pytest.mark.parametrize(
    ("name", "proposal", "reason"),
    [
        ("order", "order_", "word of SQL"),
        ("memory", "memory_", "belongs to the database"),
        ("result", "result_", "belongs to the database"),
        ("_mine", "mine", "Dinobase's own"),
        ("Stripe-EU", "stripe_eu", "without quotes"),
        ("2024", "c_2024", "without quotes"),
        ("ñ", "connector", "without quotes"),
        ("x" * 70, "x" * 58, "58 are allowed"),
        ("stripe\n", "stripe", "without quotes"),
    ],
)
def test_another_is_refused_with_the_reason_and_one_that_would_do(name: str, proposal: str, reason: str) -> None:
    with pytest.raises(UsageError) as refused:
        names.check(name)
    assert reason in refused.value.message
    assert refused.value.hint == f"Use `--name {proposal}`."


@given(st.text(max_size=80))
def test_every_proposal_is_a_name_that_is_taken(text: str) -> None:
    proposal = names.propose(text)
    assert names.check(proposal) == proposal


def test_the_reserved_words_are_those_that_duckdb_refuses_unquoted() -> None:
    with duckdb.connect() as connection:
        words = [row[0] for row in connection.execute("SELECT keyword_name FROM duckdb_keywords()").fetchall()]
    refused = set()
    for word in words:
        try:
            duckdb.extract_statements(f"SELECT {word}.t.a FROM {word}.t")
        except duckdb.Error:
            refused.add(word)
    assert refused == names.RESERVED
