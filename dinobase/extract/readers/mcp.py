"""An MCP server read as an API is: a tool is an endpoint, its arguments the body, its answer the page.

So selectors, paginators, cursors, parents, the spool and all that comes after hold for tools as they do for REST. A
server that dies takes no tool down but the one that made it die: what is lost is asked once more, alone.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from dinobase.core import clock
from dinobase.core.errors import FetchError
from dinobase.core.secrets import redact
from dinobase.core.values import Event, HttpRequest, HttpResponse, Observer
from dinobase.extract import mcp_listing
from dinobase.extract.mcp_client import Answer, Connection, Late, Lost
from dinobase.extract.session import Accept, Session, Sleep, StatusOf
from dinobase.spec.models import Connector, Resource
from dinobase.spec.tools import RESOURCES, Listing, Tool, expand, fitted

T = TypeVar("T")
_SHOWN = 300


class McpSession(Session):
    """Async context manager: connected and listed when entered."""

    def __init__(
        self,
        connector: Connector,
        *,
        name: str,
        state_dir: Path,
        observe: Observer,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        assert connector.server is not None
        self._server = connector.server
        client = connector.client.model_copy(update={"auth": self._server.auth})
        connector = connector.model_copy(update={"client": client})
        super().__init__(connector, name=name, state_dir=state_dir, observe=observe, sleep=sleep, now=now)
        self._declared = connector
        self._state_dir = state_dir
        self._cwd = str(state_dir.parent)
        self._connection: Connection | None = None
        self._listing: Listing | None = None
        self._opening = asyncio.Lock()
        self._alone = asyncio.Lock()
        self._careful = False
        self._signs_by_flow = self._server.auth is not None and self._server.auth.has_flow
        self.left_out: Mapping[str, str] = {}

    async def __aenter__(self) -> Self:
        if self._signs_by_flow:
            await super().__aenter__()
        try:
            connection = await self._connected()
            self._listing = await connection.listing(clock.iso(self.now()))
            mcp_listing.keep(self._state_dir, self.name, self._listing)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await self._closed(self._connection)
            self._connection = None
        if self._signs_by_flow:
            await super().__aexit__(kind, error, trace)

    @property
    def listing(self) -> Listing:
        """What the server said of itself when it was met."""
        assert self._listing is not None
        return self._listing

    async def definition(self) -> Connector:
        """Return the connector with a table per tool that can be read."""
        expanded = expand(self._declared, self.listing)
        self.left_out = expanded.left_out
        self.connector = expanded.connector
        return self.connector

    async def send(
        self,
        request: HttpRequest,
        *,
        resource: str = "",
        auth: str = "",
        accept: Accept | None = None,
        bare: bool = False,
        unsigned: bool = False,
        first: bool = False,
        attempts: int | None = None,
        status_of: StatusOf | None = None,
    ) -> HttpResponse:
        """Call the resource's tool; a token's own request goes the usual way."""
        del accept, status_of, attempts
        if unsigned:
            return await super().send(request, unsigned=True, auth=auth, bare=bare, first=first)
        table = self.connector.resource(resource)
        assert table is not None
        given = {**json.loads(request.body or b"{}"), **dict(request.params)}
        address = f"mcp://{self.name}/{table.tool}"
        try:
            body = await self._page(table, given)
        except FetchError as error:
            context = {**error.context, "resource": resource, "url": address}
            raise type(error)(error.message, code=error.error_code, hint=error.hint, **context) from None
        self.count(resource).bytes += len(body)
        return HttpResponse(200, address, {}, body)

    async def call(self, tool: Tool, arguments: Mapping[str, Any], *, resource: str = "") -> Answer:
        """Call any tool of the server; an answer that is an error is returned as one."""
        fit = fitted(tool, arguments)
        return await self._answered(resource, lambda connection: connection.call(tool.name, fit))

    async def _page(self, table: Resource, given: Mapping[str, Any]) -> bytes:
        if table.tool == RESOURCES:
            records, failed = await self._answered(table.name, lambda connection: connection.resources())
            if failed:
                more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
                self.emit(Event("note", self.name, table.name, reason=redact(f"cannot be read: {failed[0]}{more}")))
            return json.dumps(records).encode()
        tool = self.listing.tool(table.tool)
        if tool is None:
            names = ", ".join(one.name for one in self.listing.tools)
            raise FetchError(f"the server has no tool `{table.tool}`", code="mcp.no_tool", hint=f"It has: {names}.")
        answer = await self.call(tool, given, resource=table.name)
        if answer.is_error:
            said = " ".join(redact(answer.text).split())[:_SHOWN]
            raise FetchError(f"the tool `{tool.name}` answers with an error: {said}", code="mcp.tool_error")
        return page_of(answer, table)

    async def _answered(self, resource: str, question: Callable[[Connection], Awaitable[T]]) -> T:
        counters = self.count(resource)
        if not self._careful:
            try:
                async with self._slots:
                    counters.requests += 1
                    return await self._asked(question)
            except (Lost, Late):
                if not self._careful:  # the server lives: it is this tool that takes so long
                    raise
                counters.retries += 1
        async with self._alone:
            counters.requests += 1
            return await self._asked(question)

    async def _asked(self, question: Callable[[Connection], Awaitable[T]]) -> T:
        connection = await self._connected()
        try:
            return await question(connection)
        except Lost:
            self._careful = True
            raise
        except Late:
            if not await connection.answers():
                self._careful = True
                await self._closed(connection)  # it hangs: the next one to ask begins with a new one
            raise

    async def _connected(self) -> Connection:
        async with self._opening:
            if self._connection is not None and self._connection.alive:
                return self._connection
            if self._connection is not None:
                await self._closed(self._connection)
                self._connection = None
            connection = Connection(self._server, cwd=self._cwd, headers=await self._headers())
            await connection.open()
            self._connection = connection
            return connection

    async def _headers(self) -> dict[str, str]:
        if self._server.transport == "stdio":
            return {}
        signing = self._method("")
        token = await signing.token(self._fetch_token) if self._signs_by_flow else None
        request = HttpRequest("POST", self._server.url, headers=dict(self._server.headers))
        return dict(signing.kind.sign(request, token).headers)

    async def _closed(self, connection: Connection) -> None:
        await connection.close()
        wire = connection.wire
        if wire.junk:
            reason = f"{wire.junk} lines of the server's stdout are no messages, such as: {redact(wire.first_junk)}"
            self.emit(Event("note", self.name, "", reason=reason))
            wire.junk = 0


def page_of(answer: Answer, table: Resource) -> bytes:
    """Return an answer as a JSON body: what is structured, else JSON text as it came, else a row per block."""
    if answer.has_structured:
        value = answer.structured
        if isinstance(value, dict) and list(value) == ["result"] and table.data_selector is None:
            value = value["result"]  # how SDKs wrap what is no object
        return _listed(json.dumps(value, ensure_ascii=False), value, table)
    texts = [str(block["text"]) for block in answer.blocks if block.get("type") == "text"]
    read = [_read(text) for text in texts]
    if texts and len(texts) == len(answer.blocks) and all(isinstance(value, dict | list) for value in read):
        if len(texts) == 1:
            return _listed(texts[0], read[0], table)
        return f"[{','.join(texts)}]".encode()
    return json.dumps(list(_rows(answer.blocks, table.text)), ensure_ascii=False).encode()


def _listed(text: str, value: Any, table: Resource) -> bytes:
    """Make a list of what the selector would find no list in; paginators see the body as it is."""
    if table.data_selector is not None or table.paginator is not None or isinstance(value, list):
        return text.encode()
    if isinstance(value, dict):
        lists = [key for key, item in value.items() if isinstance(item, list)]
        full = [key for key in lists if value[key] and isinstance(value[key][0], dict)]
        if len(full) == 1 and len(lists) == 1:
            return text.encode()
        if len(value) == 1 and lists:
            return json.dumps(value[lists[0]], ensure_ascii=False).encode()
    return f"[{text}]".encode()


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _rows(blocks: Sequence[Mapping[str, Any]], how: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for block in blocks:
        kind = block.get("type")
        if kind == "text" and how == "lines":
            lines = enumerate(str(block["text"]).splitlines(), 1)
            found += [{"line": number, "text": line} for number, line in lines if line.strip()]
        elif kind == "text":
            found.append({"text": block["text"]})
        elif kind == "resource":
            inner = block["resource"]
            found.append({key: inner.get(key) for key in ("uri", "mimeType", "text")})
        elif kind == "resource_link":
            found.append({key: block.get(key) for key in ("uri", "name", "description", "mimeType", "size")})
        else:
            size = len(str(block.get("data", ""))) * 3 // 4
            found.append({"type": kind, "mimeType": block.get("mimeType"), "bytes": size})
    return found
