"""Every error of a fetch says resource, URL without secrets, status and the first 300 characters of the body."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dinobase.core.clock import iso
from dinobase.core.errors import FetchError, FetchRefused
from dinobase.core.secrets import redact
from dinobase.core.values import HttpResponse
from dinobase.kinds.body import MalformedError

BODY_SHOWN = 300
_SUCCESS = 200
_UNKNOWN = 400  # what a word means that `client.errors` does not name

_HINTS = {
    400: "Check the resource's params and path against the API's documentation.",
    401: "Check the credentials: dinobase add with --replace takes new ones.",
    403: "The credentials lack a permission for this resource.",
    404: "Check the resource's path and base_url.",
    405: "Check the resource's method.",
    410: "The API no longer has this endpoint.",
    429: "Lower `client.rate_limit` or `client.concurrency`.",
}


def excerpt(body: bytes) -> str:
    """Return the first 300 characters of a body, without secrets."""
    return redact(body[: BODY_SHOWN * 4].decode(errors="replace"))[:BODY_SHOWN]


def refused(response: HttpResponse, *, resource: str, url: str) -> FetchRefused:
    """Describe a 401 or 403."""
    return FetchRefused(
        f"the API refused the request: {word(response)}"
        if response.said
        else f"the API refused the request with status {response.status}",
        hint=_HINTS.get(response.status, ""),
        **_context(response, resource, url),
    )


def failed(response: HttpResponse, *, resource: str, url: str, reason: str = "") -> FetchError:
    """Describe any other status that ends a resource."""
    tries = f" after {reason}" if reason else ""
    if response.said:
        hint = _HINTS.get(response.status, "") if response.status != _UNKNOWN else ""
        message = f"the API answers that it failed: {word(response)}{tries}"
        return FetchError(message, code="fetch.error_body", hint=hint, **_context(response, resource, url))
    return FetchError(
        f"the API answered with status {response.status}{tries}",
        code="fetch.status",
        hint=_HINTS.get(response.status, ""),
        **_context(response, resource, url),
    )


def come_back(response: HttpResponse, *, resource: str, url: str, seconds: float, now: datetime) -> FetchError:
    """Describe a wait that is longer than `retry.max_wait`."""
    moment = now + timedelta(seconds=seconds)
    return FetchError(
        f"the API's rate limit asks to wait {seconds:.0f} s, longer than client.retry.max_wait; "
        f"come back after {iso(moment.replace(microsecond=0))}",
        code="fetch.rate_limited",
        hint="Sync again after that time.",
        retry=True,
        retry_at=iso(moment.replace(microsecond=0)),
        **_context(response, resource, url),
    )


def malformed(error: MalformedError, response: HttpResponse, *, resource: str, url: str) -> FetchError:
    """Describe a body that cannot be used."""
    return FetchError(f"{redact(error.message)}", code=error.code, hint=error.hint, **_context(response, resource, url))


def loop(what: str, *, resource: str, url: str, pages: int, hint: str) -> FetchError:
    """Describe a listing that would never end."""
    return FetchError(
        f"the listing does not end: after {pages} page{'s' if pages != 1 else ''} {redact(what)}",
        code="fetch.loop",
        hint=hint,
        resource=resource,
        url=redact(url),
    )


def word(response: HttpResponse) -> str:
    """Return the API's word for a failure that it told inside a 200, without secrets."""
    return f"`{redact(response.said)}`"


def _context(response: HttpResponse, resource: str, url: str) -> dict[str, Any]:
    return {
        "resource": resource,
        "url": redact(url),
        "status": _SUCCESS if response.said else response.status,
        "body": excerpt(response.body),
    }
