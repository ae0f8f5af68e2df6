"""One write request, sent as often as is safe and no oftener.

It is repeated by itself only after a rate limit, after a connection that nothing was sent on, with an idempotency key,
or where the method may be repeated (PUT, DELETE). Whatever else stays open is `unknown`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dinobase.core.errors import FetchError
from dinobase.core.secrets import redact
from dinobase.core.values import HttpRequest, HttpResponse
from dinobase.extract.faults import BODY_SHOWN, word
from dinobase.extract.retry import backoff
from dinobase.extract.session import Session
from dinobase.kinds import duration
from dinobase.kinds.ratelimit import exhausted, wait_seconds
from dinobase.kinds.read.rest import encode
from dinobase.mutate import graphql
from dinobase.mutate.endpoints import Target
from dinobase.mutate.request import keyed, repeatable
from dinobase.mutate.watched import onlooker

Result: TypeAlias = Literal["done", "failed", "unknown", "conflict"]
_REPEATABLE = frozenset({"PUT", "DELETE"})
_UNSURE = frozenset({408, 425})
_PRECONDITION = 412


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended; `error` has the API's words."""

    result: Result
    status: int | None = None
    response: HttpResponse | None = None
    error: str = ""


async def send(session: Session, target: Target, request: HttpRequest, key: str) -> Outcome:
    """Send until the outcome is known or may not be asked for again; `key` is the idempotency key, '' for none."""
    endpoint, client = target.endpoint, session.connector.client
    if key:
        request = keyed(request, endpoint, key)
    again = bool(key and repeatable(endpoint)) or endpoint.method in _REPEATABLE
    longest = duration.seconds(client.retry.max_wait) or 300.0
    attempts = client.retry.attempts
    looks_on, maybe_sent = onlooker(), False
    looks_on.begun()
    for attempt in range(1, attempts + 1):
        last = attempt == attempts
        if not looks_on.go_on():
            return Outcome("unknown" if maybe_sent else "failed", error="stopped before it was sent")
        try:
            response = await session.send(
                request,
                resource=target.resource.name,
                auth=endpoint.auth or target.resource.auth or "",
                accept=lambda status: status != 401,
                first=True,
                attempts=1,
            )
        except FetchError as error:
            sent = maybe_sent = bool(error.context.get("sent", False)) or maybe_sent
            if error.retry and not last and (again or not sent):
                await session.hold_back(backoff(attempt, random.random()), resource=target.resource.name)  # noqa: S311
                continue
            return Outcome("unknown" if sent else "failed", _status(error), None, _words(error))
        wait = _limited(response, session)
        if wait is None and target.endpoint.mutation and graphql.throttled(response):
            wait = -1.0
        if wait is not None and not last:
            seconds = backoff(attempt, random.random()) if wait < 0 else wait  # noqa: S311 - jitter
            if seconds <= longest:
                await session.hold_back(seconds, resource=target.resource.name, shared=True)
                continue
        if wait is None and _unsure(response.status) and again and not last:
            maybe_sent = True
            await session.hold_back(backoff(attempt, random.random()), resource=target.resource.name)  # noqa: S311
            continue
        looks_on.told()
        return _judged(target, request, response, attempt, limited=wait is not None, maybe_sent=maybe_sent)
    raise AssertionError("the loop returns")


def _judged(
    target: Target, request: HttpRequest, response: HttpResponse, attempt: int, *, limited: bool, maybe_sent: bool
) -> Outcome:
    status = response.status
    if 200 <= status < 300:
        if target.endpoint.mutation:
            result, words = graphql.judge(response, target)
            return Outcome(result, status, response, redact(words)[:BODY_SHOWN])
        if response.url != redact(encode(request.url, request.params)) and response.url != encode(
            request.url, request.params
        ):
            return Outcome("unknown", status, response, "the request was redirected")
        return Outcome("done", status, response)
    if status in {404, 410} and request.method == "DELETE" and attempt > 1:
        return Outcome("done", status, response)
    refused = status == _PRECONDITION and "If-Match" in request.headers
    if (refused and maybe_sent) or _unsure(status) or 300 <= status < 400:
        # Refused after a try whose answer was lost: the record may be another because of us. Reading it back tells.
        return Outcome("unknown", status, response, words_of(response))
    return Outcome("conflict" if refused else "failed", status, response, "rate limit: " * limited + words_of(response))


def _unsure(status: int) -> bool:
    return status >= 500 or status in _UNSURE


def _limited(response: HttpResponse, session: Session) -> float | None:
    """Return the seconds that a rate limit asks for, -1 where it does not say, None where it is none."""
    limited = response.status == 429 or (
        response.status == 403 and ("retry-after" in response.headers or exhausted(response.headers))
    )
    if not limited:
        return None
    asked = wait_seconds(response.headers, session.now())
    return -1.0 if asked is None else asked


def words_of(response: HttpResponse) -> str:
    """Return the status and what the API says about it."""
    text = redact(response.body[: BODY_SHOWN * 4].decode(errors="replace"))[:BODY_SHOWN]
    said = f"the API answers {word(response)}" if response.said else f"status {response.status}"
    return f"{said}: {text}" if text else said


def _status(error: FetchError) -> int | None:
    status = error.context.get("status")
    return status if isinstance(status, int) else None


def _words(error: FetchError) -> str:
    body = error.context.get("body")
    return f"{error.message}: {body}" if body else error.message
