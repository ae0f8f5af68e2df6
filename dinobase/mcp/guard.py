"""What stands before the HTTP door: Host, Origin, token, rate; whoever is turned away learns nothing but the number.

Host and Origin are checked first, since a page in a person's browser could reach the loopback address by a name of its
own (DNS rebinding); such a page has no business here even with a token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from anyio import to_thread
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from dinobase.core.clock import monotonic
from dinobase.core.errors import DinobaseError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dinobase.access.tokens import TokenBook

Identify: TypeAlias = Callable[[str], Awaitable[str | None]]
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_FAULTS: Mapping[int, Mapping[bytes, bytes]] = {
    401: {b"www-authenticate": b"Bearer"},
    403: {},
    421: {},
}


class Identities:
    """Who a token is, asked of the records once a second at most while nothing was written there.

    A token that is revoked is refused at once, since revoking writes.
    """

    def __init__(self, tokens: TokenBook) -> None:
        self._tokens = tokens
        self._known: dict[str, tuple[str, tuple[int, ...], float]] = {}

    async def of(self, token: str) -> str | None:
        """Return the identity; None where the token does not work."""
        stamp = self._tokens.stamp()
        known = self._known.get(token)
        if known is not None and known[1] == stamp and monotonic() < known[2]:
            return known[0]
        try:
            identity = await to_thread.run_sync(self._tokens.identity, token)
        except DinobaseError:
            return None  # records that cannot be read let nobody in
        self._known.pop(token, None)
        if identity is not None and stamp is not None:
            self._known[token] = (identity, stamp, monotonic() + 1)
        return identity


class Rate:
    """A bucket per token: so many at once, and so many a second after that."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._levels: dict[str, tuple[float, float]] = {}

    def wait(self, identity: str) -> float:
        """Take one; return 0, or the seconds after which there is one again."""
        now = monotonic()
        level, since = self._levels.get(identity, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._per_second)
        if level < 1:
            self._levels[identity] = (level, now)
            return (1 - level) / self._per_second
        self._levels[identity] = (level - 1, now)
        return 0.0


def allowed_hosts(host: str, port: int) -> frozenset[str]:
    """Return the Host headers that mean this server; empty where it is bound to all addresses, and any name may be."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - the user's own choice, and tokens hold
        return frozenset()
    names = _LOOPBACK if host in {"127.0.0.1", "localhost", "::1"} else (f"[{host}]" if ":" in host else host,)
    return frozenset(f"{name}:{port}" for name in names) | (frozenset(names) if port in {80, 443} else frozenset())


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, *, identify: Identify, hosts: Collection[str], path: str, rate: Rate) -> None:
        self._app = app
        self._identify = identify
        self._hosts = hosts
        self._path = path
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        status, identity, token = await self._judge(headers)
        if status:
            await _answer(send, status, _FAULTS[status])
            return
        wait = self._rate.wait(identity)
        if wait:
            await _answer(send, 429, {b"retry-after": str(int(wait) + 1).encode()})
            return
        if scope["path"].rstrip("/") != self._path:
            await _answer(send, 404, {})
            return
        # The SDK binds a session to this user: no other token can go on with it.
        user = AuthenticatedUser(AccessToken(token=token, client_id=identity, scopes=[]))
        await self._app({**scope, "user": user}, receive, send)

    async def _judge(self, headers: Mapping[bytes, bytes]) -> tuple[int, str, str]:
        """Return the number to turn it away with, or 0 with the identity and its token."""
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if self._hosts and host not in self._hosts:
            return 421, "", ""
        origin = headers.get(b"origin")
        if origin is not None and not self._own(origin.decode("latin-1").lower(), host):
            return 403, "", ""
        kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        identity = await self._identify(token.strip()) if kind.lower() == "bearer" else None
        if identity is None:
            return 401, "", ""
        return 0, identity, token.strip()

    def _own(self, origin: str, host: str) -> bool:
        """Tell whether a page of this very server asks; `null` and all others do not."""
        return origin in {f"http://{host}", f"https://{host}"}


async def _answer(send: Send, status: int, headers: Mapping[bytes, bytes]) -> None:
    fields: list[Any] = [(b"content-length", b"0"), *headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b""})
