"""Two versions of a table compared: by key, exactly, whatever happened to its columns in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from dinobase.access.guard import Guard
from dinobase.access.policy import policy_of
from dinobase.core import clock
from dinobase.core.errors import UnknownName, UsageError
from dinobase.core.settings import Paths
from dinobase.lake.location import Storage
from dinobase.query.diff import diff
from dinobase.query.difference import OldNew, TableDiff, text
from dinobase.query.engine import QueryEngine
from tests.lake.build import Builder

START = "INSERT INTO people VALUES (1, 'Ada', 10, 'x'), (2, 'Bob', 20, NULL), (3, 'Cy', 30, ''), (4, 'Di', NULL, 'y')"


class Lake:
    """One lake, changed step by step and compared."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.storage = Storage(paths.lakes)
        self.builder = Builder(self.storage.lake("crm"))
        self.builder.commit("CREATE TABLE people (id BIGINT, name VARCHAR, score BIGINT, note VARCHAR)")
        self.first = self.builder.commit(START)

    def engine(self, rules: dict[str, Any] | None = None) -> QueryEngine:
        guard = Guard(policy_of({"bot": rules}, "bot"), lambda *_: {}, lambda: "key") if rules else None
        return QueryEngine(self.storage, self.paths, {"crm": 3600.0}, identity="bot", guard=guard, keep=2)

    def diff(self, since: object = "", until: str = "", *, key: tuple[str, ...] = ("id",), limit: int = 20,
             rules: dict[str, Any] | None = None, table: str = "crm.people") -> TableDiff:  # fmt: skip
        return diff(
            self.engine(rules), self.storage, table, key, since=str(since or self.first), until=until, limit=limit
        )


@pytest.fixture
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    found = Lake(Paths(tmp_path_factory.mktemp("diff")))
    yield found
    found.builder.close()


def counts(found: TableDiff) -> tuple[int, int, int]:
    return (found.counts.added, found.counts.removed, found.counts.changed)


def test_added_removed_and_changed_rows_are_told_with_old_and_new_values(lake: Lake) -> None:
    lake.builder.commit("UPDATE people SET name = 'Robert', note = '' WHERE id = 2", "DELETE FROM people WHERE id = 3")
    lake.builder.commit("INSERT INTO people VALUES (5, 'Ed', 50, NULL)")
    found = lake.diff()
    assert counts(found) == (1, 1, 1)
    assert found.added == [{"id": 5, "name": "Ed", "score": 50, "note": None}]
    assert found.removed == [{"id": 3, "name": "Cy", "score": 30, "note": ""}]
    [change] = found.changed
    assert change.key == {"id": 2}
    assert change.columns == {"name": OldNew("Bob", "Robert"), "note": OldNew(None, "")}
    assert found.changed_columns == {"name": 1, "note": 1}
    assert not found.truncated


def test_a_row_written_again_as_it_was_has_not_changed(lake: Lake) -> None:
    lake.builder.commit("UPDATE people SET score = 99 WHERE id = 4")
    lake.builder.commit("UPDATE people SET score = NULL WHERE id = 4", "DELETE FROM people WHERE id = 1")
    lake.builder.commit("INSERT INTO people VALUES (1, 'Ada', 10, 'x')")
    assert counts(lake.diff()) == (0, 0, 0)


def test_counts_are_of_all_rows_whatever_the_limit(lake: Lake) -> None:
    lake.builder.commit("INSERT INTO people SELECT i, 'n', i, '' FROM range(100, 1100) t(i)")
    found = lake.diff(limit=3)
    assert counts(found) == (1000, 0, 0)
    assert [row["id"] for row in found.added] == [100, 101, 102]
    assert found.truncated
    assert lake.diff(limit=0).added == []


def test_a_new_column_is_named_and_its_values_are_changes(lake: Lake) -> None:
    lake.builder.commit("ALTER TABLE people ADD COLUMN churned DATE")
    lake.builder.commit("UPDATE people SET churned = DATE '2026-01-31' WHERE id = 1")
    found = lake.diff()
    assert found.columns.added == ["churned"]
    assert [(change.key, change.columns) for change in found.changed] == [
        ({"id": 1}, {"churned": OldNew(None, "2026-01-31")})
    ]


def test_a_column_that_is_gone_counts_as_null_now(lake: Lake) -> None:
    lake.builder.commit("ALTER TABLE people DROP COLUMN note")
    found = lake.diff()
    assert found.columns.removed == ["note"]
    assert found.changed_columns == {"note": 3}
    assert found.changed[0].columns == {"note": OldNew("x", None)}


def test_a_retyped_column_is_compared_by_what_it_says(lake: Lake) -> None:
    lake.builder.commit(
        "ALTER TABLE people ADD COLUMN score_new VARCHAR",
        "UPDATE people SET score_new = CASE id WHEN 2 THEN 'many' ELSE score::VARCHAR END",
        "ALTER TABLE people DROP COLUMN score",
        "ALTER TABLE people RENAME COLUMN score_new TO score",
    )
    found = lake.diff()
    assert [(c.name, c.old, c.new) for c in found.columns.retyped] == [("score", "BIGINT", "VARCHAR")]
    assert [(change.key, change.columns) for change in found.changed] == [({"id": 2}, {"score": OldNew(20, "many")})]


def test_a_widened_number_has_not_changed(lake: Lake) -> None:
    lake.builder.commit("CREATE TABLE sizes (id INTEGER, size INTEGER)", "INSERT INTO sizes VALUES (1, 7), (2, 8)")
    before = lake.builder.commit("INSERT INTO sizes VALUES (3, 9)")
    lake.builder.commit("ALTER TABLE sizes ALTER size TYPE BIGINT", "ALTER TABLE sizes ALTER id TYPE BIGINT")
    found = lake.diff(before, table="crm.sizes")
    assert counts(found) == (0, 0, 0)
    assert len(found.columns.retyped) == 2


def test_a_table_made_since_is_all_new(lake: Lake) -> None:
    lake.builder.commit("CREATE TABLE fresh (id BIGINT)", "INSERT INTO fresh VALUES (1), (2)")
    found = lake.diff(table="crm.fresh")
    assert counts(found) == (2, 0, 0)
    assert found.notes == [f"crm.fresh was not there in version {lake.first}"]


def test_a_span_a_time_and_a_version_name_the_same(lake: Lake) -> None:
    lake.builder.commit("DELETE FROM people WHERE id = 1")
    at = clock.iso(clock.now() + timedelta(seconds=1))
    assert counts(lake.diff(at)) == (0, 0, 0)
    assert counts(lake.diff("0s")) == (0, 0, 0)
    found = lake.diff("2d")
    assert found.since.version == 0
    assert counts(found) == (3, 0, 0)
    assert counts(lake.diff(lake.first, str(lake.first))) == (0, 0, 0)


def test_several_columns_may_be_the_key_and_nulls_in_it_too(lake: Lake) -> None:
    lake.builder.commit("CREATE TABLE stock (shop VARCHAR, sku BIGINT, n BIGINT)")
    before = lake.builder.commit("INSERT INTO stock VALUES ('a', 1, 1), ('a', 2, 1), (NULL, 1, 1)")
    lake.builder.commit("UPDATE stock SET n = 2 WHERE shop IS NULL", "DELETE FROM stock WHERE sku = 2")
    found = lake.diff(before, table="crm.stock", key=("shop", "sku"))
    assert counts(found) == (0, 1, 1)
    assert found.changed[0].key == {"shop": None, "sku": 1}


def test_without_a_key_rows_are_compared_whole_and_duplicates_count(lake: Lake) -> None:
    lake.builder.commit("INSERT INTO people VALUES (1, 'Ada', 10, 'x'), (1, 'Ada', 10, 'x')")
    for key in ((), ("id",)):  # one that does not tell rows apart is none
        found = lake.diff(key=key)
        assert counts(found) == (2, 0, 0)
        assert found.notes == ["No key tells the rows apart: a changed row is one removed and one added"]


def test_names_that_sql_needs_quoted_are_compared(lake: Lake) -> None:
    lake.builder.commit('CREATE TABLE "order" ("from" BIGINT, "a ""b" VARCHAR, n BIGINT)')
    before = lake.builder.commit("""INSERT INTO "order" VALUES (1, 'x', 2)""")
    lake.builder.commit("""UPDATE "order" SET "a ""b" = 'y'""")
    found = lake.diff(before, table="crm.order", key=("from",))
    assert found.changed[0].columns == {'a "b': OldNew("x", "y")}


def test_nested_and_json_values_are_compared(lake: Lake) -> None:
    lake.builder.commit("CREATE TABLE docs (id BIGINT, tags VARCHAR[], doc JSON)")
    before = lake.builder.commit("""INSERT INTO docs VALUES (1, ['a'], '{"a": 1}'), (2, [], NULL)""")
    lake.builder.commit("""UPDATE docs SET tags = ['a', 'b'], doc = '{"a": 2}' WHERE id = 1""")
    [change] = lake.diff(before, table="crm.docs").changed
    assert change.columns == {"tags": OldNew(["a"], ["a", "b"]), "doc": OldNew('{"a": 1}', '{"a": 2}')}
    assert '~ id=1: tags ["a"] -> ["a","b"], doc {"a":1} -> {"a":2}' in text(lake.diff(before, table="crm.docs"))


def test_masked_hidden_and_filtered_values_are_so_in_both_versions(lake: Lake) -> None:
    lake.builder.commit("UPDATE people SET note = 'secret', name = 'secret' WHERE id < 3")
    rules = {"hide": ["crm.people.note"], "rows": {"crm.people": "id <> 2"}, "columns": {"crm.people.name": "mask"}}
    found = lake.diff(rules=rules)
    assert "secret" not in str(found)
    assert "Bob" not in str(found)
    assert counts(found)[2] <= 1
    assert set(found.changed_columns) <= {"name"}


def test_the_text_is_short_and_has_all_of_it(lake: Lake) -> None:
    last = lake.builder.commit(
        "UPDATE people SET name = '20', score = NULL WHERE id = 2", "DELETE FROM people WHERE id = 3",
        "INSERT INTO people VALUES (5, 'a, b', 1, NULL)",
    )  # fmt: skip
    lines = text(lake.diff()).splitlines()
    assert lines[0].startswith(f"# crm.people v{lake.first} ")
    assert lines[0].endswith("+1 added, -1 removed, ~1 changed")
    assert lines[1] == f"# crm.people v{last} never synced"
    assert lines[2] == "# changed rows by column: name 1, score 1"
    assert lines[3:] == [
        '~ id=2: name Bob -> "20", score 20 -> NULL',
        '+ id=5, name="a, b", score=1',
        '- id=3, name=Cy, score=30, note=""',
    ]


@pytest.mark.parametrize(
    ("table", "since", "until", "error", "code"),
    [
        ("crm.peple", "1", "", UnknownName, "unknown.table"),
        ("crn.people", "1", "", UnknownName, "unknown.connector"),
        ("crm._dinobase_state", "1", "", UnknownName, "unknown.table"),
        ("crm.people", "99", "", UnknownName, "unknown.version"),
        ("crm.people", "yesterday", "", UsageError, "usage"),
        ("crm.people", "2", "1", UsageError, "usage"),
    ],
)
def test_what_cannot_be_compared_is_said(
    lake: Lake, table: str, since: str, until: str, error: type[Exception], code: str
) -> None:
    with pytest.raises(error) as caught:
        lake.diff(since, until, table=table)
    assert json.loads(json.dumps(caught.value.as_dict()))["error"]["code"] == code  # type: ignore[attr-defined]  # ours


def test_the_view_of_an_array_is_not_compared(lake: Lake) -> None:
    lake.builder.commit("CREATE VIEW people__tags AS SELECT id FROM people")
    with pytest.raises(UsageError, match="view of an array"):
        lake.diff(table="crm.people__tags")
