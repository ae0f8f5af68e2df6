from __future__ import annotations

import gc
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import dinobase
from dinobase.core.errors import QueryError, UnknownName, UsageError
from dinobase.core.settings import Paths
from dinobase.workspace.database import Database

SQL = "SELECT id, balance, created FROM stripe.customers ORDER BY id"
MADE = [
    {"id": "cus_1", "balance": 100, "created": datetime(2026, 1, 1, tzinfo=UTC)},
    {"id": "cus_2", "balance": -5, "created": datetime(2026, 1, 2, 12, 30, 0, 500_000, tzinfo=UTC)},
]


@pytest.fixture
def db(lakes: Paths) -> Database:
    return dinobase.connect(lakes.root)


def test_rows_come_as_dictionaries_of_pythons_own_values(db: Database) -> None:
    result = db.query(SQL)
    assert result.columns == ("id", "balance", "created")
    assert result.dicts() == MADE
    assert db.query("SELECT 1.50::DECIMAL(9, 2) AS d, [1, 2] AS l").rows() == [(Decimal("1.50"), [1, 2])]


def test_rows_come_as_an_arrow_table_and_from_it_in_every_other_form(db: Database) -> None:
    result = db.query(SQL)
    table = result.arrow()
    assert table.column_names == ["id", "balance", "created"]
    assert table["balance"].to_pylist() == [100, -5]
    assert result.arrow() is table
    assert result.dicts() == MADE
    assert list(result.pandas()["id"]) == ["cus_1", "cus_2"]


def test_polars_shares_the_arrow_tables_memory(db: Database) -> None:
    result = db.query("SELECT range AS n FROM range(100000)")
    frame = result.polars()
    shared = result.arrow()["n"].chunk(0)
    assert frame["n"].sum() == 4_999_950_000
    assert frame["n"].get_chunks()[0].to_arrow().buffers()[1].address == shared.buffers()[1].address


def test_pandas_frames_are_made_of_it(db: Database) -> None:
    frame = db.query(SQL).pandas()
    assert list(frame.columns) == ["id", "balance", "created"]
    assert frame["balance"].tolist() == [100, -5]


def test_an_answer_says_of_which_version_its_tables_are(db: Database) -> None:
    [source] = db.query(SQL).sources
    assert (source.table, source.snapshot) == ("stripe.customers", 6)


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT * FROM stripe.custmers", UnknownName),
        ("SELECT nam FROM stripe.customers", UnknownName),
        ("DELETE FROM stripe.customers", QueryError),
        ("SELECT * FROM read_text('/etc/passwd')", QueryError),
        ("SELECT (", QueryError),
    ],
)
def test_faults_are_raised_by_query_itself(db: Database, sql: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        db.query(sql)


def test_rows_are_handed_over_once(db: Database) -> None:
    result = db.query(SQL)
    result.rows()
    with pytest.raises(UsageError, match="handed over already, as rows"):
        result.arrow()


def test_a_closed_result_says_so(db: Database) -> None:
    with db.query(SQL) as result:
        pass
    with pytest.raises(UsageError, match="closed"):
        result.rows()


def test_a_forgotten_result_lets_go_of_its_instance(db: Database) -> None:
    result = db.query("SELECT * FROM range(1000000)")
    end = result._end
    del result
    gc.collect()
    assert not end.alive


@pytest.mark.parametrize(("module", "form"), [("pyarrow", "arrow"), ("pandas", "pandas"), ("polars", "polars")])
def test_what_is_not_installed_is_named_with_its_extra(
    db: Database, monkeypatch: pytest.MonkeyPatch, module: str, form: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError) as failed:
        getattr(db.query(SQL), form)()
    assert failed.value.hint == f'pip install "dinobase[{form}]"'


def test_tables_are_described_and_listed(db: Database) -> None:
    [described] = db.describe("stripe.customers")
    assert [column.name for column in described.columns][:2] == ["id", "name"]
    assert db.connectors() == {"github": ["issues"], "stripe": ["charges", "customers"]}


def test_a_notebook_shows_what_a_result_holds_and_what_an_error_proposes(db: Database) -> None:
    assert repr(db.query(SQL)).startswith("<Result: id, balance, created from stripe.customers v6; .dicts(), ")
    assert str(db.workspace.paths.root) in repr(db)
    with pytest.raises(UnknownName) as caught:
        db.query("SELECT nam FROM stripe.customers")
    assert caught.value.__notes__ == ["Did you mean name?"]
