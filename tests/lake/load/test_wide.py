"""Tables with very many columns: they load, are merged into, and are refused before DuckDB meets too many."""

from __future__ import annotations

import json

import pytest

from dinobase.core.errors import LoadError
from dinobase.load.landing import _MOST_COLUMNS
from tests.lake.load.lakes import Lake


def records(columns: int, word: str) -> list[str]:
    return [json.dumps({"id": n, **{f"c{k}": f"{word}{k}" for k in range(columns - 1)}}) for n in range(30)]


def test_a_thousand_columns_of_text_load_and_are_merged_into(lake: Lake) -> None:
    first = lake.load(records(1000, "a"), key=["id"])
    second = lake.load(records(1000, "b"), key=["id"])
    assert (first.inserted, second.inserted, second.updated) == (30, 0, 30)
    assert lake.rows("SELECT DISTINCT c0, c998 FROM lake.t") == [("b0", "b998")]


def test_more_columns_than_a_table_may_have_are_refused_by_their_number(lake: Lake) -> None:
    with pytest.raises(LoadError, match=f"{_MOST_COLUMNS + 1} columns are more than a table may have"):
        lake.load(records(_MOST_COLUMNS + 1, "a"), key=["id"])
