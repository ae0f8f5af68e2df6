"""Kafka: a topic is a table, a message a row; the next offset of a partition is committed with the rows before it."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from dinobase.core import clock
from dinobase.core.errors import FetchError, FetchRefused, UsageError
from dinobase.core.secrets import redact
from dinobase.extract.readers import messages
from dinobase.extract.readers.base import Ask, Brought, SourceColumn, SourceTable
from dinobase.extract.readers.ndjson import Lines
from dinobase.extract.readers.options import TABLES, Selection
from dinobase.lake.connection import Writer
from dinobase.lake.door import missing
from dinobase.spec.models import Credential

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

T = TypeVar("T")
PARTITION, OFFSET, TIME, KEY = "_partition", "_offset", "_timestamp", "_key"
_COLUMNS = (
    SourceColumn(PARTITION, "BIGINT", nullable=False, description="The partition that the message is in."),
    SourceColumn(OFFSET, "BIGINT", nullable=False, description="Its place in the partition."),
    SourceColumn(TIME, "TIMESTAMPTZ", description="When it was written, as it says itself or the broker does."),
    SourceColumn(KEY, "VARCHAR", description="Its key."),
)
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_WAIT_MS = 20_000
_POLL_MS = 500
_AT_ONCE = 5_000
_STUCK = 60.0


def _option(name: str, help_: str, *, required: bool = False, secret: bool = False) -> Credential:
    return Credential(name=name, secret=secret, required=required, help=help_)


class KafkaKind:
    """What `add` asks for."""

    credentials: Sequence[Credential] = (
        _option("bootstrap_servers", "host:port of one broker or more, with commas.", required=True),
        TABLES,
        _option("user", "SASL: who is let in."),
        _option("password", "SASL: the password.", secret=True),
        _option("mechanism", f"SASL: {', '.join(_MECHANISMS)} (default PLAIN)."),
        _option("tls", "yes: the brokers speak TLS; a file: of the certificates that are trusted."),
    )

    def settled(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the values; raises UsageError where they make no sense."""
        mechanism = values.get("mechanism", "")
        if mechanism and mechanism not in _MECHANISMS:
            raise UsageError(
                f"`{mechanism}` is no mechanism that is known here",
                code="kafka.mechanism",
                hint=f"Allowed: {', '.join(_MECHANISMS)}.",
            )
        return dict(values)

    def open(self, values: Mapping[str, str], writer: Writer | None) -> KafkaSource:
        """Look whether the brokers answer; raises FetchError, FetchRefused."""
        del writer
        return KafkaSource(values)


class KafkaSource:
    """A cluster; what had been committed to it when a read began is read, nothing later."""

    def __init__(self, values: Mapping[str, str]) -> None:
        try:
            import aiokafka  # noqa: F401 - whether it is there
        except ImportError:
            raise missing("aiokafka", "kafka") from None
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it would write to stderr; what fails is raised too
        self._values = values
        self._selection = Selection.of({"tables": values.get("tables", "")})
        self._stopped = False
        self.address = f"kafka://{values['bootstrap_servers']}"

    def tables(self) -> Sequence[SourceTable]:
        """Return the topics that are chosen; those whose names begin with `__` are the cluster's own."""
        topics = self._run(self._topics())
        chosen = [t for t in sorted(topics) if not t.startswith("__") and self._selection.wants("", t)]
        return [
            SourceTable(name, topic, _COLUMNS, key=(PARTITION, OFFSET), landing="merge")
            for topic, name in messages.called(chosen).items()
        ]

    def read(self, ask: Ask) -> Brought:
        """Read a topic from the committed offsets on."""
        lines = Lines(ask.folder)
        before: dict[str, int] = json.loads(ask.start) if ask.start else {}
        after, notes = self._run(self._messages(ask.table.place, before, lines))
        lines.flush()
        types = {**lines.types(), TIME: "TIMESTAMPTZ"} if lines.rows else {}
        cursor = json.dumps(after, sort_keys=True)
        return Brought(tuple(lines.files), types, lines.rows, lines.bytes, cursor, tuple(notes), lines=True)

    async def _topics(self) -> set[str]:
        consumer = await self._consumer()
        try:
            return set(await consumer.topics())
        finally:
            await consumer.stop()

    async def _messages(self, topic: str, before: Mapping[str, int], lines: Lines) -> tuple[dict[str, int], list[str]]:
        from aiokafka import TopicPartition

        consumer = await self._consumer()
        try:
            await consumer.topics()  # what it knows of the cluster
            numbers = consumer.partitions_for_topic(topic)
            if not numbers:
                raise FetchError(f"there is no topic {topic}", code="source.absent", hint="see whether it was renamed")
            places = [TopicPartition(topic, number) for number in sorted(numbers)]
            consumer.assign(places)
            first = await consumer.beginning_offsets(places)
            ends = await consumer.end_offsets(places)
            notes = []
            for place in places:
                start = before.get(str(place.partition), first[place])
                if not first[place] <= start <= ends[place]:
                    gone = "messages are gone that were never read" if start < first[place] else "it was made anew"
                    notes.append(f"partition {place.partition} is read from its beginning: {gone}")
                    start = first[place]
                consumer.seek(place, start)
            await self._until(consumer, ends, lines)
            return {str(place.partition): ends[place] for place in places}, notes
        finally:
            await consumer.stop()

    async def _until(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], lines: Lines) -> None:
        moved = clock.monotonic()
        waiting = [place for place, end in ends.items() if await consumer.position(place) < end]
        while waiting:
            if self._stopped:
                raise FetchError("the read was stopped", code="source.stopped")
            batches = await consumer.getmany(*waiting, timeout_ms=_POLL_MS, max_records=_AT_ONCE)
            for place, batch in batches.items():
                moved = clock.monotonic()
                for message in batch:
                    if message.offset < ends[place]:
                        lines.add(record(message))
            waiting = [place for place in waiting if await consumer.position(place) < ends[place]]
            if clock.monotonic() - moved > _STUCK:
                raise FetchError(
                    f"the brokers give nothing more of {waiting[0].topic}",
                    code="source.failed",
                    hint="see whether all of its partitions have a leader",
                )

    async def _consumer(self) -> AIOKafkaConsumer:
        from aiokafka import AIOKafkaConsumer

        user, tls = self._values.get("user", ""), self._values.get("tls", "")
        context = None
        if tls:
            context = ssl.create_default_context(cafile=None if tls.lower() in {"yes", "true"} else tls)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._values["bootstrap_servers"], client_id="dinobase", enable_auto_commit=False,
            auto_offset_reset="none", isolation_level="read_committed", request_timeout_ms=_WAIT_MS,
            security_protocol=f"{'SASL_' if user else ''}{'SSL' if tls else 'PLAINTEXT'}", ssl_context=context,
            sasl_mechanism=self._values.get("mechanism") or "PLAIN", sasl_plain_username=user or None,
            sasl_plain_password=self._values.get("password") or None,
        )  # fmt: skip
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        return consumer

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        from aiokafka import errors

        try:
            return asyncio.run(work)
        except (errors.KafkaError, OSError) as error:
            text = redact(str(error)) or type(error).__name__
            if "Auth" in type(error).__name__ or "Auth" in text:
                raise FetchRefused(
                    f"the brokers refuse: {text}", hint="--user, --password, --mechanism; its right to read the topics"
                ) from None
            raise FetchError(
                f"{self.address} cannot be read: {text}", code="source.failed", hint="see whether it is up; --tls yes"
            ) from None

    def interrupt(self) -> None:
        """Stop a read at its next batch."""
        self._stopped = True

    def close(self) -> None:
        """Nothing is open between reads."""


def record(message: Any) -> dict[str, Any]:
    """Return a message as a row."""
    ours = {
        PARTITION: message.partition,
        OFFSET: message.offset,
        TIME: _moment(message.timestamp),
        KEY: messages.text(message.key),
    }
    return messages.row(ours, message.value)


def _moment(milliseconds: int) -> str | None:
    if milliseconds < 0:
        return None
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)
    except OverflowError:  # some producers count micro- or nanoseconds: no moment is better than a wrong one
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


KIND = KafkaKind()
