"""One authentication of a connector: one token for all requests, one renewal at a time, one refusal for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from dinobase.core.errors import FetchRefused
from dinobase.core.secrets import register
from dinobase.core.values import HttpRequest, HttpResponse
from dinobase.extract import key_file
from dinobase.extract.consent import Consent
from dinobase.extract.tokens import Tokens
from dinobase.kinds.auth.base import AuthError, AuthKind, Flow, Token

_AHEAD = timedelta(seconds=60)
_NOT_US = ("invalid_client", "unauthorized_client")

Send = Callable[[HttpRequest], Awaitable[HttpResponse]]


class Signing:
    """What the session keeps for one auth method; `refused` is set by the first final 401."""

    def __init__(self, kind: AuthKind, tokens: Tokens, consent: Consent, now: Callable[[], datetime]) -> None:
        self.kind = kind
        self.refused: FetchRefused | None = None
        self._tokens = tokens
        self._consent = consent
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
                await self._run(kept or used, send)

    async def adopt(self, flow: Flow, send: Send) -> Token:
        """Run a flow that a person began, and keep what it brings in place of what was there."""
        async with self._renewing, self._tokens.held():
            try:
                token = await _driven(flow, send)
            except AuthError as error:
                raise FetchRefused(str(error), code="auth.token", hint=self._client_hint(error.problem)) from None
            self._keep(self._registered(token))
            return token

    async def _run(self, before: Token | None, send: Send) -> None:
        if before is not None:
            self._registered(before)  # servers repeat what they refuse
        kind = key_file.opened(self.kind)
        lost = self.kind.lasting and self._tokens.begins(self.kind, before)
        try:
            self._keep(self._registered(await _driven(kind.flow(before, self._now()), send)))
        except AuthError as error:
            self.refused = self._refusal(error, lost=lost)
            raise self.refused from None

    def _keep(self, token: Token) -> None:
        self._tokens.save(self.kind, token)
        self._consent.clear()
        self._token = token

    def _refusal(self, error: AuthError, *, lost: bool) -> FetchRefused:
        """Say what became of the access, and what brings it back."""
        name = self._tokens.name
        if error.problem == "missing":
            self._consent.say("missing", str(error), self._again())
            return FetchRefused(f"`{name}` is not authorised: {error}", code="auth.missing", hint=self._again())
        if error.problem == "key_file":
            hint = f"Take the JSON key of a service account: dinobase add {name} --replace"
            return FetchRefused(f"`{name}` cannot sign in: {error}", code="auth.key_file", hint=hint)
        if error.problem == "invalid_grant" and self.kind.lasting:
            why = (
                "; an earlier renewal was cut off before its answer was kept, and the new token is lost" if lost else ""
            )
            self._consent.say("revoked", f"{error}{why}", self._again())
            message = f"The access of `{name}` has ended: {error}{why}"
            return FetchRefused(message, code="auth.revoked", hint=self._again())
        return FetchRefused(str(error), code="auth.token", hint=self._client_hint(error.problem))

    def _again(self) -> str:
        name = self._tokens.name
        if self.kind.by_consent:
            return f"dinobase auth {name}"
        return f"dinobase add {name} --replace, with a new refresh token"

    def _client_hint(self, problem: str) -> str:
        name = self._tokens.name
        if problem in _NOT_US:
            return f"The server does not know this client: check id and secret, dinobase add {name} --replace"
        if problem == "invalid_grant" and not self.kind.lasting:
            return "Check that the account and its key still exist, and this machine's clock."
        if self.kind.by_consent:
            return f"Check client id, secret and redirect address at the vendor, then: dinobase auth {name}"
        return "Check client_id, client_secret and the refresh token."

    def _ends_soon(self, token: Token) -> bool:
        return token.expires is not None and token.expires - self._now() < _AHEAD

    @staticmethod
    def _registered(token: Token) -> Token:
        register(token.access)
        register(token.refresh)
        return token


async def _driven(flow: Flow, send: Send) -> Token:
    try:
        request = next(flow)
        while True:
            request = flow.send(await send(request))
    except StopIteration as end:
        token: Token = end.value
        return token
    finally:
        flow.close()
