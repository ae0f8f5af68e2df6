from __future__ import annotations

import pytest

from dinobase.core.errors import QueryError, UnknownName
from dinobase.core.settings import Paths
from dinobase.query.engine import QueryEngine
from tests.lake.hostile import HOSTILE


@pytest.mark.parametrize(("sql", "code"), HOSTILE, ids=[sql[:60] for sql, _ in HOSTILE])
def test_a_statement_that_could_do_harm_is_refused_with_a_reason(engine: QueryEngine, sql: str, code: str) -> None:
    with pytest.raises((QueryError, UnknownName)) as caught:
        engine.run(sql, timeout=20)
    assert caught.value.error_code == code
    assert caught.value.exit_code == 2
    assert caught.value.message
    assert len(caught.value.message) + len(caught.value.hint) < 400


def test_refusals_name_no_path_of_this_machine(engine: QueryEngine, lakes: Paths) -> None:
    for sql, _ in HOSTILE:
        with pytest.raises((QueryError, UnknownName)) as caught:
            engine.run(sql)
        assert str(lakes.root) not in str(caught.value.as_dict())


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT name AS filename FROM stripe.customers WHERE filename LIKE 'Ada%'",
        "SELECT name AS filename FROM stripe.customers ORDER BY filename LIMIT 1",
        "WITH f AS (SELECT name AS filename FROM stripe.customers) SELECT filename FROM f WHERE filename < 'B'",
        "SELECT c.name AS filename FROM stripe.customers c AT (VERSION => 6) ORDER BY 1 LIMIT 1",
    ],
)
def test_a_name_that_ducklake_gives_a_column_of_its_own_is_free_for_others(engine: QueryEngine, sql: str) -> None:
    assert engine.run(sql).as_dict()["rows"] == [{"filename": "Ada Lovelace"}]
