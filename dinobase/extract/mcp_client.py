"""A connection to somebody's MCP server, on the official SDK: what it lists, what its tools answer, as plain values.

The connection lives in a task of its own, so that a server that dies ends no one's task but its own; whoever waits for
an answer gets an error that says what became of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import httpx2
import mcp_types as types
from mcp.client.session import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from dinobase.core.errors import DinobaseError, FetchError, FetchRefused
from dinobase.core.secrets import redact
from dinobase.core.settings import VERSION
from dinobase.extract.mcp_stdio import Wire, process
from dinobase.spec.servers import Server
from dinobase.spec.tools import Listing, Tool, spoken

T = TypeVar("T")

logging.getLogger("mcp").addHandler(logging.NullHandler())  # what is wrong is said once, by us

_SLACK_S = 5.0  # beyond the SDK's own time limits
_PING_S = 2.0
_PAGES = 1_000
_GONE = 404
_READ_AT_MOST = 1_000
_NAME, _WORDS = 200, 20_000  # letters of a server's name, of what it says of itself and of each tool
_MEGA = 1_000_000
_TEXT = ("text/", "application/json", "application/xml", "application/yaml")


class Lost(FetchError):
    """The connection ended before the answer came."""

    code = "mcp.lost"


class Late(FetchError):
    """No answer came in time."""

    code = "mcp.timeout"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool answered: `structured` where `has_structured`; `blocks` are the content blocks as plain data."""

    structured: Any
    has_structured: bool
    blocks: tuple[Mapping[str, Any], ...]
    is_error: bool

    @property
    def text(self) -> str:
        """All that is text."""
        return "\n".join(str(block["text"]) for block in self.blocks if block.get("type") == "text")


class Connection:
    """One connection; `headers` are sent by the HTTP transports, `cwd` is where a process begins."""

    def __init__(self, server: Server, *, cwd: str, headers: Mapping[str, str]) -> None:
        self._server = server
        self._cwd = server.cwd or cwd
        self._headers = dict(headers)
        self.wire = Wire()
        self._status = 0
        self._session: ClientSession | None = None
        self._greeting: types.InitializeResult | None = None
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failure: DinobaseError | None = None

    async def open(self) -> None:
        """Connect and greet; raises FetchError."""
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(ready))
        try:
            async with asyncio.timeout(self._server.timeout + _SLACK_S):
                await asyncio.wait({ready, self._task}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            await self.close()
            raise self._late("the server does not greet") from None
        except BaseException:
            await self.close()
            raise
        if not ready.done():
            await self.close()
            raise self._failure or self._lost("the server ended before it greeted")

    async def close(self) -> None:
        """End the connection, and the process."""
        self._closing.set()
        self._session = None
        task, self._task = self._task, None
        if task is not None:
            done, _ = await asyncio.wait({task}, timeout=_SLACK_S * 3)
            if not done:
                task.cancel()
                await asyncio.wait({task}, timeout=_SLACK_S)

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._session is not None and self._task is not None and not self._task.done() and not self.wire.ended

    async def listing(self, seen: str) -> Listing:
        """Return what the server says of itself."""
        greeting = self._greeting
        assert greeting is not None
        able = greeting.capabilities
        tools = [_tool(tool) for tool in await self._all_tools()] if able.tools else []
        found = Listing(
            server=spoken(greeting.server_info.title or greeting.server_info.name, _NAME),
            version=spoken(greeting.server_info.version, _NAME),
            protocol=str(greeting.protocol_version),
            instructions=spoken(greeting.instructions or "", _WORDS),
            tools=tuple(tools),
            resources=False,
            seen=seen,
        )
        if not able.resources:
            return found
        some = await self._ask("resources/list", lambda session: session.list_resources())
        return replace(found, resources=bool(some.resources))

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """Call a tool; an answer that is an error is returned as one."""
        result = await self._ask(tool, lambda session: session.call_tool(tool, dict(arguments)))
        return Answer(
            structured=result.structured_content,
            has_structured="structured_content" in result.model_fields_set and result.structured_content is not None,
            blocks=tuple(block.model_dump(mode="json", by_alias=True, exclude_none=True) for block in result.content),
            is_error=bool(result.is_error),
        )

    async def resources(self) -> tuple[list[dict[str, Any]], list[str]]:
        """Return what the server offers to read, text included, and what could not be read."""
        found: list[dict[str, Any]] = []
        failed: list[str] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            params = types.PaginatedRequestParams(cursor=cursor)
            page = await self._ask("resources/list", partial(_list_resources, params))
            for one in page.resources:
                record = one.model_dump(mode="json", by_alias=True, exclude_none=True)
                record = {key: record.get(key) for key in ("uri", "name", "title", "description", "mimeType", "size")}
                if len(found) < _READ_AT_MOST and (one.mime_type or "text/").startswith(_TEXT):
                    record["text"] = await self._text_of(one.uri, failed)
                found.append(record)
            before, cursor = cursor, page.next_cursor
            if not cursor or cursor == before:
                break
        return found, failed

    async def answers(self) -> bool:
        """Tell whether the server still listens."""
        session = self._session
        if session is None or not self.alive:
            return False
        with suppress(Exception):
            async with asyncio.timeout(_PING_S):
                await session.send_ping()
                return True
        return False

    async def _text_of(self, uri: str, failed: list[str]) -> str | None:
        try:
            read = await self._ask(uri, lambda session: session.read_resource(uri))
        except (Lost, Late):
            raise
        except FetchError as error:
            failed.append(f"{uri}: {error.message}")
            return None
        texts = [part.text for part in read.contents if isinstance(part, types.TextResourceContents)]
        return "\n".join(texts) if texts else None

    async def _all_tools(self) -> list[types.Tool]:
        found: list[types.Tool] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            params = types.PaginatedRequestParams(cursor=cursor)
            page = await self._ask("tools/list", partial(_list_tools, params))
            found += page.tools
            before, cursor = cursor, page.next_cursor
            if not cursor or cursor == before:
                break
        return found

    async def _ask(self, what: str, question: Callable[[ClientSession], Awaitable[T]]) -> T:
        session = self._session
        if session is None or not self.alive:
            raise self._lost(f"{what}: the connection has ended")
        self._status = 0
        try:
            async with asyncio.timeout(self._server.timeout + _SLACK_S):
                return await question(session)
        except TimeoutError:
            raise self._late(what) from None
        except MCPError as error:
            if error.code == types.REQUEST_TIMEOUT:
                raise self._late(what) from None
            if error.code == types.CONNECTION_CLOSED:
                self._session = None
                raise self._lost(f"{what}: the connection ended before the answer") from None
            if self._status == _GONE:  # the server has forgotten the session: it was started anew
                self._session = None
                raise self._lost(f"{what}: the server no longer knows the session") from None
            if self._status >= 400:
                raise self._refused(what) from None
            raise FetchError(f"{what}: {redact(error.message)}", code="mcp.refused", tool=what) from None
        except (ValueError, RuntimeError, OSError, httpx2.HTTPError) as error:
            reason = " ".join(redact(str(error)).split())[:300]
            raise FetchError(
                f"{what}: the answer cannot be used: {reason}",
                code="mcp.malformed",
                hint="It does not hold to the protocol, or to the schema that the server itself gives for it.",
                tool=what,
            ) from None

    async def _live(self, ready: asyncio.Future[None]) -> None:
        try:
            async with AsyncExitStack() as stack:
                streams = await stack.enter_async_context(self._transport())
                session = await stack.enter_async_context(
                    ClientSession(
                        *streams,
                        read_timeout_seconds=self._server.timeout,
                        client_info=types.Implementation(name="dinobase", version=VERSION),
                    )
                )
                self._greeting = await session.initialize()
                self._session = session
                ready.set_result(None)
                await self._closing.wait()
        except Exception as error:  # noqa: BLE001 - whatever ends a connection is told to who waits for it
            self._failure = self._told(_first(error))
        finally:
            self._session = None

    @asynccontextmanager
    async def _transport(self) -> AsyncIterator[tuple[Any, Any]]:
        server, longest = self._server, self._server.max_answer_mb * _MEGA
        if server.transport == "stdio":
            async with process(server.words, env=server.env, cwd=self._cwd, longest=longest, wire=self.wire) as streams:
                yield streams
        elif server.transport == "sse":
            async with sse_client(
                server.url,
                headers=self._headers,
                timeout=server.timeout,
                sse_read_timeout=server.timeout + _SLACK_S,
                httpx_client_factory=self._http,
            ) as streams:
                yield streams
        else:
            timeout = httpx2.Timeout(server.timeout, read=server.timeout + _SLACK_S)
            async with (
                self._http(headers=self._headers, timeout=timeout) as http,
                streamable_http_client(server.url, http_client=http, max_sse_event_size=longest) as streams,
            ):
                yield streams[0], streams[1]

    def _http(
        self,
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
    ) -> httpx2.AsyncClient:
        async def note(response: httpx2.Response) -> None:
            length = response.headers.get("content-length", "")
            if length.isdigit() and int(length) > self._server.max_answer_mb * _MEGA:
                self.wire.broken = f"an answer is longer than {self._server.max_answer_mb} MB"
                await response.aclose()
            if response.status_code >= 400 and (response.request.method == "POST" or self._session is None):
                self._status = response.status_code

        return httpx2.AsyncClient(headers=headers, timeout=timeout, auth=auth, event_hooks={"response": [note]})

    def _told(self, error: BaseException) -> DinobaseError:
        if isinstance(error, DinobaseError):
            return error
        if self._status >= 400:
            return self._refused("the server")
        if isinstance(error, MCPError) and error.code == types.REQUEST_TIMEOUT:
            return self._late("the server does not greet")
        if isinstance(error, httpx2.HTTPError | OSError):
            reason = redact(str(error)) or type(error).__name__
            return FetchError(
                f"the server cannot be reached: {reason}",
                code="mcp.unreachable",
                hint="Check `server.url` in its file, and whether the server runs.",
            )
        if isinstance(error, MCPError) and error.code == types.CONNECTION_CLOSED:
            return self._lost("the server ended before it greeted")
        return self._lost(f"the connection failed: {' '.join(redact(str(error)).split())[:300]}")

    def _refused(self, what: str) -> FetchError:
        status, self._status = self._status, 0
        if status in {401, 403}:
            return FetchRefused(
                f"{what} answers {status}: it does not take the credentials",
                code="mcp.credentials",
                hint="Add it again with other ones: dinobase add NAME --replace",
                status=status,
            )
        return FetchError(f"{what} answers {status}", code="mcp.status", hint="Check `server.url`.", status=status)

    def _late(self, what: str) -> Late:
        hint = "`server.timeout` in its file gives it longer."
        return Late(f"{what}: no answer in {self._server.timeout:g} s{self._beside()}", hint=hint, tool=what)

    def _lost(self, what: str) -> Lost:
        if self.wire.broken:
            hint = "`server.max_answer_mb` in its file allows more; arguments that ask for less are better."
            return Lost(f"{what}: {self.wire.broken}", code="mcp.too_long", hint=hint)
        return Lost(f"{what}{self._beside()}", hint="Run its command by hand to see why." if self._is_process else "")

    @property
    def _is_process(self) -> bool:
        return self._server.transport == "stdio"

    def _beside(self) -> str:
        """Say what came beside the protocol, which is most often the reason."""
        parts = []
        if self.wire.last_words:
            parts.append(f"it said: {redact(self.wire.last_words)}")
        if self.wire.junk:
            parts.append(f"{self.wire.junk} lines of its stdout are no messages: {redact(self.wire.first_junk)}")
        return f"; {'; '.join(parts)}" if parts else ""


def _tool(tool: types.Tool) -> Tool:
    hints = tool.annotations
    return Tool(
        name=tool.name,
        description=spoken(tool.description or tool.title or "", _WORDS),
        schema=dict(tool.input_schema),
        read_only_hint=hints.read_only_hint if hints else None,
        destructive_hint=hints.destructive_hint if hints else None,
    )


def _list_tools(params: types.PaginatedRequestParams, session: ClientSession) -> Awaitable[types.ListToolsResult]:
    return session.list_tools(params=params)


def _list_resources(
    params: types.PaginatedRequestParams, session: ClientSession
) -> Awaitable[types.ListResourcesResult]:
    return session.list_resources(params=params)


def _first(error: BaseException) -> BaseException:
    """Return what is inside groups of errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
