"""One connector instance at work: its HTTP pool, its limits, its authentications and what it counts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from dinobase.core import clock, settings
from dinobase.core.errors import FetchError, FetchRefused, RequestError
from dinobase.core.secrets import redact
from dinobase.core.values import Event, HttpRequest, HttpResponse, Observer
from dinobase.extract import faults
from dinobase.extract.consent import Consent
from dinobase.extract.limiter import Limiter
from dinobase.extract.retry import Decision, Policy, backoff, decide
from dinobase.extract.signing import Signing
from dinobase.extract.tokens import Tokens
from dinobase.extract.turns import Turns
from dinobase.kinds import duration
from dinobase.kinds.auth.base import Flow, Token
from dinobase.kinds.auth.none import NoAuth
from dinobase.kinds.read.rest import encode
from dinobase.spec.models import Connector

if TYPE_CHECKING:
    from dinobase.extract.http import HttpClient

_LIMITED = (403, 429)
_REFUSED = (401, 403)
_DEFAULT_WAIT = 300.0

Accept = Callable[[int], bool]
StatusOf = Callable[[HttpResponse], int]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class Counters:
    """What one resource has cost so far."""

    requests: int = 0
    retries: int = 0
    bytes: int = 0
    waited_s: float = 0.0


def _ignore(event: Event) -> None:
    del event


def _success(status: int) -> bool:
    del status
    return False


def _is_said_of_tokens(status: int) -> bool:
    """Tell whether the auth kind reads this answer; rate limits and server faults are tried again before."""
    return status in {400, 401, 403, 404}


def _status(response: HttpResponse) -> int:
    return response.status


class Session:
    """Async context manager; `connector` is resolved, `name` the instance's, `state_dir` shared by all processes."""

    def __init__(
        self,
        connector: Connector,
        *,
        name: str,
        state_dir: Path,
        observe: Observer = _ignore,
        sleep: Sleep = asyncio.sleep,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        client = connector.client
        self.connector = connector
        self.name = name
        self.now = now
        self.counters: dict[str, Counters] = {}
        self.turns = Turns()
        self._observe = observe
        self._sleep = sleep
        self._random = random.Random()  # noqa: S311 - jitter
        max_wait = duration.seconds(client.retry.max_wait)
        self._policy = Policy(
            attempts=client.retry.attempts,
            statuses=frozenset(client.retry.statuses),
            max_wait=_DEFAULT_WAIT if max_wait is None else max_wait,
        )
        limit = client.rate_limit
        self._limiter = Limiter(
            state_dir / f"{name}.limit",
            requests=limit.requests if limit else 0,
            span=(duration.seconds(limit.per) or 1.0) if limit else 0.0,
            sleep=sleep,
            now=lambda: now().timestamp(),
            longest_pause=self._policy.max_wait,
            tell=lambda seconds: observe(Event("waiting", name, "", seconds=seconds, reason="rate limit")),
        )
        self._slots = asyncio.Semaphore(client.concurrency)
        self._got_through = 0
        self._telling = settings.telemetry()
        self._http: HttpClient | None = None
        tokens, consent = Tokens(state_dir, name), Consent(state_dir, name)
        methods = {"": client.auth or NoAuth(), **connector.auth_methods}
        self._signing = {method: Signing(kind, tokens, consent, now) for method, kind in methods.items()}

    async def __aenter__(self) -> Self:
        from dinobase.extract.http import HttpClient  # aiohttp takes 200 ms, and only open sessions need it

        self._limiter.open()
        self._http = HttpClient(timeout=self.connector.client.timeout)
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limiter.close()
        if self._http is not None:
            await self._http.__aexit__(kind, error, trace)
            self._http = None

    async def definition(self) -> Connector:
        """Return the connector with all its resources, those too that only the source itself can name."""
        return self.connector

    def emit(self, event: Event) -> None:
        """Tell the observer."""
        self._observe(event)

    def count(self, resource: str) -> Counters:
        """Return the counters of a resource."""
        return self.counters.setdefault(resource, Counters())

    async def send(  # noqa: C901 - one loop over one request's answers
        self,
        request: HttpRequest,
        *,
        resource: str = "",
        auth: str = "",
        accept: Accept = _success,
        bare: bool = False,
        unsigned: bool = False,
        first: bool = False,
        attempts: int | None = None,
        status_of: StatusOf = _status,
    ) -> HttpResponse:
        """Send until there is an answer to use: 2xx, or a status that `accept` takes; raises FetchError.

        bare: without credentials and without headers that may hold some (another origin). unsigned: as it is.
        first: before those who wait (writes, live look-ups). status_of: what an answer means where its status lies.
        """
        signing = self._method(auth)
        policy = self._policy if attempts is None else replace(self._policy, attempts=attempts)
        shown = encode(request.url, request.params)
        unsigned = unsigned or bare
        attempt, renewed, seen = 1, unsigned or not signing.kind.has_flow, self._got_through
        while True:
            if signing.refused is not None and not unsigned:
                raise _again(signing.refused, resource, shown)
            token = None if unsigned else await signing.token(self._fetch_token)
            signed = request if unsigned else signing.kind.sign(request, token)
            response = await self._attempt(signed, shown, resource, bare=bare, first=first)
            if not isinstance(response, HttpResponse):
                if not response.retry or attempt >= policy.attempts:
                    raise _transport(response, resource, shown, attempt)
                await self._back_off(resource, attempt, response.code, backoff(attempt, self._random.random()))
                attempt += 1
                continue
            status = status_of(response)
            if accept(status):
                self._got_through += 1
                return response
            if status in _LIMITED and self._got_through != seen:
                attempt, seen = 1, self._got_through  # others get through: this one had bad luck, not a dead server
            decision = self._decide(status, response, attempt, policy, renewed=renewed)
            if decision.action == "accept":
                self._got_through += 1
                return response
            if decision.action == "renew":
                renewed = True
                await signing.renew(token, self._fetch_token)
                continue
            if decision.action in {"stop", "stop_auth"}:
                error = self._stopped(response, resource, shown, decision)
                if decision.action == "stop_auth" and isinstance(error, FetchRefused) and not unsigned:
                    signing.refused = error
                raise error
            await self._back_off(resource, attempt, decision.reason, decision.seconds, shared=decision.shared)
            attempt += 1

    def _decide(self, status: int, response: HttpResponse, attempt: int, policy: Policy, *, renewed: bool) -> Decision:
        return decide(
            status,
            response.headers,
            attempt=attempt,
            policy=policy,
            now=self.now(),
            chance=self._random.random(),
            renewed=renewed,
        )

    async def _attempt(
        self, signed: HttpRequest, shown: str, resource: str, *, bare: bool, first: bool
    ) -> HttpResponse | TransportFault:
        if self._http is None:
            raise RuntimeError("the session is not open")
        from dinobase.extract.http import TransportError

        counters = self.count(resource)
        if not first:
            await self._slots.acquire()
        try:
            counters.waited_s += await self._limiter.acquire(first=first)
            counters.requests += 1
            began = clock.monotonic()
            response = await self._http.send(signed, shown=shown, bare=bare)
        except TransportError as error:
            if self._telling:
                self._observe(self._request(signed, resource, error.code, clock.monotonic() - began, 0))
            return TransportFault(error.code, error.message, error.hint, retry=error.retry, sent=error.sent)
        finally:
            if not first:
                self._slots.release()
        counters.bytes += len(response.body)
        if self._telling:
            took = clock.monotonic() - began
            self._observe(self._request(signed, resource, str(response.status), took, len(response.body)))
        errors = self.connector.client.errors
        return response if errors is None else errors.read(response)

    def _request(self, request: HttpRequest, resource: str, status: str, seconds: float, size: int) -> Event:
        told = f"{request.method} {urlsplit(request.url).hostname or ''}"
        return Event("request", self.name, resource, bytes=size, seconds=seconds, reason=told, status=status)

    async def authorise(self, auth: str, flow: Flow) -> Token:
        """Run what a person's consent began, once: a code is good for one request; the token is kept."""

        async def once(request: HttpRequest) -> HttpResponse:
            return await self.send(request, unsigned=True, accept=_is_said_of_tokens, attempts=1)

        return await self._method(auth).adopt(flow, once)

    async def _fetch_token(self, request: HttpRequest) -> HttpResponse:
        """Send a token request, which no authentication signs."""
        return await self.send(request, unsigned=True, accept=_is_said_of_tokens)

    async def _back_off(
        self, resource: str, attempt: int, reason: str, seconds: float, *, shared: bool = False
    ) -> None:
        """Wait before the next try; a shared wait holds back the whole instance, and is waited out with the others."""
        counters = self.count(resource)
        counters.retries += 1
        kind = "waiting" if shared else "retry"
        self._observe(Event(kind, self.name, resource, attempt=attempt, reason=reason, seconds=seconds))
        if shared:
            await self._limiter.pause(seconds)
            return
        counters.waited_s += seconds
        await self._sleep(seconds)

    async def hold_back(self, seconds: float, *, resource: str, shared: bool = False) -> None:
        """Wait before a write is sent again; `shared` where a rate limit asks for it."""
        await self._back_off(resource, 1, "rate limit" if shared else "retry", seconds, shared=shared)

    def _method(self, auth: str) -> Signing:
        signing = self._signing.get(auth)
        if signing is None:
            raise RequestError(
                f"auth_methods has no `{auth}`", hint=f"It has: {', '.join(self.connector.auth_methods)}."
            )
        return signing

    def _stopped(self, response: HttpResponse, resource: str, shown: str, decision: Decision) -> FetchError:
        if decision.too_long:
            return faults.come_back(response, resource=resource, url=shown, seconds=decision.seconds, now=self.now())
        if response.status in _REFUSED:
            return faults.refused(response, resource=resource, url=shown)
        return faults.failed(response, resource=resource, url=shown, reason=decision.reason)


@dataclass(frozen=True, slots=True)
class TransportFault:
    """No whole answer came."""

    code: str
    message: str
    hint: str
    retry: bool
    sent: bool


def _transport(fault: TransportFault, resource: str, shown: str, attempt: int) -> FetchError:
    tries = f" ({attempt} tries)" if attempt > 1 else ""
    return FetchError(
        f"{fault.message}{tries}",
        code=fault.code,
        hint=fault.hint,
        retry=fault.retry,
        resource=resource,
        url=redact(shown),
        sent=fault.sent,
    )


def _again(error: FetchError, resource: str, shown: str) -> FetchError:
    """Return an earlier refusal as this resource's own error; nothing is sent."""
    context = {**error.context, "resource": resource, "url": redact(shown)}
    return type(error)(error.message, code=error.error_code, hint=error.hint, **context)
