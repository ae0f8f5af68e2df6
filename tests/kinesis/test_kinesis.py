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

KEYS = {"access_key_id": "key", "secret_access_key": "not-so-secret-key", "region": "eu-central-1"}


class Kinesis:
    """The streams of one account."""

    def __init__(self, url: str) -> None:
        self.given = {"endpoint_url": url, **KEYS}
        session = boto3.session.Session("key", "not-so-secret-key", region_name=KEYS["region"])
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


def test_streams_are_chosen_by_globs_among_more_than_a_page_of_them(desk: Desk, kinesis: Kinesis) -> None:
    prefix = uuid4().hex[:6]
    for number in range(13):
        kinesis.stream(f"x{prefix}-{number:02}")
    kinesis.stream(f"y{prefix}")
    assert len(desk.add("kinesis", streams=f"X{prefix}*", **kinesis.given)) == 13


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
