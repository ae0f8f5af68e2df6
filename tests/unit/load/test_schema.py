"""Columns are found by any of their names, schemas come back as they went; what is inside arrays has names too."""

from __future__ import annotations

import json

import pytest

from dinobase.load import lattice, views
from dinobase.load.schema import JSON, UNKNOWN, UNKNOWN_LIST, Column, TableSchema
from dinobase.load.structure import Structure

SCHEMA = TableSchema(
    (
        Column("id", ("id",), "BIGINT"),
        Column("user_id", ("userId",), "VARCHAR"),
        Column("a__b", ("a", "b"), UNKNOWN),
        Column("price", ("price",), "DECIMAL(18,2)", "declared"),
        Column("m", ("m",), JSON, map_like=True),
        Column("odd", ("\ud800", "x.y"), UNKNOWN_LIST),
    )
)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("user_id", "user_id"),
        ("userId", "user_id"),
        ("a.b", "a__b"),
        ("$.a.b", "a__b"),
        ("a__b", "a__b"),
        ("$.id", "id"),
        ("b", None),
        ("", None),
    ],
)
def test_a_column_is_found_by_its_name_the_apis_name_or_its_path(key: str, name: str | None) -> None:
    found = SCHEMA.find(key)
    assert (found.name if found else None) == name


def test_a_schema_comes_back_as_it_went() -> None:
    text = SCHEMA.to_json()
    assert text.isascii()
    assert TableSchema.from_json(text) == SCHEMA
    assert json.loads(text)[0] == {"name": "id", "path": ["id"], "type": "BIGINT"}


def test_what_is_not_known_yet_is_text_in_the_lake() -> None:
    assert [column.sql_type for column in SCHEMA][2:] == ["VARCHAR", "DECIMAL(18,2)", "JSON", "VARCHAR[]"]
    assert [column.whole for column in SCHEMA] == [False, False, False, True, True, False]


def test_columns_are_added_replaced_and_renamed() -> None:
    wider = SCHEMA.with_column(Column("id", ("id",), "VARCHAR"))
    assert [c.type for c in wider][:2] == ["VARCHAR", "VARCHAR"]
    assert len(SCHEMA.with_column(Column("n", ("n",), "DATE")).columns) == len(SCHEMA.columns) + 1
    assert SCHEMA.renamed("id", "key").by_path(("id",)) == Column("key", ("id",), "BIGINT")


@pytest.mark.parametrize("text", [None, '"VARCHAR"', '["VARCHAR"]', '{"a":"VARCHAR"}', "[[]]"])
def test_only_arrays_of_objects_have_a_structure(text: str | None) -> None:
    assert Structure.parse(text) is None


def test_integers_are_long_only_where_they_may_be() -> None:
    text = '[{"a":"UBIGINT","b\\u0000":"VARCHAR"}]'
    assert Structure.parse(text, long=False) == Structure({"a": "BIGINT"})
    assert Structure.parse(text) == Structure({"a": lattice.BIG})


def test_structures_widen_as_columns_do() -> None:
    one = Structure.parse('[{"a":"UBIGINT","b":"BOOLEAN","c":{"x":"DOUBLE"},"d":"NULL"}]')
    assert one == Structure({"a": lattice.BIG, "b": "BOOLEAN", "c": JSON, "d": JSON})
    assert one.join(None) == one
    other = Structure({"a": "DOUBLE", "e": "VARCHAR"})
    assert one.join(other).fields == {"a": "VARCHAR", "e": "VARCHAR", "b": "BOOLEAN", "c": JSON, "d": JSON}


def test_views_have_the_parents_key_a_position_and_no_name_twice() -> None:
    made = views.wanted("orders", ["id"], {"items": Structure({"_orders_id": "BIGINT", "_index": "VARCHAR"})}, set())
    (sql,) = made.values()
    assert list(made) == ["orders__items"]
    assert sql.count('AS "_orders_id"') == 1
    assert sql.count('AS "_index"') == 1


def test_a_table_of_the_views_name_wins_and_arrays_of_empty_objects_have_none() -> None:
    structures = {"items": Structure({"a": "BIGINT"}), "none": Structure({})}
    assert views.wanted("orders", [], structures, {"orders__items"}) == {}
