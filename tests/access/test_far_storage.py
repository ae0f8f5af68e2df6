"""Rules hold where the catalog is in PostgreSQL and the data in a bucket: the same twins, the same ways in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeAlias

import psycopg
import pytest

from dinobase.core.errors import DinobaseError, UnknownName
from dinobase.core.settings import Paths
from dinobase.query.budget import run_within
from dinobase.workspace import Workspace
from tests.access.conftest import FIRST, SECRET, build
from tests.access.leaks import ADA, ANSWERED, REFUSED
from tests.access.test_leaks import timeless, told
from tests.servers import s3

Twins: TypeAlias = tuple[Paths, Paths]
OTHERS = ([(2, "Bob", 250), (4, "Dan", 900)], [(2, "Zoe", -7), (5, "Yan", 31), (9, "Xi", 77_777)])


def database(postgres: str, name: str) -> str:
    """Make an empty database; return its URL."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
    return postgres.replace("/postgres?", f"/{name}?", 1)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("postgres and disk", marks=pytest.mark.torture),
        "postgres and s3",
        pytest.param("disk and s3", marks=pytest.mark.torture),
    ],
)
def far(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """Two workspaces that tests only read."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        bucket = stack.enter_context(s3.bucket(patch)) if "s3" in request.param else ""
        twins = []
        for number, (one, host, phone) in enumerate([("ada", SECRET, 417001), ("wilhelmina.k", "other.invalid", 99)]):
            where = {"url": f"{bucket}{number}/"} if bucket else {}
            if "postgres" in request.param:
                where["catalog"] = database(request.getfixturevalue("postgres_server"), f"twin_{number}")
            root = tmp_path_factory.mktemp("far")
            twins.append(build(Paths(root), one, host, phone, OTHERS[number], **where))
        yield twins[0], twins[1]


def test_masks_row_conditions_hidden_columns_and_past_versions_hold(far: Twins) -> None:
    engine = Workspace(far[0]).engine("bot", keep=1)
    result = engine.run("SELECT * FROM shop.customers ORDER BY id")
    assert dict(zip(result.columns, result.rows[0], strict=True)) == {
        "id": 1,
        "name": "Ada Lovelace",
        "email": "***",
        "mail_1f2e": "***",
        "emails": ["***"],
        "profile": '{"contact":{"city":"Bern","email":"***"}}',
        "lines": '[{"sku":"a","email":"***"},{"sku":"b"}]',
        "region": "eu",
        "spent": 100,
    }
    assert [row[0] for row in result.rows] == [1, 3]
    past = engine.run(f"SELECT id, name, email FROM shop.customers c AT (VERSION => {FIRST}) ORDER BY id")
    assert past.rows == [(1, "Ada", "***"), (3, "Cyd", None)]
    assert [source.snapshot for source in past.sources] == [FIRST]
    assert engine.run("SELECT email FROM shop.customers__lines ORDER BY _index").rows == [("***",), (None,)]
    for sql in ("SELECT phone FROM shop.customers", f"SELECT c.phone FROM shop.customers c AT (VERSION => {FIRST})"):
        with pytest.raises(UnknownName, match="no column phone"):
            engine.run(sql)
    for sql in ("SELECT * FROM hr.salaries", "SELECT * FROM crm.deals"):
        with pytest.raises(UnknownName):
            engine.run(sql)
    joined = "SELECT c.id, p.id FROM shop.customers c JOIN crm.people p USING (email)"
    assert Workspace(far[0]).engine("hashed").run(joined).rows == [(1, 7)]


def test_what_is_hidden_makes_no_difference_to_what_is_told(far: Twins) -> None:
    engines = [Workspace(paths).engine("bot", keep=1) for paths in far]
    for sql in [*ANSWERED[::9], *(way for way in ANSWERED if " AT (" in way), *REFUSED[::9]]:
        (_, here), (_, there) = (told(engine, sql) for engine in engines)
        assert here == there, sql
        assert SECRET not in here.replace(ADA, ""), sql


def test_what_is_hidden_makes_no_difference_elsewhere(far: Twins) -> None:
    asked: list[Callable[[Workspace], Any]] = [
        lambda w: w.search(f"ada {ADA} bob us dan", limit=50, identity="bot"),
        lambda w: w.describe(["shop", "crm"], identity="bot"),
        lambda w: w.diff("shop.customers", since=str(FIRST), identity="bot"),
        lambda w: w.history("shop.customers", identity="bot"),
        lambda w: w.info(identity="bot"),
        lambda w: (
            run_within(w.engine("bot"), "SELECT c.*, r.* FROM shop.customers c, range(90) r ORDER BY ALL", 300).summary
        ),
    ]
    for ask in asked:
        here, there = (timeless(ask(Workspace(paths))) for paths in far)
        assert here == there
        assert SECRET not in here


def test_nothing_of_where_a_lake_is_can_be_named(far: Twins) -> None:
    engine = Workspace(far[0]).engine("bot", keep=1)
    for sql in (
        "SELECT * FROM postgres_scan('', 'shop', 'ducklake_snapshot')",
        "SELECT * FROM postgres_query('shop', 'SELECT 1')",
        "SELECT * FROM read_parquet('s3://lakes/dinobase/0/**/*.parquet')",
        "FROM 's3://lakes/dinobase/0/shop/main/customers/*.parquet'",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM __ducklake_metadata_shop.ducklake_data_file",
    ):
        with pytest.raises(DinobaseError) as caught:
            engine.run(sql)
        assert SECRET not in str(caught.value.as_dict())
