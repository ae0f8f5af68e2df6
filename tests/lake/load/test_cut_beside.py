"""Pages are cut by the thread that fetches while the loader's thread changes the columns: the rows are the source's."""

from __future__ import annotations

import json
import random
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest

from dinobase.core.values import Batch
from dinobase.kinds.select import Elements
from dinobase.load import check
from dinobase.load.infer import Shaping
from dinobase.load.landing import Landing
from dinobase.load.schema import TableSchema
from dinobase.load.spool import Full, Spool
from tests.lake.load.lakes import Lake

_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
# Each kind of page widens what came before; all of them survive in text, which the last turns every column to.
KINDS: tuple[dict[str, Any], ...] = (
    {"v": 1},
    {"v": 2.5},
    {"v": None},
    {"v": 1, "late": True},
    {"v": "text", "late": False},
    {"v": 9223372036854775807},
    {"v": 12345678901234567890123},
    {"nest": {"a": 1}},
    {"nest": {"a": "x", "b": [1, 2]}},
    {"nest": {"a": 1, "b": [1, 2.5]}},
    {"d": "2024-01-01"},
    {"d": "no date"},
)


@pytest.fixture
def hasty() -> Iterator[None]:
    """Have threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("seed", range(6))
def test_no_record_is_lost_doubled_or_changed_by_columns_that_change_beside_the_fetch(
    lake: Lake, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    kinds = sorted(KINDS, key=lambda _: chance.random())
    spool = Spool(tmp_path / "spool", "x", labels=False)
    spool.open()
    landing = Landing(lake.writer, TableSchema(), Shaping())
    queue: SimpleQueue[Full | threading.Event | None] = SimpleQueue()
    failed: list[BaseException] = []

    def load() -> None:
        try:
            while (full := queue.get()) is not None:
                if isinstance(full, Full):
                    spool.settle()
                    landing.stage(full.segment, full.data, full.by)
                else:
                    full.set()
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failed.append(error)

    thread = threading.Thread(target=load)
    thread.start()
    expected = []
    at_once = 0
    for number in range(96):
        kind = kinds[min(number // 8, len(kinds) - 1)] if chance.random() < 0.9 else chance.choice(kinds)
        page = [{"id": number * 10 + n, **kind} for n in range(chance.randint(1, 10))]
        expected += page
        text = json.dumps(page).encode()
        records = landing.cut(text)
        at_once += isinstance(records, Elements)
        spool.add(Batch("t", records or _ARRAY.decode(text)))
        if chance.random() < 0.5 and (full := spool.flush()) is not None:
            queue.put(full)
        if chance.random() < 0.2:  # now and then the loader is as far as the fetch
            caught_up = threading.Event()
            queue.put(caught_up)
            caught_up.wait(60)
    full = spool.flush()
    if full is not None:
        queue.put(full)
    queue.put(None)
    thread.join()
    spool.close()
    assert not failed

    files = [str(file) for file in landing.finish()]
    rows = lake.rows(f"SELECT id, v::VARCHAR FROM read_parquet({files}, union_by_name = true)")
    assert [row[0] for row in rows] == [record["id"] for record in expected]
    for (_, held), record in zip(rows, expected, strict=True):
        value = record.get("v")
        exact = held == value if value is None or value == "text" else Decimal(held) == Decimal(str(value))
        assert exact, (held, value)
    assert at_once


def test_what_is_cut_again_and_again_by_two_threads_is_always_the_same(hasty: None) -> None:
    """One checker decodes for the fetching thread and for the loader's at once."""
    from tests.unit.load.test_cut import SCHEMA

    checker = check.Checker(SCHEMA)
    good = b"[%b]" % b",".join(b'{"id":%d,"s":"x"}' % n for n in range(50))
    bad = good[:-1] + b',{"id":"x"}]'
    wrong: list[str] = []

    def work() -> None:
        for _ in range(400):
            found = checker.cut(good)
            if found is None or len(found) != 50 or not checker.holds(good, array=True):
                wrong.append("good")
            if checker.cut(bad) is not None or checker.holds(bad, array=True):
                wrong.append("bad")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
