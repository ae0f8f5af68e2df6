from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.errors import UnknownName
from dinobase.core.settings import Paths
from dinobase.lake import reader
from dinobase.lake.location import Storage
from dinobase.query.engine import QueryEngine
from tests.lake.build import GITHUB, STRIPE, Builder, build


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every instance that was opened since."""
    found: list[object] = []
    open_reader = reader.open_reader

    def counted(limits: reader.Limits) -> object:
        found.append(open_reader(limits))
        return found[-1]

    monkeypatch.setattr(reader, "open_reader", counted)
    return found


@pytest.fixture
def warm(tmp_path: Path, opened: list[object]) -> QueryEngine:
    paths = Paths(tmp_path)
    storage = Storage(paths.lakes)
    build(storage.lake("stripe"), STRIPE)
    build(storage.lake("github"), GITHUB)
    return QueryEngine(storage, paths, {"stripe": 3600.0, "github": 3600.0}, keep=2)


def test_a_second_query_of_the_same_lake_opens_nothing(warm: QueryEngine, opened: list[object]) -> None:
    for name in ("cus_1", "cus_2", "cus_1"):
        assert warm.run(f"SELECT id FROM stripe.customers WHERE id = '{name}'").rows == [(name,)]
    assert len(opened) == 1


def test_an_instance_that_holds_two_lakes_answers_for_one(warm: QueryEngine, opened: list[object]) -> None:
    warm.run("SELECT 1 FROM stripe.customers, github.issues")
    assert warm.run("SELECT count(*) FROM github.issues").rows == [(2,)]
    assert len(opened) == 1


def test_an_instance_never_gets_a_lake_more(warm: QueryEngine, opened: list[object]) -> None:
    warm.run("SELECT 1 FROM stripe.customers")
    assert warm.run("SELECT count(*) FROM github.issues").rows == [(2,)]
    assert len(opened) == 2


def test_a_new_version_is_seen_by_the_next_query(warm: QueryEngine, tmp_path: Path, opened: list[object]) -> None:
    first = warm.run("SELECT count(*) FROM stripe.customers")
    builder = Builder(Storage(Paths(tmp_path).lakes).lake("stripe"))
    builder.commit("DELETE FROM customers WHERE id = 'cus_1'")
    builder.close()
    second = warm.run("SELECT count(*) FROM stripe.customers")
    assert (first.rows, second.rows) == ([(2,)], [(1,)])
    assert second.sources[0].snapshot == first.sources[0].snapshot + 1
    assert len(opened) == 2


def test_a_lake_made_anew_is_not_taken_for_the_old_one(warm: QueryEngine, tmp_path: Path) -> None:
    old = warm.run("SELECT id FROM github.issues ORDER BY id")
    location = Storage(Paths(tmp_path).lakes).lake("github")
    for file in Path(location.catalog).parent.glob("github.db*"):
        file.unlink()
    build(location, (GITHUB[0], "INSERT INTO issues VALUES (9, 'New', NULL, [])"))
    new = warm.run("SELECT id FROM github.issues ORDER BY id")
    assert old.sources[0].snapshot == new.sources[0].snapshot
    assert (old.rows, new.rows) == ([(1,), (2,)], [(9,)])


def test_what_one_query_was_given_the_next_does_not_see(warm: QueryEngine, opened: list[object]) -> None:
    warm.run("SELECT count(*) FROM information_schema.tables")
    warm.run("SELECT count(*) FROM _dinobase.sync_runs")
    with pytest.raises(UnknownName):
        warm.run("SELECT * FROM _dinobase_system.main.sync_runs")
    assert len(opened) == 3


def test_a_faulty_query_leaves_the_instance_warm(warm: QueryEngine, opened: list[object]) -> None:
    warm.run("SELECT 1 FROM stripe.customers")
    with pytest.raises(UnknownName, match="no column nam"):
        warm.run("SELECT nam FROM stripe.customers")
    assert warm.run("SELECT count(*) FROM stripe.customers").rows == [(2,)]
    assert len(opened) == 1


def test_a_cut_result_is_over_before_the_next_query(warm: QueryEngine) -> None:
    cut = warm.run("SELECT a.id FROM stripe.charges a, stripe.charges b, range(100000)", max_rows=3)
    assert (cut.row_count, cut.truncated) == (3, True)
    assert warm.run("SELECT count(*) FROM stripe.charges").rows == [(10,)]


def test_no_more_instances_are_kept_than_told(warm: QueryEngine, opened: list[object]) -> None:
    for sql in ("stripe.customers", "github.issues", "stripe.customers, github.issues", "stripe.customers"):
        warm.run(f"SELECT count(*) FROM {sql}")
    assert len(opened) == 3
    assert sum(_is_open(connection) for connection in opened) == 2


def _is_open(connection: object) -> bool:
    try:
        connection.execute("SELECT 1")  # type: ignore[attr-defined]  # the driver has no types
    except reader.DuckDBError:
        return False
    return True
