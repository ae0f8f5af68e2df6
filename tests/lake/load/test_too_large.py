"""What does not fit a load's memory gets more, once; what does not fit that either says how much it would take."""

from __future__ import annotations

import pytest

from dinobase.core.errors import LoadError
from dinobase.load import landing
from tests.lake.load.lakes import Lake


def test_a_table_of_very_many_columns_is_loaded_and_merged(lake: Lake) -> None:
    rows = [{"id": n, **{f"c{c}": c + n for c in range(1500)}} for n in range(3)]
    lake.load(rows, key=["id"])
    assert lake.writer.roomy
    rows[1]["c7"] = -1
    outcome = lake.load(rows, key=["id"])
    assert (outcome.updated, len(lake.types()), lake.column("c7")) == (1, 1501, [7, -1, 9])


def test_a_value_that_is_longer_than_a_load_has_memory_is_kept_whole(lake: Lake) -> None:
    lake.load([{"id": 1, "text": "x" * 40_000_000}, {"id": 2, "text": "y"}])
    assert lake.writer.roomy
    assert lake.rows("SELECT id, length(text) FROM lake.t ORDER BY id") == [(1, 40_000_000), (2, 1)]


@pytest.mark.parametrize(
    ("record", "said", "hint"),
    [
        ({"id": 1, "text": "x" * 40_000_000}, "a record of up to 40,000,021 bytes", "leave its long field out"),
        ({f"c{n}": n for n in range(2500)}, "2,500 columns", "declare objects with many fields as JSON"),
    ],
)
def test_what_does_not_fit_at_all_says_what_it_was(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, record: dict[str, object], said: str, hint: str
) -> None:
    monkeypatch.setattr("dinobase.lake.connection.ROOMY", "97MB")
    monkeypatch.setattr(landing, "ROOMY", "97MB")
    with pytest.raises(LoadError, match=said) as caught:
        lake.load([record])
    assert hint in caught.value.hint
    assert "(97MB)" in caught.value.message
    assert lake.types() == {}


def test_an_ordinary_load_takes_no_more_than_it_has(lake: Lake) -> None:
    lake.load([{"id": n, "text": "x" * 1000} for n in range(5000)], key=["id"])
    assert not lake.writer.roomy
