"""HttpRequest in, HttpResponse out: the only importer of aiohttp, and the place where its errors get our names."""

from __future__ import annotations

import asyncio
import io
import os
import re
import socket
import ssl
import threading
import urllib.request
from dataclasses import replace
from types import TracebackType
from typing import Self
from urllib.parse import urldefrag, urljoin, urlsplit

import yarl

from dinobase.core.secrets import redact
from dinobase.core.settings import VERSION
from dinobase.core.values import HttpRequest, HttpResponse
from dinobase.kinds.origin import Origin, origin
from dinobase.kinds.read.rest import encode, plain

_importer = threading.get_ident()


def _no_certificates(context: ssl.SSLContext) -> None:
    """Leave a context that this thread makes without certificates: it trusts nobody."""
    if threading.get_ident() != _importer:
        super(ssl.SSLContext, context).set_default_verify_paths()


# aiohttp reads the system's certificates twice when it is imported: 40 ms of every sync. A client of ours reads them
# once, for its first https request, and gives its own context with each.
ssl.SSLContext.set_default_verify_paths = _no_certificates  # type: ignore[assignment] # typeshed has it as a property of self
try:
    import aiohttp
    import aiohttp.resolver
finally:
    del ssl.SSLContext.set_default_verify_paths

LARGEST = 512 * 1024 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_LARGE = 1 << 20
_HARMLESS = frozenset({"accept", "accept-encoding", "accept-language", "content-type", "user-agent"})


class TransportError(Exception):
    """No whole answer came; `sent` is False only where nothing of the request can have arrived."""

    def __init__(self, code: str, message: str, *, retry: bool, sent: bool = True, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry = retry
        self.sent = sent
        self.hint = hint


def harmless(request: HttpRequest) -> HttpRequest:
    """Return the request without any header that may hold a secret."""
    return replace(request, headers={k: v for k, v in request.headers.items() if k.lower() in _HARMLESS})


class HttpClient:
    """One pool of connections; every request is sent exactly once."""

    def __init__(self, *, timeout: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._seconds = timeout
        self._session: aiohttp.ClientSession | None = None
        self._proxies: dict[tuple[str, str], str | None] = {}
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, resolver=aiohttp.resolver.ThreadedResolver()),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._timeout,
            headers={"User-Agent": f"dinobase/{VERSION}", "Accept-Encoding": "gzip, deflate"},
            skip_auto_headers=("Content-Type",),
            max_line_size=65536,
            max_field_size=65536,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, signed: HttpRequest, *, shown: str, bare: bool = False) -> HttpResponse:
        """Send a signed request, following redirects; `shown` is its URL without credentials.

        `bare`: the request goes to another origin than its connector's and carries no header that may hold a secret.
        """
        if bare:
            signed = harmless(signed)
        request, url, asked = signed, encode(signed.url, signed.params), shown
        for _ in range(_MOST_REDIRECTS + 1):
            response = await self._once(request, url, asked)
            location = response.headers.get("location")
            if response.status not in _REDIRECTS or not location:
                return response
            target = _joined(url, location)
            here, there = _origin(url), _origin(target)
            kept = here.keeps(there)
            if not kept and request.method != "GET":
                raise TransportError(
                    "fetch.redirect",
                    f"{request.method} {redact(asked)} is redirected to another host, {there.host}",
                    retry=False,
                    hint="Set base_url to the host that answers.",
                )
            if request.method != "GET" and response.status in {301, 302, 303}:
                request = replace(request, method="GET", body=None)
            request = request if kept else harmless(request)
            url, asked = target, redact(target)
        raise TransportError(
            "fetch.redirect", f"{redact(shown)} is redirected more than {_MOST_REDIRECTS} times", retry=False
        )

    async def _once(self, request: HttpRequest, url: str, shown: str) -> HttpResponse:
        if self._session is None:
            raise RuntimeError("the HTTP client is not open")
        try:
            async with self._session.request(
                request.method,
                yarl.URL(url, encoded=True),
                headers=request.headers,
                data=_sent(request.body),
                allow_redirects=False,
                proxy=self._proxy(url),
                ssl=self._context(url),
            ) as answer:
                body = await self._body(answer)
                headers = {name.lower(): value for name, value in answer.headers.items()}
                links = answer.headers.getall("Link", ())
                if len(links) > 1:
                    headers["link"] = ", ".join(links)
                return HttpResponse(answer.status, shown, headers, body)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise _named(error, url, self._seconds) from error

    def _context(self, url: str) -> ssl.SSLContext | bool:
        """Return what an https request is made with; a proxy that is reached by https takes it too."""
        if not url.startswith("https:") and not (self._proxy(url) or "").startswith("https:"):
            return True
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls

    async def _body(self, answer: aiohttp.ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while chunk := await answer.content.readany():
            size += len(chunk)
            if size > LARGEST:
                raise TransportError(
                    "fetch.too_large",
                    f"the answer is larger than {LARGEST >> 20} MB",
                    retry=False,
                    hint="Ask for less.",
                )
            chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _proxy(self, url: str) -> str | None:
        scheme, _, rest = url.partition("://")
        key = (scheme, re.split(r"[/?#]", rest, maxsplit=1)[0])
        if key not in self._proxies:
            _origin(url)
            proxies = urllib.request.getproxies()
            found = proxies.get(scheme) or proxies.get("all")
            self._proxies[key] = None if not found or urllib.request.proxy_bypass(key[1]) else found
        return self._proxies[key]


def _sent(body: bytes | None) -> bytes | io.BytesIO | None:
    """Return a body as aiohttp takes it without holding up all else while it goes out."""
    return body if body is None or len(body) < _LARGE else io.BytesIO(body)


def _joined(url: str, location: str) -> str:
    try:
        return plain(urldefrag(urljoin(url, location)).url)
    except ValueError:
        raise TransportError(
            "fetch.redirect", f"the redirect to `{redact(location[:200])}` is not a URL", retry=False
        ) from None


def _origin(url: str) -> Origin:
    try:
        return origin(url)
    except ValueError:
        raise TransportError(
            "fetch.url", f"`{redact(url)}` is not an http or https URL", retry=False, sent=False, hint="Check base_url."
        ) from None


def _named(error: Exception, url: str, seconds: float) -> Exception:  # noqa: PLR0911 - a table of faults
    """Return our name for a fault of the transport."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    if isinstance(error, TransportError):
        return error
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError | ssl.SSLError):
        reason = redact(str(error.__cause__ or error))
        return TransportError(
            "fetch.tls",
            f"the TLS connection to {host} failed: {reason}",
            retry=False,
            sent=False,
            hint="Its certificate is not trusted, or it does not speak TLS on this port.",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        again = isinstance(error.os_error, socket.gaierror) and error.os_error.errno == socket.EAI_AGAIN
        return TransportError(
            "fetch.dns",
            f"the host {host} is not known",
            retry=again,
            sent=False,
            hint="Check base_url and the network.",
        )
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return TransportError(
            "fetch.timeout", f"{host} did not answer within {seconds:g} s", retry=True, hint="Raise client.timeout."
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno  # asyncio's own text is "Connect call failed", whatever it was
        reason = os.strerror(number) if number and number > 0 else str(error.os_error)
        return TransportError(
            "fetch.unreachable",
            f"{host} cannot be reached: {reason}",
            retry=True,
            sent=False,
            hint="Check base_url and that the server runs.",
        )
    if isinstance(error, aiohttp.ContentTypeError | aiohttp.InvalidURL | ValueError):
        return TransportError("fetch.url", f"`{redact(url)}` cannot be asked for: {redact(str(error))}", retry=False)
    if isinstance(error, aiohttp.ClientPayloadError):
        return TransportError("fetch.truncated", f"the answer of {host} broke off or cannot be unpacked", retry=True)
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ServerDisconnectedError | OSError):
        return TransportError("fetch.reset", f"{host} closed the connection before it had answered", retry=True)
    return TransportError("fetch.failed", f"{host} did not answer as HTTP: {redact(str(error))[:200]}", retry=True)
