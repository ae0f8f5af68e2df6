"""A real API server on loopback that answers as a function says and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from dinobase.core.values import Batch, Event, ParentRow
from dinobase.extract import runner
from dinobase.extract.session import Session
from dinobase.spec.models import Connector, Resource
from dinobase.spec.validation import validated


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it; `query` keeps order and repeats."""

    method: str
    path: str
    raw_path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes

    @property
    def params(self) -> dict[str, str]:
        return dict(self.query)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says; a body that is not bytes goes out as JSON."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Script = Callable[[Asked], Any]


@dataclass(slots=True)
class FakeApi:
    """`url` ends without a slash."""

    script: Script
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    at_once: int = 0
    most_at_once: int = 0
    peers: set[str] = field(default_factory=set)
    server: web.ServerRunner | None = None

    async def stop(self) -> None:
        """Die, in the middle of whatever is being answered."""
        if self.server is not None:
            await self.server.cleanup()
            self.server = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        seen = Asked(
            request.method,
            request.path,
            request.raw_path,
            list(request.query.items()),
            {k.lower(): v for k, v in request.headers.items()},
            await request.read(),
        )
        self.asked.append(seen)
        self.peers.add(str(request.transport and request.transport.get_extra_info("peername")))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            said = self.script(seen)
            if isinstance(said, Awaitable):
                said = await said
        finally:
            self.at_once -= 1
        answer = said if isinstance(said, Answer) else Answer(said)
        body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        headers = {"Content-Type": "application/json", **answer.headers}
        return web.Response(body=body, status=answer.status, headers=headers)

    @property
    def paths(self) -> list[str]:
        return [a.path for a in self.asked]


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[FakeApi]:
    api = FakeApi(script)
    runner_ = web.ServerRunner(web.Server(api.handle), shutdown_timeout=0.1)
    api.server = runner_
    await runner_.setup()
    site = web.TCPSite(runner_, "127.0.0.1", 0)
    await site.start()
    host, port = runner_.addresses[0][:2]
    api.url = f"http://{host}:{port}"
    try:
        yield api
    finally:
        await api.stop()


@asynccontextmanager
async def serving_bytes(*answers: bytes) -> AsyncIterator[str]:
    """Answer each connection with bytes as they are, then close it; the last one is said again and again."""
    left = list(answers)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    async with server:
        yield f"http://{host}:{port}"


@dataclass(slots=True)
class Clock:
    """Time that passes only when somebody sleeps."""

    moment: datetime = datetime(2026, 5, 1, 12, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def seconds(self) -> float:
        return self.moment.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass(slots=True)
class Bench:
    """A connector at work against a server, in one test."""

    state: Path
    clock: Clock = field(default_factory=Clock)
    events: list[Event] = field(default_factory=list)

    def session(self, api: FakeApi | str, *, name: str = "acme", **facts: Any) -> Session:
        connector = connect(api, **facts)
        return Session(
            connector,
            name=name,
            state_dir=self.state,
            observe=self.events.append,
            sleep=self.clock.sleep,
            now=self.clock.now,
        )

    async def batches(
        self,
        api: FakeApi | str,
        resource: dict[str, Any] | None = None,
        *,
        read: dict[str, Any] | None = None,
        **facts: Any,
    ) -> list[Batch]:
        """Read one resource to its end."""
        async with self.session(api, resources=[resource or {}], **facts) as session:
            return await collect(session, session.connector.resources[0], **(read or {}))

    async def rows(self, api: FakeApi | str, resource: dict[str, Any] | None = None, **facts: Any) -> list[Any]:
        return rows(await self.batches(api, resource, **facts))


def connect(api: FakeApi | str, **facts: Any) -> Connector:
    """Build a resolved connector; `resources` are dictionaries, `client` and the rest as in a file."""
    base_url = api if isinstance(api, str) else f"{api.url}/v1"
    resources = [{"name": "items", **resource} for resource in facts.pop("resources", [{}])]
    client = {"base_url": base_url, **facts.pop("client", {})}
    return validated(Connector, {"name": "acme", "client": client, "resources": resources, **facts})


async def collect(session: Session, resource: Resource, **read: Any) -> list[Batch]:
    return [batch async for batch in runner.read(session, resource, **read)]


def rows(batches: list[Batch]) -> list[Any]:
    return [json.loads(bytes(record)) for batch in batches for record in batch.records]


def parents(*keys: Any, param: str = "pid", tag: str = "_parents_id") -> list[ParentRow]:
    return [ParentRow({param: key}, {tag: key}) for key in keys]
