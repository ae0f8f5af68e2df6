"""Streams as tables, over an HTTP server that speaks Kinesis (moto)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from dinobase.core.errors import CredentialMissing, DinobaseError
from tests.databases.desk import Desk
from tests.servers.process import free_port

KEYS = {"access_key_id": "key", "secret_access_key": "secret", "region": "eu-central-1"}


class Kinesis:
    """The streams of one account."""

    def __init__(self, url: str) -> None:
        self.given = {"endpoint_url": url, **KEYS}
        session = boto3.session.Session("key", "secret", region_name=KEYS["region"])
        self.client: Any = session.client("kinesis", endpoint_url=url)

    def stream(self, name: str, shards: int = 1) -> str:
        """Make a stream."""
        self.client.create_stream(StreamName=name, ShardCount=shards)
        return name

    def put(self, stream: str, *records: tuple[str, bytes], place: int = 0) -> None:
        """Write records: partition key, data; `place` chooses the shard."""
        self.client.put_records(
            StreamName=stream,
            Records=[{"PartitionKey": key, "Data": data, "ExplicitHashKey": str(place)} for key, data in records],
        )


@pytest.fixture(scope="module")
def kinesis() -> Iterator[Kinesis]:
    port = free_port()
    server = ThreadedMotoServer("127.0.0.1", port=port, verbose=False)
    server.start()
    try:
        yield Kinesis(f"http://127.0.0.1:{port}")
    finally:
        server.stop()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr("dinobase.extract.readers.kinesis_shards._EVERY", 0)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    return Desk(tmp_path / "workspace")


def test_records_come_once_each_and_the_next_sync_goes_on_from_there(desk: Desk, kinesis: Kinesis) -> None:
    stream = kinesis.stream(f"orders-eu.{uuid4().hex[:8]}", 2)
    high = 2**128 - 2
    kinesis.put(stream, ("a", b'{"id": 1, "price": 12345678901234567890.5}'))
    kinesis.put(stream, ("b", b'{"id": 2, "_key": "own", "tags": [1]}'), place=high)
    [table] = desk.add("kinesis", streams=stream, **kinesis.given)
    assert table == stream.replace("-", "_").replace(".", "_")
    assert desk.good()[table].rows == 2
    assert desk.types(f"db.{table}")["_timestamp"] == "TIMESTAMPTZ"
    assert desk.rows(f"SELECT _shard, _sequence, _key, id, message_key FROM db.{table} ORDER BY 1") == [
        ("shardId-000000000000", "1", "a", 1, None),
        ("shardId-000000000001", "1", "b", 2, "own"),
    ]
    assert desk.rows(f"SELECT CAST(price AS VARCHAR) FROM db.{table} WHERE id = 1") == [("12345678901234567890.5",)]
    kinesis.put(stream, ("c", b'{"id": 3, "new": "x"}'), ("c", b"plain text"), ("c", b'["a"]'))
    report = desk.good()[table]
    assert (report.rows, report.inserted, report.mode) == (3, 3, "incremental")
    assert desk.rows(f"SELECT _sequence, id, value FROM db.{table} WHERE _key = 'c' ORDER BY 1") == [
        ("2", 3, None), ("3", None, "plain text"), ("4", None, '["a"]'),
    ]  # fmt: skip
    assert desk.good()[table].status == "unchanged"
    assert desk.good(full=True)[table].total_rows == 5


def test_what_is_no_text_is_kept_as_bytes_and_packed_records_are_told(desk: Desk, kinesis: Kinesis) -> None:
    stream = kinesis.stream(f"raw_{uuid4().hex[:8]}")
    kinesis.put(stream, ("a", b"\x00\x01\xff"), ("a", b"\xf3\x89\x9a\xc2packed"))
    [table] = desk.add("kinesis", streams=stream, **kinesis.given)
    assert desk.good()[table].notes == ["records that a producer packed several into, kept as they are: 1"]
    assert desk.rows(f"SELECT value FROM db.{table} ORDER BY _sequence") == [
        (b"\x00\x01\xff",), (b"\xf3\x89\x9a\xc2packed",),
    ]  # fmt: skip


def test_streams_are_chosen_by_globs_among_more_than_a_page_of_them(desk: Desk, kinesis: Kinesis) -> None:
    prefix = uuid4().hex[:6]
    for number in range(13):
        kinesis.stream(f"x{prefix}-{number:02}")
    kinesis.stream(f"y{prefix}")
    assert len(desk.add("kinesis", streams=f"X{prefix}*", **kinesis.given)) == 13


def test_a_stream_that_was_made_anew_is_read_from_its_beginning_and_old_rows_stay(desk: Desk, kinesis: Kinesis) -> None:
    stream = kinesis.stream(f"anew_{uuid4().hex[:8]}")
    kinesis.put(stream, ("a", b'{"n": 1}'), ("a", b'{"n": 2}'))
    [table] = desk.add("kinesis", streams=stream, **kinesis.given)
    desk.good()
    kinesis.client.delete_stream(StreamName=stream)
    kinesis.stream(stream, 2)
    kinesis.put(stream, ("b", b'{"n": 3}'), place=2**128 - 2)
    report = desk.good()[table]
    assert report.notes == ["it was made anew: it is read from its beginning"]
    assert desk.rows(f"SELECT n FROM db.{table} ORDER BY n") == [(1,), (2,), (3,)]


def test_a_stream_that_is_gone_stops_no_other(desk: Desk, kinesis: Kinesis) -> None:
    streams = [kinesis.stream(f"{kind}_{uuid4().hex[:8]}") for kind in ("gone", "stays")]
    desk.add("kinesis", streams=",".join(streams), **kinesis.given)
    desk.good()
    kinesis.client.delete_stream(StreamName=streams[0])
    assert list(desk.good()) == [streams[1]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"access_key_id": "key"}, "come together"),
        ({"access_key_id": "key", "secret_access_key": "s"}, "must specify a region"),
        ({**KEYS, "profile": "nobody"}, "nobody"),
        ({**KEYS, "endpoint_url": "http://127.0.0.1:1"}, "cannot be read"),
    ],
)
def test_what_cannot_be_asked_is_told(
    desk: Desk, given: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dinobase.extract.readers.kinesis._ATTEMPTS", 1)
    with pytest.raises(DinobaseError, match=message):
        desk.add("kinesis", **given)


def test_without_credentials_it_is_said_which_there_are(desk: Desk, kinesis: Kinesis) -> None:
    with pytest.raises(CredentialMissing, match="Unable to locate credentials") as told:
        desk.add("kinesis", region="eu-central-1", endpoint_url=kinesis.given["endpoint_url"])
    assert "--profile" in str(told.value.hint)
