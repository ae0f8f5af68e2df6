"""What a GraphQL answer says of a mutation. Pure.

Its status is 200 whatever became of it: an error may stand beside the data, or, as most APIs have it, inside the
payload (`userErrors`). Where something came back beside an error, the change may well have happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from dinobase.core.values import HttpResponse
from dinobase.mutate.endpoints import Target, operation
from dinobase.mutate.request import at
from dinobase.mutate.values import Json, loads

Judged: TypeAlias = tuple[Literal["done", "failed", "unknown"], str]
_THROTTLED = frozenset({"THROTTLED", "RATE_LIMITED", "RATELIMITED"})
_YES = ("success", "ok")


def judge(response: HttpResponse, target: Target) -> Judged:
    """Return how a mutation ended, and the API's words."""
    body = _body(response)
    data = body.get("data")
    payloads = [p for p in data.values() if p is not None] if isinstance(data, dict) else []
    said = next(_refusals(payloads), "")
    if said:
        return "failed", said
    errors = _words(body.get("errors"))
    if errors:
        return ("unknown" if payloads else "failed"), errors
    path = target.endpoint.response_path
    if path and operation(target.endpoint) != "delete" and not target.endpoint.bulk and _missing(body, path):
        return "unknown", "the answer has no record"
    return "done", ""


def throttled(response: HttpResponse) -> bool:
    """Tell whether nothing was done for want of budget."""
    body = _body(response)
    if response.status != 200 or not isinstance(body.get("errors"), list):
        return False
    codes = [at(error, ("extensions", "code")) for error in body["errors"]]
    return any(str(code).upper() in _THROTTLED for code in codes)


def _body(response: HttpResponse) -> dict[str, Json]:
    body = loads(response.body.decode("utf-8", "replace"))
    return body if isinstance(body, dict) else {}


def _refusals(payloads: Sequence[Json]) -> Iterator[str]:
    """Find what the payloads say against the change: a list of errors that is not empty, or that it was no success."""
    for payload in payloads:
        if not isinstance(payload, dict):
            continue
        for name, value in payload.items():
            if name.lower().endswith("errors") and value:
                yield _words(value)
        if any(payload.get(name) is False for name in _YES):
            yield "the source says that it did not succeed"


def _words(errors: Json) -> str:
    if not errors:
        return ""
    found = errors if isinstance(errors, list) else [errors]
    return "; ".join(str(e.get("message", e) if isinstance(e, dict) else e) for e in found[:3])


def _missing(body: Json, path: str) -> bool:
    plain = path.removeprefix("$.").split(".")
    return all(part.isidentifier() for part in plain) and at(body, tuple(plain)) is None
