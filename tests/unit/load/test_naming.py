"""Names are dlt's; collisions end the same way every time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinobase.load.naming import RESERVED, assign, column_name, snake

Keys: TypeAlias = tuple[str, ...]
# Made by dlt 1.31.0's own snake_case convention.
DLT: dict[str, str] = json.loads((Path(__file__).parent / "dlt_names.json").read_text())
same = settings(derandomize=True, deadline=None)
paths = st.lists(st.text(min_size=0, max_size=6), min_size=1, max_size=3).map(tuple)


def test_names_are_those_of_dlt() -> None:
    assert len(DLT) > 300
    assert {key: snake(key) for key in DLT} == DLT


@given(st.text())
@same
def test_a_name_is_never_empty_and_stays_as_it_is(key: str) -> None:
    name = snake(key)
    assert name
    assert name == name.lower()
    assert not name[0].isdigit()
    assert snake(name) == name


def test_a_path_is_joined_by_two_underscores() -> None:
    assert column_name(("billingAddress", "geo", "Lat")) == "billing_address__geo__lat"


@given(st.sets(paths, max_size=12))
@same
def test_no_two_paths_share_a_name_whatever_their_order(places: set[Keys]) -> None:
    names = assign(places, {})
    assert len(set(names.values())) == len(places)
    assert assign(sorted(places, reverse=True), {}) == names
    assert not any(name == RESERVED for name in names.values())


@given(st.sets(paths, min_size=1, max_size=8), st.sets(paths, max_size=8))
@same
def test_names_that_are_taken_stay_with_whom_they_have(first: set[Keys], later: set[Keys]) -> None:
    taken = {name: path for path, name in assign(first, {}).items()}
    before = dict(taken)
    names = assign(later - first, taken)
    assert taken == before
    assert not set(names.values()) & set(taken)


@pytest.mark.parametrize(
    ("places", "wanted"),
    [
        ([("userId",), ("user_id",)], {("user_id",): "user_id"}),  # whose own text is the name goes first
        ([("a", "b"), ("a__b",)], {("a__b",): "a_b"}),
        ([("_dinobase_deleted_at",)], {}),
    ],
)
def test_collisions(places: list[Keys], wanted: dict[Keys, str]) -> None:
    names = assign(places, {})
    assert wanted.items() <= names.items()
    for path, name in names.items():
        if path not in wanted and len(places) > 1 and name != column_name(path):
            assert name.startswith(f"{column_name(path)}_")
    assert not any(name == "_dinobase_deleted_at" for name in names.values())


def test_a_lifted_field_whose_name_is_taken_gets_its_whole_path() -> None:
    def shown(path: Keys) -> Keys:
        return path[1:] if path[0] == "properties" and len(path) > 1 else path

    names = assign([("properties", "id"), ("properties", "email"), ("id",)], {}, shown)
    assert names == {("id",): "id", ("properties", "email"): "email", ("properties", "id"): "properties__id"}


def test_hashes_grow_until_the_name_is_free() -> None:
    (first,) = assign([("x-y",)], {"x_y": ("x_y",)}).values()
    (second,) = assign([("x-y",)], {"x_y": ("x_y",), first: ("other",)}).values()
    assert second.startswith(first)
    assert len(second) == len(first) + 4
