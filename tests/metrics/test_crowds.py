"""Many at once and kill -9: each definition is kept whole or not at all, and none is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dinobase.catalog.metrics import Metric, MetricBook
from dinobase.core.errors import DinobaseError
from tests.metrics.conftest import Acme

ADDS = """
import itertools, sys
from dinobase.workspace import Workspace
metrics = Workspace.open(sys.argv[1]).metrics()
for number in itertools.count():
    metrics.add(f"m{number}", f"SELECT {number} AS n", tests=["SELECT true"])
    print(number, flush=True)
"""


@pytest.fixture(params=["file", "postgres"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> MetricBook:
    """Records in a file, and in a shared catalog."""
    catalog = request.getfixturevalue("postgres") if request.param == "postgres" else ""
    return MetricBook(tmp_path, catalog)


def together(book: MetricBook, metrics: list[Metric]) -> list[str]:
    """Add each in a thread of its own; returns what was refused and why."""
    refused: list[str] = []
    ready = threading.Barrier(len(metrics))

    def add(metric: Metric) -> None:
        ready.wait()
        try:
            book.add(metric, replace=False, origin="agent", author="cli")
        except DinobaseError as error:
            refused.append(error.error_code)

    threads = [threading.Thread(target=add, args=[metric]) for metric in metrics]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_many_at_once_lose_nothing_and_take_no_name_twice(book: MetricBook) -> None:
    assert together(book, [Metric(f"m{number}", f"SELECT {number}") for number in range(8)]) == []
    assert sorted(book.current()) == [f"m{number}" for number in range(8)]
    assert together(book, [Metric("Same", f"SELECT {number}") for number in range(6)]) == ["metric.taken"] * 5
    assert len(book.history("same")) == 1


def test_two_that_would_read_each_other_are_not_both_kept(book: MetricBook) -> None:
    for name in "ab":
        book.add(Metric(name, "SELECT 1"), replace=False, origin="agent", author="cli")
    changed = []
    ready = threading.Barrier(2)

    def change(one: str, other: str) -> None:
        ready.wait()
        metric = Metric(one, f"FROM metric('{other}')", uses=(other,), computes=(other,))
        try:
            book.add(metric, replace=True, origin="agent", author="cli")
        except DinobaseError as error:
            changed.append(error.error_code)

    threads = [threading.Thread(target=change, args=pair) for pair in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert changed == ["metric.cycle"]


def test_a_process_that_is_killed_loses_no_metric_that_it_said_it_had_added(acme: Acme) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ADDS, str(acme.paths.root)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(4)]
        process.kill()
        said += [int(line) for line in process.stdout.read().split()]
    known = {one.name for one in acme.metrics().listed().metrics}
    assert {f"m{number}" for number in said} <= known
    assert len(known) <= len(said) + 1
    assert acme.metrics().test().status == "success"
    assert acme.rows("SELECT * FROM metric('m3')") == [(3,)]
