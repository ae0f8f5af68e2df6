"""The API under every contender: pages are encoded once and served from memory, so that nobody waits for it."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import email.utils
import json
import sys
import time
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote

import dataset

DELAY = 0.05


class Api:
    """Answers a path with a body and the seconds to hold it back."""

    def __init__(self) -> None:
        self.generation = 0
        self.pages: dict[tuple[int, int], bytes] = {}
        self.slow: dict[tuple[str, int, int], bytes] = {}
        self.listed: set[int] = set()  # lengths of listings that were asked for
        self.since: dict[tuple[int, float], list[int] | None] = {}
        self.records_changed: dict[int, bytes] = {}
        self.requests = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self.first = 0.0  # when the first request came and the last answer went, since the last reset
        self.last = 0.0

    def answer(self, path: str, query: dict[str, str]) -> tuple[bytes, float] | None:
        match path.strip("/").split("/"):
            case ["records", rows]:
                return self.records(int(rows), query), 0.0
            case ["multi", _, "records"]:
                return self.records(10_000, query), 0.0
            case ["parents"]:
                return self.once("parents", 0, dataset.PARENTS, b'{"data":[%s]}'), DELAY
            case ["parents", parent, "items"]:
                first = int(parent) * dataset.ITEMS_PER_PARENT
                return self.once("items", first, first + dataset.ITEMS_PER_PARENT, b'{"data":[%s]}'), DELAY
            case ["offset"]:
                first = int(query.get("offset", "0"))
                last = min(first + dataset.PAGE, dataset.OFFSET_ROWS)
                total = b'{"data":[%%s],"meta":{"total":%d}}' % dataset.OFFSET_ROWS
                return self.once("offset", first, max(first, last), total), DELAY
            case _:
                return None

    def once(self, name: str, first: int, last: int, form: bytes) -> bytes:
        key = (name, first, last)
        if key not in self.slow:
            self.slow[key] = form % joined(range(first, last))
        return self.slow[key]

    def records(self, rows: int, query: dict[str, str]) -> bytes:
        """One cursor page: of the whole listing, or of what changed after `updated_after`."""
        first = int(query.get("cursor", "c0")[1:])
        after = query.get("updated_after")
        since = dt.datetime.fromisoformat(after).timestamp() if after else 0.0
        changed = self.changed_since(rows, since)
        if changed is not None:
            page = changed[first : first + dataset.PAGE]
            data, total = b",".join([self.changed(number) for number in page]), len(changed)
        else:
            data, total = self.page(first, min(first + dataset.PAGE, rows)), rows
        following = first + dataset.PAGE
        cursor = b'"c%d"' % following if following < total else b"null"
        return b'{"data":[%s],"meta":{"next_cursor":%s}}' % (data, cursor)

    def changed_since(self, rows: int, since: float) -> list[int] | None:
        self.listed.add(rows)
        if (rows, since) not in self.since:
            self.since[rows, since] = dataset.changed_since(rows, self.generation, since)
        return self.since[rows, since]

    def changed(self, number: int) -> bytes:
        if number not in self.records_changed:
            self.records_changed[number] = joined([number], self.generation)
        return self.records_changed[number]

    def page(self, first: int, last: int) -> bytes:
        if (first, last) not in self.pages:
            self.pages[first, last] = joined(range(first, last), self.generation)
        return self.pages[first, last]

    def control(self, action: str, query: dict[str, str]) -> bytes:
        match action:
            case "prepare":
                rows = int(query["rows"])
                for first in range(0, rows, dataset.PAGE):
                    self.page(first, min(first + dataset.PAGE, rows))
                for parent in range(dataset.PARENTS):
                    self.answer(f"/parents/{parent}/items", {})
                for first in range(0, dataset.OFFSET_ROWS, dataset.PAGE):
                    self.answer("/offset", {"offset": str(first)})
            case "generation":
                self.generation = int(query["value"])
                self.pages.clear()
                self.since.clear()
                self.records_changed.clear()
                for rows in self.listed:
                    for number in range(self.generation, rows, 100):
                        self.changed(number)
            case "reset":
                self.requests = self.max_in_flight = 0
                self.first = self.last = 0.0
        seen = {"requests": self.requests, "max_in_flight": self.max_in_flight, "span": self.last - self.first}
        return json.dumps(seen).encode()


def joined(numbers: Iterable[int], generation: int = 0) -> bytes:
    return ",".join(dataset.record(number, generation) for number in numbers).encode()


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, GET only: as little as a client needs."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol gives it
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            self.request(head.split(b" ", 2)[1].decode())

    def request(self, target: str) -> None:
        path, _, raw = target.partition("?")
        query = dict(parse_qsl(raw))
        if path.startswith("/control/"):
            self.respond(path, b"200 OK", self.api.control(path.removeprefix("/control/"), query))
            return
        answer = self.api.answer(unquote(path), query)
        self.api.requests += 1
        self.api.first = self.api.first or time.perf_counter()
        self.api.in_flight += 1
        self.api.max_in_flight = max(self.api.max_in_flight, self.api.in_flight)
        body, delay = answer or (b'{"error":"not found"}', 0.0)
        status = b"200 OK" if answer else b"404 Not Found"
        if delay:
            asyncio.get_running_loop().call_later(delay, self.respond, path, status, body)
        else:
            self.respond(path, status, body)

    def respond(self, path: str, status: bytes, body: bytes) -> None:
        if not path.startswith("/control"):
            self.api.in_flight -= 1
            self.api.last = time.perf_counter()
        if self.transport is None:
            return
        date = email.utils.formatdate(time.time(), usegmt=True).encode()
        self.transport.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nDate: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (status, date, len(body), body)
        )


async def serve(port: int) -> None:
    api = Api()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(api), "127.0.0.1", port)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(parser.parse_args().port))
