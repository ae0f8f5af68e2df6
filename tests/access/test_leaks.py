from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from dinobase.access.key import workspace_key
from dinobase.core.errors import DinobaseError
from dinobase.core.settings import Paths
from dinobase.query.budget import run_within
from dinobase.query.engine import QueryEngine
from dinobase.query.functions import SCALARS
from dinobase.workspace import Workspace
from tests.access.conftest import SECRET
from tests.access.leaks import ADA, ANSWERED, REFUSED

CHANGING = {  # never the same answer twice
    "gen_random_uuid", "uuid", "uuidv4", "uuidv7", "random", "setseed", "now", "today", "age", "current_date",
    "get_current_time", "get_current_timestamp", "transaction_timestamp", "current_localtime",
    "current_localtimestamp", "reservoir_quantile",
}  # fmt: skip


@pytest.fixture(scope="session")
def engines(workspace: Paths, twin: Paths) -> tuple[QueryEngine, QueryEngine]:
    return Workspace(workspace).engine("bot", keep=1), Workspace(twin).engine("bot", keep=1)


@pytest.fixture(scope="session")
def hashing(workspace: Paths) -> QueryEngine:
    workspace_key(workspace)
    return Workspace(workspace).engine("hashed", keep=1)


def told(engine: QueryEngine, sql: str) -> tuple[bool, str]:
    """Return whether it ran, and everything that an agent hears of it; without a limit, which a slow machine meets."""
    try:
        return True, json.dumps(engine.run(sql, timeout=0).as_dict())
    except DinobaseError as error:
        return False, json.dumps(error.as_dict())


def test_there_are_more_than_sixty_ways() -> None:
    assert len(set(ANSWERED)) + len(set(REFUSED)) >= 160


@pytest.mark.parametrize("sql", ANSWERED)
def test_what_is_hidden_makes_no_difference_to_an_answer(engines: tuple[QueryEngine, QueryEngine], sql: str) -> None:
    (ran, here), (_, there) = (told(engine, sql) for engine in engines)
    assert ran, here
    assert here == there
    assert SECRET not in here.replace(ADA, "")  # a guess names the column that it makes


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_hidden_makes_no_difference_to_an_error(engines: tuple[QueryEngine, QueryEngine], sql: str) -> None:
    (ran, here), (_, there) = (told(engine, sql) for engine in engines)
    assert not ran, here
    assert here == there
    assert SECRET not in here
    assert not re.search(r"_dinobase_[0-9a-f]{24}", here)


@pytest.mark.parametrize("sql", [*ANSWERED, *REFUSED])
def test_neither_value_nor_key_of_a_hash_is_told(workspace: Paths, hashing: QueryEngine, sql: str) -> None:
    _, here = told(hashing, sql)
    assert SECRET not in here.replace(ADA, "")
    assert (workspace.state / "access.key").read_text() not in here


def sees_nothing(engines: tuple[QueryEngine, QueryEngine], functions: Iterable[str]) -> None:
    for name in functions:
        for call in (f"{name}(email)", f"{name}(email, 'a')", f"{name}(profile, '$.contact')", f"{name}(emails)"):
            sql = f"SELECT {call} AS x FROM shop.customers"
            (_, here), (_, there) = (told(engine, sql) for engine in engines)
            assert here == there, sql
            assert SECRET not in here, sql


def test_no_function_sees_through_a_mask(engines: tuple[QueryEngine, QueryEngine]) -> None:
    sees_nothing(engines, sorted(SCALARS - CHANGING)[::30])


@pytest.mark.torture
@pytest.mark.timeout(1800)
def test_none_of_all_functions_sees_through_a_mask(engines: tuple[QueryEngine, QueryEngine]) -> None:
    sees_nothing(engines, sorted(SCALARS - CHANGING))


def test_the_twins_differ_where_nothing_is_hidden(workspace: Paths, twin: Paths) -> None:
    sql = "SELECT email, phone, profile, lines FROM shop.customers ORDER BY id"
    first, second = (Workspace(paths).query(sql).rows for paths in (workspace, twin))
    assert first != second


@pytest.mark.parametrize(
    "ask",
    [
        lambda w: w.search("ada", identity="bot"),
        lambda w: w.search(f"{ADA} secret.example other.invalid bob us dan zoe", limit=50, identity="bot"),
        lambda w: w.search("wilhelmina.k", identity="bot"),
        lambda w: w.search("phone tax_id salaries deals pay", identity="bot"),
        lambda w: w.info(identity="bot"),
        lambda w: w.describe(["shop", "crm"], identity="bot"),
        lambda w: w.diff("shop.customers", since="3", identity="bot"),
        lambda w: w.diff("shop.customers", since="4", until="5", identity="bot"),
        lambda w: w.history("shop.customers", identity="bot"),
        lambda w: w.history("shop.notes", identity="bot"),
        lambda w: w.status(identity="bot").connectors,
        lambda w: w.connectors(identity="bot"),
        lambda w: (
            run_within(w.engine("bot"), "SELECT c.*, r.* FROM shop.customers c, range(90) r ORDER BY ALL", 300).summary
        ),
    ],
)
def test_what_is_hidden_makes_no_difference_elsewhere(
    workspace: Paths, twin: Paths, ask: Callable[[Workspace], Any]
) -> None:
    answers = [timeless(ask(Workspace(paths))) for paths in (workspace, twin)]
    assert answers[0] == answers[1]
    assert SECRET not in answers[0].replace("secret.example other.invalid", "")


def timeless(answer: Any) -> str:
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)?", "TIME", str(answer)).replace(ADA, "")
