"""The quick way of a clean segment, and where it must not be taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinobase.core.errors import LoadError
from dinobase.load.infer import Shaping
from dinobase.load.landing import Landing
from dinobase.load.schema import TableSchema
from tests.lake.load.lakes import Lake, segment

# values of one segment of doubles, then of the next: the type and the texts that the column has in the end
DOUBLES = [
    (["1.5"], ["1e17"], "DOUBLE", [1.5, 1e17]),
    (["1.5"], ["123456789.5"], "DOUBLE", [1.5, 123456789.5]),
    (["1.5"], ["123456789.123456"], "DOUBLE", [1.5, 123456789.123456]),
    (["1.5"], ["12345678901234567"], "VARCHAR", ["1.5", "12345678901234567"]),
    (["1.5"], ["123456789012.3456789"], "VARCHAR", ["1.5", "123456789012.3456789"]),
    (["1.5"], ["0.12345678901234567891"], "VARCHAR", ["1.5", "0.12345678901234567891"]),
    (["1.5"], ["1e-5"], "DOUBLE", [1.5, 1e-5]),
    (["1.5"], ["1E-400"], "VARCHAR", ["1.5", "1E-400"]),
]


@pytest.mark.parametrize(("first", "second", "kind", "wanted"), DOUBLES, ids=[d[1][0] for d in DOUBLES])
def test_doubles_with_many_digits_are_seen_in_the_quick_way_too(
    lake: Lake, first: list[str], second: list[str], kind: str, wanted: list[object]
) -> None:
    texts = [*first, *second, "2.5"]
    lake.load(*[[f'{{"id": {n}, "v": {text}}}'] for n, text in enumerate(texts)])
    assert lake.types()["v"] == kind
    assert lake.column("v") == [*wanted, "2.5" if kind == "VARCHAR" else 2.5]


def test_segments_without_fields_wait_for_one_that_has_some(lake: Lake) -> None:
    lake.load(["{}"], ['{"v": 1}', "{}"], ["{}"])
    assert lake.column("v", "v") == [1, None, None, None]


def test_no_field_among_a_thousand_records_is_no_end(lake: Lake) -> None:
    lake.load(["{}"] * 1500 + ['{"v": 1}'])
    assert lake.rows("SELECT count(*), count(v) FROM lake.t") == [(1501, 1)]


def test_what_the_first_thousand_do_not_show_is_found(lake: Lake) -> None:
    lake.load(['{"v": 1}'] * 1500 + ['{"v": 1.5, "late": "x"}'])
    assert lake.types() == {"v": "DOUBLE", "late": "VARCHAR"}
    assert lake.rows("SELECT count(*), sum(v), max(late) FROM lake.t") == [(1501, 1501.5, "x")]


def test_nesting_that_no_text_can_be_made_of_is_refused(lake: Lake) -> None:
    deep = "[" * 990 + "]" * 990
    with pytest.raises(LoadError, match="nested too deeply"):
        lake.load([f'{{"v": 1, "V": {deep}}}'])


def test_the_order_of_the_listing_is_kept(lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "segments"
    folder.mkdir()
    landing = Landing(lake.writer, TableSchema(), Shaping(), cursor="at")
    for number in (0, 1, 2):
        landing.stage(segment(folder, number, [{"at": n, "s": number} for n in range(3000)]))
    names = [str(file) for file in landing.finish()]
    rows = lake.rows(f'SELECT s, "at", __cursor FROM read_parquet({names})')
    assert rows == [(s, n, str(n)) for s in range(3) for n in range(3000)]
