"""One transaction per load: what it writes, what it leaves, what it says; and how rows are told to be the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dinobase.core.errors import LoadError
from dinobase.lake import state
from dinobase.load.infer import Shaping
from dinobase.load.landing import Landing
from dinobase.load.schema import TableSchema
from tests.lake.load.lakes import Lake, segment


def test_of_one_key_the_last_row_counts_within_and_across_segments(lake: Lake) -> None:
    first = [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 1, "v": "c"}]
    lake.load(first, [{"id": 2, "v": "d"}], key=["id"])
    assert lake.rows("SELECT id, v FROM lake.t ORDER BY id") == [(1, "c"), (2, "d")]
    outcome = lake.load([{"id": 3, "v": "e"}, {"id": 3, "v": "f"}], [{"id": 1, "v": "x"}], key=["id"])
    assert (outcome.inserted, outcome.updated, outcome.total) == (1, 1, 3)
    assert lake.column("v") == ["x", "d", "f"]


def test_more_segments_than_one_merge_takes_are_still_one_load(lake: Lake) -> None:
    segments = [[{"id": n, "v": s} for n in range(s, s + 3)] for s in range(11)]
    lake.load(*segments, key=["id"])
    lake.load(*segments[::-1], key=["id"])
    assert lake.column("v") == [0, 0, 0, *range(1, 11)]
    assert len(lake.table_versions()) == 2


def test_what_does_not_differ_is_not_written(lake: Lake) -> None:
    records = [{"id": n, "v": None if n % 2 else {"a": n}, "l": [n], "j": [{"x": n}]} for n in range(10)]
    lake.load(records, key=["id"])
    before = lake.table_versions()
    outcome = lake.load(list(reversed(records)), key=["id"])
    assert not outcome.changed
    assert lake.table_versions() == before
    outcome = lake.load([{**records[3], "l": [None]}, records[4]], key=["id"])
    assert (outcome.inserted, outcome.updated) == (0, 1)


def test_a_replacement_without_a_key_compares_bags(lake: Lake) -> None:
    records = [{"v": 1}, {"v": 1}, {"v": 2}]
    lake.load(records)
    before = lake.table_versions()
    assert not lake.load([{"v": 2}, {"v": 1}, {"v": 1}]).changed
    assert lake.table_versions() == before
    assert lake.load([{"v": 2}, {"v": 2}, {"v": 1}]).changed
    assert not lake.load([{"v": 2}], [{"v": 2}, {"v": 1}]).changed
    assert lake.load([]).deleted == 3


def test_rows_cursor_and_schema_are_of_one_version(lake: Lake) -> None:
    lake.load([{"id": 1}], key=["id"], memory={"cursor": "5"})
    held = state.read(lake.writer)["t"]
    assert held["cursor"] == "5"
    assert json.loads(held["key"]) == ["id"]
    assert [c.name for c in TableSchema.from_json(held["schema"])] == ["id"]
    lake.load([], key=["id"], memory={"cursor": "6"})
    assert state.read(lake.writer)["t"]["cursor"] == "6"
    assert len(lake.table_versions()) == 1  # a cursor alone is no version of the table
    message, extra = lake.rows(
        "SELECT commit_message, commit_extra_info FROM ducklake_snapshots('lake') ORDER BY 1 DESC"
    )[0]
    assert message == "sync t"
    assert json.loads(extra).keys() == {"run", "resource", "inserted", "updated", "deleted"}


def test_a_failure_leaves_everything_as_it_was(lake: Lake) -> None:
    lake.load([{"id": 1, "v": 1}], key=["id"], memory={"cursor": "5"})
    version = lake.version()
    with pytest.raises(LoadError, match=r"1 record\(s\) have no id"):
        lake.load([{"id": 3, "v": {"deep": 1}}, {"v": "x"}], key=["id"], memory={"cursor": "7"})
    with pytest.raises(LoadError, match="no record has `uid`"):
        lake.load([{"id": 3}], key=["uid"])
    with pytest.raises(LoadError, match="no record has a field"):
        lake.load([{}], table="other")
    assert state.read(lake.writer)["t"]["cursor"] == "5"
    assert lake.types() == {"id": "BIGINT", "v": "BIGINT"}
    assert lake.version() == version


def test_counters_count_loads_that_changed_something(lake: Lake) -> None:
    def load(*records: Any) -> str | None:
        held = state.read(lake.writer).get("t", {})
        lake.load(list(records), key=["id"], counter="loads", memory={k: v for k, v in held.items() if k == "loads"})
        return state.read(lake.writer)["t"].get("loads")

    assert [load({"id": 1}), load({"id": 1}), load({"id": 2}), load()] == ["1", "1", "2", "2"]


VISITED = [
    ("BIGINT", [1, 2], ["1"]),
    ("VARCHAR", ["a", "b,'\""], ["b,'\""]),
    ("BOOLEAN", [True, False], [True]),
    ("DOUBLE", [1.5, 2.5], [1.5]),
    ("TIMESTAMPTZ", ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00+02:00"], ["2024-01-01T22:00:00Z"]),
    ("DATE", ["2024-01-01", "2024-01-02"], ["2024-01-01"]),
]


@pytest.mark.parametrize("disposition", ["merge", "replace"])
@pytest.mark.parametrize(("kind", "parents", "visited"), VISITED, ids=[v[0] for v in VISITED])
def test_only_rows_of_visited_parents_go(
    lake: Lake, kind: str, parents: list[Any], visited: list[Any], disposition: Any
) -> None:
    records = [{"_p_id": p, "id": n} for p in parents for n in (1, 2)]
    facts: Any = {"disposition": disposition, "key": ["_p_id", "id"] if disposition == "merge" else []}
    lake.load(records, **facts)
    assert lake.types()["_p_id"] == kind
    outcome = lake.load([], deletes="hard", visited=(("_p_id",), [(v,) for v in visited]), **facts)
    assert (outcome.deleted, outcome.total) == (2, 2)


def test_a_replaced_childs_rows_are_compared_with_those_of_visited_parents(lake: Lake) -> None:
    lake.load([{"_p": 1, "v": "a"}, {"_p": 2, "v": "b"}])
    seen: Any = {"visited": (("_p",), [(1,)])}
    assert not lake.load([{"_p": 1, "v": "a"}], **seen).changed
    outcome = lake.load([{"_p": 1, "v": "c"}], **seen)
    assert (outcome.inserted, outcome.deleted, outcome.total) == (1, 1, 2)
    assert lake.rows("SELECT v FROM lake.t ORDER BY 1") == [("b",), ("c",)]


def test_children_of_ten_thousand_parents_are_told_apart(lake: Lake) -> None:
    lake.load([{"_p": n, "id": 1} for n in range(1000)], key=["_p", "id"])
    outcome = lake.load([], key=["_p", "id"], deletes="hard", visited=(("_p",), [(n,) for n in range(999)]))
    assert outcome.total == 1


VALUES = [{"sku": "a", "n": 1, "deep": {"x": [1]}, "it's": "q", "a/b~c": 1}, {"sku": None, "n": 2.5}, {}]


def test_views_of_arrays_follow_what_is_in_them(lake: Lake) -> None:
    lake.load([{"id": 1, "items": VALUES}, {"id": 2, "items": []}, {"id": 3}], key=["id"])
    rows = lake.rows("SELECT _t_id, _index, sku, n, deep, it_s, a_b_c FROM lake.t__items ORDER BY 1, 2")
    assert rows == [(1, 0, "a", 1.0, '{"x":[1]}', "q", 1), (1, 1, None, 2.5, None, None, None), (1, 2, *[None] * 5)]
    lake.load([{"id": 4, "items": [{"new": True}]}], key=["id"])
    assert lake.rows("SELECT new FROM lake.t__items WHERE _t_id = 4") == [(True,)]
    lake.load([{"id": "x", "items": [{"sku": 5}]}], key=["id"])  # the key is text from now on
    assert lake.rows("SELECT sku FROM lake.t__items WHERE _t_id = 'x'") == [("5",)]


def test_integers_in_arrays_are_decimals_only_where_they_are_long(lake: Lake) -> None:
    lake.load(['{"id": 1, "items": [{"n": 5}]}'], key=["id"])
    assert lake.types("t__items")["n"] == "BIGINT"
    lake.load(['{"id": 2, "items": [{"n": 18446744073709551615}]}'], key=["id"])
    assert lake.column("items") == ['[{"n":5}]', '[{"n":18446744073709551615}]']
    assert lake.rows("SELECT CAST(n AS VARCHAR) FROM lake.t__items ORDER BY n") == [("5",), ("18446744073709551615",)]


def test_a_view_is_read_under_any_name_of_the_lake(lake: Lake) -> None:
    lake.load([{"id": 1, "items": [{"a": 1}]}], key=["id"])
    lake.writer.run("DETACH lake")
    from dinobase.lake.attach import attach_sql

    lake.writer.run(attach_sql(lake.location, "other", read_only=True))
    assert lake.rows("SELECT a FROM other.t__items") == [(1,)]


def test_keys_with_nul_in_arrays_do_not_break_the_load(lake: Lake) -> None:
    lake.load([{"id": 1, "items": [{"a\0b": 1, "c": 2}]}], key=["id"])
    assert lake.rows("SELECT c FROM lake.t__items") == [(2,)]


def test_a_table_may_come_to_have_the_name_of_a_view(lake: Lake) -> None:
    lake.load([{"id": 1, "items": [{"a": 1}]}], key=["id"])
    lake.load([{"id": 7}], key=["id"], table="t__items")
    assert lake.rows("SELECT id FROM lake.t__items") == [(7,)]
    lake.load([{"id": 2, "items": [{"b": 1}]}], key=["id"])
    assert lake.rows("SELECT id FROM lake.t__items") == [(7,)]


def test_segments_that_were_read_narrower_are_read_again(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    folder.mkdir()
    landing = Landing(lake.writer, TableSchema(), Shaping())
    batches: list[list[dict[str, Any]]] = [[{"v": 1}], [{"v": "x"}], [], [{"w": 1}]]
    for number, records in enumerate(batches):
        landing.stage(segment(folder, number, records))
    files = landing.finish()
    assert [file.name for file in files] == ["000000.parquet", "000001.parquet", "000003.parquet"]
    read = lake.rows(f"SELECT v, w FROM read_parquet({[str(f) for f in files]}, union_by_name = true)")
    assert read == [("1", None), ("x", None), (None, 1)]
