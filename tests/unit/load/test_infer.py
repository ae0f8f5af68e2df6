"""Records -> columns: scalars, objects, maps, lists, lifts, nesting, declared types, and drift on a known schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinobase.load import lattice
from dinobase.load.exact import decode
from dinobase.load.infer import MAP_LIKE_KEYS, MOST_FIELDS, Shaping, infer
from dinobase.load.schema import JSON, UNKNOWN, UNKNOWN_LIST, TableSchema

EMPTY = TableSchema()
BIG = 2**53 + 1


def of(*records: Any, schema: TableSchema = EMPTY, shaping: Shaping | None = None) -> TableSchema:
    texts = [r if isinstance(r, str) else json.dumps(r) for r in records]
    return infer([decode(text.encode()) for text in texts], schema, shaping or Shaping())


def types(schema: TableSchema) -> dict[str, str]:
    return {column.name: column.type for column in schema}


COLUMNS: list[tuple[list[str], dict[str, str]]] = [
    (['{"a": 1}'], {"a": "BIGINT"}),
    (['{"a": null}'], {"a": UNKNOWN}),
    (['{"a": null}', '{"a": true}'], {"a": "BOOLEAN"}),
    (['{"a": 1}', '{"a": 1.5}'], {"a": "DOUBLE"}),
    (['{"a": 1}', '{"a": true}'], {"a": "VARCHAR"}),
    (['{"a": 1}', '{"a": "x"}', '{"a": 1.5}'], {"a": "VARCHAR"}),
    (['{"a": 9223372036854775808}', '{"a": 1}'], {"a": lattice.BIG}),
    (['{"a": 9007199254740993}', '{"a": 1.5}'], {"a": "VARCHAR"}),
    (['{"a": 1.5}', '{"a": 9007199254740993}'], {"a": "VARCHAR"}),
    (['{"a": 9007199254740992}', '{"a": 1.5}'], {"a": "DOUBLE"}),
    (['{"a": 1e400}'], {"a": "VARCHAR"}),
    (['{"a": "2024-01-01"}', '{"a": "2024-01-01T00:00:00"}'], {"a": "TIMESTAMP"}),
    (['{"a": "2024-01-01T00:00:00Z"}', '{"a": "2024-01-01T00:00:00"}'], {"a": "VARCHAR"}),
    (['{"a": []}'], {"a": UNKNOWN_LIST}),
    (['{"a": [null]}'], {"a": UNKNOWN_LIST}),
    (['{"a": []}', '{"a": [1]}', '{"a": [null, 1.5]}'], {"a": "DOUBLE[]"}),
    (['{"a": [9007199254740993]}', '{"a": [1.5]}'], {"a": "VARCHAR[]"}),
    (['{"a": [1.5, 9007199254740993]}'], {"a": "VARCHAR[]"}),
    (['{"a": [9223372036854775808]}'], {"a": JSON}),
    (['{"a": ["2024-01-01"]}'], {"a": "VARCHAR[]"}),
    (['{"a": [1, "x"]}'], {"a": "VARCHAR[]"}),
    (['{"a": [{"b": 1}]}'], {"a": JSON}),
    (['{"a": [[1]]}'], {"a": JSON}),
    (['{"a": [1]}', '{"a": 1}'], {"a": JSON}),
    (['{"a": {}}'], {"a": JSON}),
    (['{"a": {}}', '{"a": {"b": 1}}'], {"a__b": "BIGINT"}),
    (['{"a": null}', '{"a": {"b": 1}}'], {"a__b": "BIGINT"}),
    (['{"a": "x"}', '{"a": {"b": 1}}'], {"a": "VARCHAR", "a__b": "BIGINT"}),
    (['{"a": [{}]}', '{"a": {"b": 1}}'], {"a": JSON}),  # once one value, always one value
    (['{"a": {"b": {"c": {"d": 1}}}}'], {"a__b__c": JSON}),
    (['{"a": {"b": {"c": 1}}}'], {"a__b__c": "BIGINT"}),
    (['{"a": {"2024-01-01": 1, "2024-01-02": 2}}'], {"a": JSON}),
    (['{"a": {"17": 1}}'], {"a": JSON}),
    (['{"a": {"a@b.c": 1, "d@e.f": 1}}'], {"a": JSON}),
    (['{"a": {"5f0c1d2e3b4a5968": 1}}'], {"a": JSON}),
    (["{}"], {}),
    ([], {}),
]


@pytest.mark.parametrize(("records", "wanted"), COLUMNS)
def test_columns_of_records(records: list[str], wanted: dict[str, str]) -> None:
    assert types(of(*records)) == wanted


@pytest.mark.parametrize(("records", "wanted"), COLUMNS)
def test_the_same_records_again_change_nothing(records: list[str], wanted: dict[str, str]) -> None:
    once = of(*records)
    assert of(*records, schema=once) == once


DRIFT: list[tuple[str, str, dict[str, str]]] = [
    ('{"a": 1}', '{"a": 1.5}', {"a": "DOUBLE"}),
    ('{"a": 1.5}', '{"a": 9007199254740993}', {"a": "VARCHAR"}),
    ('{"a": [1.5]}', '{"a": [9007199254740993]}', {"a": "VARCHAR[]"}),
    ('{"a": null}', '{"a": {"b": 1}}', {"a": UNKNOWN, "a__b": "BIGINT"}),
    ('{"a": "x"}', '{"a": {}}', {"a": JSON}),
    ('{"a": {}}', '{"a": {"b": 1}}', {"a": JSON}),
    ('{"a": [{"b": 1}]}', '{"a": {"b": 1}}', {"a": JSON}),
    ('{"a": {"b": 1}}', '{"a": {}}', {"a__b": "BIGINT"}),
    ('{"a": {"b": 1}}', '{"a": {"17": 1}}', {"a__b": "BIGINT", "a___17": "BIGINT"}),  # it has had fields
    ('{"a": {"b": 1}}', '{"a": "x"}', {"a__b": "BIGINT", "a": "VARCHAR"}),
    ('{"a": 1}', "{}", {"a": "BIGINT"}),
]


@pytest.mark.parametrize(("first", "second", "wanted"), DRIFT)
def test_a_known_schema_only_widens(first: str, second: str, wanted: dict[str, str]) -> None:
    assert types(of(second, schema=of(first))) == wanted


def test_many_keys_that_few_records_share_are_a_map() -> None:
    few = [{"a": {f"k{n}": 1, "x": 1}} for n in range(MAP_LIKE_KEYS)]
    assert types(of(*few)) == {"a": JSON}
    assert of(*few).columns[0].map_like
    shared = [{"a": {f"k{n}": 1 for n in range(MAP_LIKE_KEYS + 1)}} for _ in range(2)]
    assert len(of(*shared).columns) == MAP_LIKE_KEYS + 1


def test_more_keys_than_any_object_has_fields_are_a_map_at_once_or_in_the_end() -> None:
    assert types(of({"a": {f"k{n}": 1 for n in range(MOST_FIELDS + 1)}})) == {"a": JSON}
    most = of({"a": {f"k{n}": 1 for n in range(MOST_FIELDS)}})
    assert len(most.columns) == MOST_FIELDS
    assert of({"a": {f"k{n}": 1 for n in range(MOST_FIELDS)}}, schema=most) == most
    assert types(of({"a": {"one more": 1}}, schema=most))["a"] == JSON


@pytest.mark.parametrize(
    ("depth", "wanted"),
    [
        (1, {"a": JSON, "z": "BIGINT"}),
        (2, {"a__b": JSON, "z": "BIGINT"}),
        (4, {"a__b__c__d": "BIGINT", "z": "BIGINT"}),
    ],
)
def test_nesting_ends_where_the_connector_says(depth: int, wanted: dict[str, str]) -> None:
    assert types(of('{"a": {"b": {"c": {"d": 1}}}, "z": 1}', shaping=Shaping(max_nesting=depth))) == wanted


def test_lifted_objects_give_their_fields_to_the_table() -> None:
    lift = Shaping(lift=(("properties",),), max_nesting=1)
    schema = of({"id": 1, "properties": {"id": "x", "email": "e", "17": 1, "deep": {"x": 1}}}, shaping=lift)
    assert types(schema) == {
        "id": "BIGINT",
        "properties__id": "VARCHAR",
        "email": "VARCHAR",
        "_17": "BIGINT",
        "deep": JSON,
    }
    assert of({"properties": "none"}, schema=schema, shaping=lift).by_name("properties") is not None


def test_declared_types_stay_whatever_comes() -> None:
    shaping = Shaping(types={"a": "DECIMAL(18,2)", "b.c": "DATE", "m": JSON, "b__d": "UUID"})
    schema = of({"a": 1, "b": {"c": "x", "d": 5}, "m": {"x": 1}}, shaping=shaping)
    assert types(schema) == {"a": "DECIMAL(18,2)", "b__c": "DATE", "b__d": "UUID", "m": JSON}
    assert of({"a": "text", "m": 5}, schema=schema, shaping=shaping) == schema
    assert types(of({"a": {"x": 1}}, schema=schema, shaping=shaping)) == types(schema)


def test_paths_are_remembered_and_names_stay_with_them() -> None:
    first = of('{"userId": 1}')
    second = of('{"user_id": 2, "userId": 1}', schema=first)
    assert {c.path: c.name for c in second}[("userId",)] == "user_id"
    assert len({c.name for c in second}) == 2


small = st.recursive(
    st.sampled_from([None, True, 1, BIG, 1.5, "x", "2024-01-01"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "17"]), inner, max_size=2),
    max_leaves=5,
)
batch = st.lists(st.dictionaries(st.sampled_from(["a", "b"]), small, max_size=2), max_size=4)


@given(batch, batch)
@settings(derandomize=True, deadline=None, max_examples=200)
def test_columns_never_narrow_and_never_vanish(first: list[Any], second: list[Any]) -> None:
    before = of(*first)
    after = of(*second, schema=before)
    for column in before:
        wider = after.by_path(column.path)
        assert wider is not None
        assert wider.name == column.name
        assert lattice.join(column.type, wider.type) in {wider.type, "DOUBLE", "DOUBLE[]"}
    assert of(*second, schema=after) == after
