"""Pages that were taken all at once end in the same rows as those whose records were cut out one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from dinobase.core.values import Batch
from dinobase.kinds.select import Elements
from dinobase.load.infer import Shaping
from dinobase.load.landing import Landing
from dinobase.load.schema import TableSchema
from dinobase.load.spool import Spool
from tests.lake.load.lakes import Lake

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


class Desk:
    """A spool and a landing, fed with pages as the fetching thread does it."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        self.lake = lake
        self.spool = Spool(folder, "x", labels=False)
        self.spool.open()
        self.landing = Landing(lake.writer, TableSchema(), Shaping())
        self.at_once = 0

    def segment(self, *pages: str) -> None:
        for page in pages:
            records = self.landing.cut(page.encode())
            self.at_once += isinstance(records, Elements)
            assert self.spool.add(Batch("t", records or _ARRAY.decode(page))) is None
        full = self.spool.flush()
        self.spool.settle()
        assert full is not None
        self.landing.stage(full.segment, full.data, full.by)

    def rows(self) -> list[tuple[object, ...]]:
        files = [str(file) for file in self.landing.finish()]
        return self.lake.rows(f"SELECT * FROM read_parquet({files}, union_by_name = true)")


@pytest.fixture
def desk(lake: Lake, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(lake, tmp_path / "spool")
    yield made
    made.spool.close()


def test_pages_after_the_first_segment_are_taken_at_once(desk: Desk) -> None:
    desk.segment('[{"id":1,"s":"x"}]')
    desk.segment('[{"id":2,"s":"y"},{"id":3,"s":null}]', '[{"id":4,"s":"z"}]')
    assert desk.at_once == 2
    assert desk.rows() == [(1, "x"), (2, "y"), (3, None), (4, "z")]


def test_a_page_that_drifts_takes_the_exact_way(desk: Desk) -> None:
    desk.segment('[{"id":1,"s":"x"}]')
    desk.segment('[{"id":2,"s":"y"},{"id":3,"s":"z"}]', '[{"id":4.5,"s":"z","late":true}]')
    assert desk.at_once == 1
    assert desk.rows() == [(1.0, "x", None), (2.0, "y", None), (3.0, "z", None), (4.5, "z", True)]


def test_pages_found_exact_under_an_older_schema_are_checked_anew(desk: Desk) -> None:
    desk.segment('[{"id":1,"v":1}]')
    early = desk.landing.cut(b'[{"id":2,"v":2},{"id":3,"v":3}]')
    desk.segment('[{"id":4,"v":"text"}]')
    assert early is not None
    desk.spool.add(Batch("t", early))
    full = desk.spool.flush()
    desk.spool.settle()
    assert full is not None
    assert full.by is not None
    desk.landing.stage(full.segment, full.data, full.by)
    assert desk.rows() == [(1, "1"), (4, "text"), (2, "2"), (3, "3")]


def test_gaps_between_records_and_brackets_in_them_change_nothing(desk: Desk) -> None:
    desk.segment('[{"id":1,"j":[{"a":1}]}]')
    desk.segment('[{"id":2,"j":[{"a":1},{"b":2}]} , {"id":3,"j":[]}]', '[ {"id":4,"j":null},{"id":5,"j":[]} ]')
    assert desk.at_once == 2
    assert [(row[0], row[1]) for row in desk.rows()] == [
        (1, '[{"a":1}]'),
        (2, '[{"a":1},{"b":2}]'),
        (3, "[]"),
        (4, None),
        (5, "[]"),
    ]


def test_a_listing_that_cannot_be_taken_at_once_is_not_tried_for_ever(desk: Desk) -> None:
    compact = b'[{"id":5},{"id":6}]'
    desk.segment('[{"id":1}]')
    assert desk.landing.cut(compact) is not None
    assert [desk.landing.cut(b'[{"id":"x"}]') for _ in range(3)] == [None] * 3
    assert desk.landing.cut(compact) is None
    desk.segment('[{"id":2,"new":1}]')
    assert desk.landing.cut(compact) is not None
