"""A stream over HTTP with what moto has not: reshards as documented, trimming, iterators that expire."""

from __future__ import annotations

import base64
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CREATED = 1_700_000_000.0
EARLY = 1_767_323_045.678


@dataclass
class Shard:
    """Records are (sequence number, data, time of arrival)."""

    parents: list[str] = field(default_factory=list)
    records: list[tuple[int, bytes, float]] = field(default_factory=list)
    closed: bool = False
    knows: int = 0  # sequence numbers below it are refused


class Refused(Exception):
    """An error as Kinesis answers it."""


class Log:
    """One stream, `log`; `asked` are the calls as (operation, shard), `faults` the next answers to GetRecords."""

    def __init__(self) -> None:
        self.shards: dict[str, Shard] = {}
        self.asked: list[tuple[str, str]] = []
        self.faults: deque[str] = deque()
        self.page = 2
        self.gaps = False  # empty answers before each full one, as where the iterator passes over nothing
        self.endless = 0.0  # records that arrive at each read, with this time
        self.source: Any = None  # what reads it
        self._number = 0
        self._lock = threading.Lock()

    def put(self, shard: str, *values: int, at: float = EARLY) -> None:
        """Write records."""
        for value in values:
            self._number += 1
            self.shards[shard].records.append((self._number, b'{"n": %d}' % value, at))

    def answer(self, operation: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return what Kinesis would."""
        with self._lock:
            found: dict[str, Any] = getattr(self, f"_{operation}")(given)
            return found

    def _ListStreams(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {"StreamNames": ["log"], "HasMoreStreams": False}

    def _DescribeStreamSummary(self, _: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        return {
            "StreamDescriptionSummary": {
                "StreamName": "log", "StreamARN": "arn:aws:kinesis:eu-central-1:1:stream/log", "StreamStatus": "ACTIVE",
                "RetentionPeriodHours": 24, "StreamCreationTimestamp": CREATED, "EnhancedMonitoring": [],
                "OpenShardCount": 1,
            }
        }  # fmt: skip

    def _ListShards(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        names = sorted(self.shards, reverse=True)  # children first: the order is nobody's promise
        start = int(given.get("NextToken", 0))
        page: dict[str, Any] = {"Shards": [self._about(name) for name in names[start : start + 2]]}
        return page | ({"NextToken": str(start + 2)} if start + 2 < len(names) else {})

    def _about(self, name: str) -> dict[str, Any]:
        shard = self.shards[name]
        numbers = {"StartingSequenceNumber": "0"} | ({"EndingSequenceNumber": "999"} if shard.closed else {})
        parents = dict(zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False))
        return {"ShardId": name, "SequenceNumberRange": numbers, **parents,
                "HashKeyRange": {"StartingHashKey": "0", "EndingHashKey": "1"}}  # fmt: skip

    def _GetShardIterator(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name = given["ShardId"]
        self.asked.append((given["ShardIteratorType"], name))
        after = int(given.get("StartingSequenceNumber", 0))
        if after and after < self.shards[name].knows:
            raise Refused("InvalidArgumentException")
        return {"ShardIterator": f"{name}:{after}:0"}

    def _GetRecords(self, given: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        name, after, passed = given["ShardIterator"].split(":")
        self.asked.append(("GetRecords", name))
        if self.faults:
            raise Refused(self.faults.popleft())
        shard = self.shards[name]
        if self.endless:
            self._number += 1
            shard.records.append((self._number, b'{"n": 0}', self.endless))
        left = [record for record in shard.records if record[0] > int(after)]
        if self.gaps and left and passed == "0":
            return {"Records": [], "MillisBehindLatest": 5, "NextShardIterator": f"{name}:{after}:1"}
        page = left[: self.page]
        found = {
            "Records": [
                {"SequenceNumber": str(number), "Data": base64.b64encode(data).decode(), "PartitionKey": "k",
                 "ApproximateArrivalTimestamp": at} for number, data, at in page
            ],
            "MillisBehindLatest": 0 if len(left) <= self.page else 1000,
        }  # fmt: skip
        if shard.closed and len(left) <= self.page:
            return found
        return {**found, "NextShardIterator": f"{name}:{page[-1][0] if page else after}:0"}


@contextmanager
def serving(log: Log) -> Iterator[str]:
    """Serve on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            status, answer = 200, {}
            try:
                answer = log.answer(operation, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            except Refused as error:
                status, answer = 400, {"__type": str(error), "message": f"{error}."}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
