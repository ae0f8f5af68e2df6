"""One authentication of a connector: one token for all requests, one renewal at a time, one refusal for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from dinobase.core.errors import FetchRefused
from dinobase.core.secrets import register
from dinobase.core.values import HttpRequest, HttpResponse
from dinobase.extract.tokens import TokenFile
from dinobase.kinds.auth.base import AuthError, AuthKind, Token

_AHEAD = timedelta(seconds=60)

Send = Callable[[HttpRequest], Awaitable[HttpResponse]]


class Signing:
    """What the session keeps for one auth method; `refused` is set by the first final 401."""

    def __init__(self, kind: AuthKind, tokens: TokenFile, now: Callable[[], datetime]) -> None:
        self.kind = kind
        self.refused: FetchRefused | None = None
        self._tokens = tokens
        self._now = now
        self._token: Token | None = None
        self._renewing = asyncio.Lock()
        for secret in kind.secrets():
            register(secret)

    async def token(self, send: Send) -> Token | None:
        """Return a token that still lasts a while; None for kinds that have none."""
        if not self.kind.has_flow:
            return None
        if self._token is None or self._ends_soon(self._token):
            await self.renew(self._token, send)
        return self._token

    async def renew(self, used: Token | None, send: Send) -> None:
        """Replace a token, unless another request or another process has done so."""
        async with self._renewing:
            if self._token is not used:
                return
            async with self._tokens.held():
                kept = self._tokens.load(self.kind)
                if kept is not None and kept != used and not self._ends_soon(kept):
                    self._token = self._registered(kept)
                    return
                token = await self._fetched(kept or used, send)
                self._tokens.save(self.kind, token)
                self._token = token

    async def _fetched(self, before: Token | None, send: Send) -> Token:
        flow = self.kind.flow(before, self._now())
        try:
            request = next(flow)
            while True:
                request = flow.send(await send(request))
        except StopIteration as end:
            token: Token = end.value
            return self._registered(token)
        except AuthError as error:
            self.refused = FetchRefused(
                str(error), code="auth.token", hint="Check client_id, client_secret and the refresh token."
            )
            raise self.refused from None
        finally:
            flow.close()

    def _ends_soon(self, token: Token) -> bool:
        return token.expires is not None and token.expires - self._now() < _AHEAD

    @staticmethod
    def _registered(token: Token) -> Token:
        register(token.access)
        register(token.refresh)
        return token
