"""What happens to a stream while it is read: reshards, trimming, iterators that expire, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dinobase.core import clock
from dinobase.core.errors import FetchError, FetchRefused
from dinobase.extract.readers import kinesis_shards
from dinobase.extract.readers.base import Ask, Brought
from dinobase.extract.readers.kinesis import KIND
from tests.kinesis.log_server import CREATED, EARLY, Log, Shard, serving

KEYS = {"access_key_id": "key", "secret_access_key": "not-so-secret-key", "region": "eu-central-1"}
A, B, C, D = (f"shardId-00000000000{n}" for n in range(4))
SOON = 4_000_000_000.0


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    monkeypatch.setattr(kinesis_shards, "_EVERY", 0)
    log = Log()
    log.shards[A] = Shard()
    with serving(log) as url, closing(KIND.open({"endpoint_url": url, **KEYS}, None)) as log.source:
        yield log


def read(log: Log, folder: Path, start: str | None = None) -> Brought:
    [table] = log.source.tables()
    found: Brought = log.source.read(Ask(table, {}, {}, start, folder))
    return found


def rows(brought: Brought) -> list[dict[str, Any]]:
    return [json.loads(line) for file in brought.files for line in file.read_bytes().splitlines()]


def test_shards_are_read_after_those_they_were_made_of_and_once_each(log: Log, tmp_path: Path) -> None:
    log.put(A, 1, 2, 3)
    first = read(log, tmp_path / "1")
    assert [row["n"] for row in rows(first)] == [1, 2, 3]
    log.put(A, 4)
    log.shards[A].closed = True  # split into B and C, which were merged into D meanwhile
    log.shards |= {B: Shard([A], closed=True), C: Shard([A], closed=True), D: Shard([B, C])}
    log.put(D, 9)
    log.put(B, 5, 6, 7)
    log.put(C, 8)
    log.asked.clear()
    second = read(log, tmp_path / "2", first.cursor)
    assert sorted(row["n"] for row in rows(second)) == [4, 5, 6, 7, 8, 9]
    reads = [shard for operation, shard in log.asked if operation == "GetRecords"]
    last, begun = {s: max(i for i, r in enumerate(reads) if r == s) for s in (A, B, C)}, reads.index
    assert last[A] < begun(B)
    assert last[A] < begun(C)
    assert max(last[B], last[C]) < begun(D)
    assert log.asked[0] == ("AFTER_SEQUENCE_NUMBER", A)
    log.asked.clear()
    log.put(D, 10)
    third = read(log, tmp_path / "3", second.cursor)
    assert [row["n"] for row in rows(third)] == [10]
    assert {shard for _, shard in log.asked} == {D}, "what is closed and read to its end is not asked again"
    del log.shards[A], log.shards[B]
    assert read(log, tmp_path / "4", third.cursor).rows == 0


def test_answers_without_records_are_passed_over_and_throttling_is_waited_for(log: Log, tmp_path: Path) -> None:
    log.gaps = True
    log.faults.append("ProvisionedThroughputExceededException")
    log.put(A, *range(7))
    assert read(log, tmp_path).rows == 7


def test_an_iterator_that_expired_is_asked_for_anew_behind_the_last_record(log: Log, tmp_path: Path) -> None:
    log.put(A, 1, 2, 3)
    first = read(log, tmp_path / "first")
    log.put(A, 4, 5, 6)
    log.faults.append("ExpiredIteratorException")
    log.asked.clear()
    assert read(log, tmp_path / "second", first.cursor).rows == 3
    assert [asked for asked, _ in log.asked].count("AFTER_SEQUENCE_NUMBER") == 2


def test_a_producer_that_never_rests_does_not_hold_the_read(log: Log, tmp_path: Path) -> None:
    log.endless = SOON
    log.page = 1
    log.put(A, 1, 2)
    assert read(log, tmp_path / "read").rows == 3


def test_what_was_trimmed_before_it_was_read_is_said_aloud(log: Log, tmp_path: Path) -> None:
    log.put(A, 7)
    now = clock.now()
    created = clock.iso(datetime.fromtimestamp(CREATED, UTC))
    position = {"created": created, "at": (now - timedelta(days=3)).isoformat(), "after": {A: ""}}
    [note] = read(log, tmp_path / "one", json.dumps(position)).notes
    assert "was never read and is gone: the stream keeps records for 24 hours" in note
    position["at"] = (now - timedelta(hours=23)).isoformat()
    assert read(log, tmp_path / "two", json.dumps(position)).notes == ()


def test_a_stream_that_was_made_anew_is_read_from_its_beginning_and_says_so(log: Log, tmp_path: Path) -> None:
    log.put(A, 1, 2)
    position = {"created": "2020-01-01T00:00:00Z", "at": "2020-01-02T00:00:00Z", "after": {A: "2"}}
    brought = read(log, tmp_path, json.dumps(position))
    assert (brought.rows, brought.notes) == (2, ("it was made anew: it is read from its beginning",))


def test_a_sequence_number_that_the_shard_knows_no_more_begins_anew_and_says_so(log: Log, tmp_path: Path) -> None:
    log.put(A, 1, 2)
    cursor = read(log, tmp_path / "one").cursor
    log.put(A, 3)
    log.shards[A].knows = 3
    brought = read(log, tmp_path / "two", cursor)
    assert brought.rows == 3
    assert brought.notes == (f"{A} is read from its beginning: it knows the last record no more that was read",)


def test_what_is_no_text_is_kept_as_bytes_and_packed_records_are_told(log: Log, tmp_path: Path) -> None:
    log.shards[A].records = [(1, b"\x00\x01\xff", EARLY), (2, b"\xf3\x89\x9a\xc2packed", EARLY)]
    brought = read(log, tmp_path)
    assert brought.notes == ("records that a producer packed several into, kept as they are: 1",)
    assert brought.types["value"] == "BLOB"
    assert rows(brought)[0] == {
        "_shard": A, "_sequence": "1", "_timestamp": "2026-01-02T03:04:05.678000Z", "_key": "k",
        "value": "\\x00\\x01\\xFF",
    }  # fmt: skip


def test_what_the_client_refuses_has_a_place_and_a_next_step(log: Log, tmp_path: Path) -> None:
    log.faults.append("AccessDeniedException")
    with pytest.raises(FetchRefused, match=r"kinesis://eu-central-1 refuses") as refused:
        read(log, tmp_path)
    assert "GetRecords" in refused.value.hint
    log.faults.append("ResourceNotFoundException")
    with pytest.raises(FetchError) as told:
        read(log, tmp_path)
    assert told.value.error_code == "source.absent"
