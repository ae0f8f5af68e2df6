"""What the vendors' servers stand on: a real HTTP server on loopback that logs all it gets and fails on order."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from aiohttp import web

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    body: bytes

    def get(self, name: str, default: str = "") -> str:
        """Return a query parameter's first value."""
        return dict(reversed(self.query)).get(name, default)

    @property
    def json(self) -> Json:
        """Return the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to give."""

    body: Json
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Fault:
    """An answer that stands in for the right one, `times` times, where the path holds `path`."""

    path: str
    reply: Reply
    times: int = 1


class VendorServer:
    """Answers by `answer`; a subclass has the vendor's records and rules."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.faults: list[Fault] = []
        self.url = ""

    def answer(self, request: Received) -> Reply:
        """Return what the vendor would."""
        raise LookupError(request.path)

    def fail(self, path: str, status: int, *, times: int = 1, body: Json = None, **headers: str) -> None:
        """Have the next requests to a path fail; `retry_after="1"` becomes the header `Retry-After: 1`."""
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        self.faults.append(Fault(path, Reply(body or {"message": f"status {status} on order"}, status, named), times))

    def asked(self, path: str, method: str = "") -> list[Received]:
        """Return the requests whose path ends so."""
        return [r for r in self.requests if r.path.endswith(path) and (not method or r.method == method)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Log the request and answer it."""
        received = Received(
            request.method,
            unquote(request.rel_url.raw_path),
            tuple(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)),
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        self.requests.append(received)
        reply = self._fault(received) or self.answer(received)
        if reply.status in {204, 304}:
            return web.Response(status=reply.status, headers=reply.headers)
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        return web.Response(status=reply.status, headers=reply.headers, text=text, content_type="application/json")

    def _fault(self, request: Received) -> Reply | None:
        for fault in self.faults:
            if fault.path in request.path and fault.times > 0:
                fault.times -= 1
                return fault.reply
        return None


@contextmanager
def serving(server: VendorServer) -> Iterator[VendorServer]:
    """Serve on a free port of 127.0.0.1, in a thread of its own, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(_start(server), loop).result(10)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _start(server: VendorServer) -> web.AppRunner:
    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    return runner
