"""What happens to a stream while it is read: reshards, trimming, iterators that expire, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dinobase.core import clock
from dinobase.core.errors import FetchError, FetchRefused
from dinobase.extract.readers import kinesis_shards
from dinobase.extract.readers.base import Ask, Brought
from dinobase.extract.readers.kinesis import KIND
from tests.databases.desk import Desk
from tests.kinesis.log_server import CREATED, Log, Shard, serving

KEYS = {"access_key_id": "key", "secret_access_key": "secret", "region": "eu-central-1"}
A, B, C, D = (f"shardId-00000000000{n}" for n in range(4))
SOON = 4_000_000_000.0


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    monkeypatch.setattr(kinesis_shards, "_EVERY", 0)
    log = Log()
    with serving(log) as log.url:
        yield log


@pytest.fixture
def desk(tmp_path: Path, log: Log) -> Desk:
    log.shards[A] = Shard()
    desk = Desk(tmp_path / "workspace")
    desk.add("kinesis", endpoint_url=log.url, **KEYS)
    return desk


def read(log: Log, folder: Path, start: str | None = None) -> Brought:
    with closing(KIND.open({"endpoint_url": log.url, **KEYS}, None)) as source:
        [table] = source.tables()
        return source.read(Ask(table, {}, {}, start, folder))


def test_shards_are_read_after_those_they_were_made_of_and_once_each(desk: Desk, log: Log) -> None:
    log.put(A, 1, 2, 3)
    assert desk.good()["log"].rows == 3
    log.put(A, 4)
    log.shards[A].closed = True  # split into B and C, which were merged into D meanwhile
    log.shards |= {B: Shard([A], closed=True), C: Shard([A], closed=True), D: Shard([B, C])}
    log.put(D, 9)
    log.put(B, 5, 6, 7)
    log.put(C, 8)
    log.asked.clear()
    report = desk.good()["log"]
    assert report.rows == 6
    assert desk.rows("SELECT n FROM db.log ORDER BY n") == [(n,) for n in range(1, 10)]
    reads = [shard for operation, shard in log.asked if operation == "GetRecords"]
    last, first = {s: max(i for i, r in enumerate(reads) if r == s) for s in (A, B, C)}, reads.index
    assert last[A] < first(B)
    assert last[A] < first(C)
    assert max(last[B], last[C]) < first(D)
    assert log.asked[0] == ("AFTER_SEQUENCE_NUMBER", A)
    log.asked.clear()
    log.put(D, 10)
    assert desk.good()["log"].inserted == 1
    assert {shard for _, shard in log.asked} == {D}, "what is closed and read to its end is not asked again"
    del log.shards[A], log.shards[B]
    assert desk.good()["log"].status == "unchanged"


def test_answers_without_records_are_passed_over(desk: Desk, log: Log) -> None:
    log.gaps = True
    log.put(A, *range(7))
    assert desk.good()["log"].rows == 7


def test_an_iterator_that_expired_is_asked_for_anew_behind_the_last_record(log: Log, tmp_path: Path) -> None:
    log.shards[A] = Shard()
    log.put(A, 1, 2, 3)
    first = read(log, tmp_path / "first")
    log.put(A, 4, 5, 6)
    log.faults.extend(["ExpiredIteratorException"])
    log.asked.clear()
    assert read(log, tmp_path / "second", first.cursor).rows == 3
    assert [asked for asked, _ in log.asked].count("AFTER_SEQUENCE_NUMBER") == 2


def test_throttling_is_waited_for(desk: Desk, log: Log) -> None:
    log.put(A, 1)
    log.faults.append("ProvisionedThroughputExceededException")
    assert desk.good()["log"].rows == 1


def test_a_refused_read_fails_and_nothing_is_committed(desk: Desk, log: Log) -> None:
    log.put(A, 1, 2, 3)
    log.faults.append("AccessDeniedException")
    error = desk.sync()["log"].error
    assert error is not None
    assert "GetRecords" in error["hint"]
    assert desk.good()["log"].rows == 3


def test_a_producer_that_never_rests_does_not_hold_the_read(log: Log, tmp_path: Path) -> None:
    log.shards[A] = Shard()
    log.endless = SOON
    log.page = 1
    log.put(A, 1, 2)
    assert read(log, tmp_path / "read").rows == 3


def test_what_was_trimmed_before_it_was_read_is_said_aloud(log: Log, tmp_path: Path) -> None:
    log.shards[A] = Shard()
    log.put(A, 7)
    now = clock.now()
    created = clock.iso(datetime.fromtimestamp(CREATED, UTC))
    position = {"created": created, "at": (now - timedelta(days=3)).isoformat(), "after": {A: ""}}
    [note] = read(log, tmp_path / "one", json.dumps(position)).notes
    assert "was never read and is gone: the stream keeps records for 24 hours" in note
    position["at"] = (now - timedelta(hours=23)).isoformat()
    assert read(log, tmp_path / "two", json.dumps(position)).notes == ()


def test_a_sequence_number_that_the_shard_knows_no_more_begins_anew_and_says_so(log: Log, tmp_path: Path) -> None:
    log.shards[A] = Shard()
    log.put(A, 1, 2)
    cursor = read(log, tmp_path / "one").cursor
    log.put(A, 3)
    log.shards[A].knows = 3
    brought = read(log, tmp_path / "two", cursor)
    assert brought.rows == 3
    assert brought.notes == (f"{A} is read from its beginning: it knows the last record no more that was read",)


def test_what_the_client_refuses_has_a_place_and_a_next_step(log: Log, tmp_path: Path) -> None:
    log.shards[A] = Shard()
    log.faults.append("AccessDeniedException")
    with pytest.raises(FetchRefused, match=r"kinesis://eu-central-1 refuses"):
        read(log, tmp_path)
    log.faults.append("ResourceNotFoundException")
    with pytest.raises(FetchError) as told:
        read(log, tmp_path)
    assert told.value.error_code == "source.absent"
