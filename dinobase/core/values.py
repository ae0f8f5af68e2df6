"""Frozen values that several layers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

JsonScalar: TypeAlias = str | int | float | bool | None
Params: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """`url` has no credentials and no `params` in it; `params` keep their order and may repeat."""

    method: str
    url: str
    params: Params = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def with_headers(self, **headers: str) -> HttpRequest:
        """Return a copy with headers set; underscores in names stand for dashes."""
        return replace(self, headers={**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})

    def with_header(self, name: str, value: str) -> HttpRequest:
        """Return a copy in which the header has this value alone, whatever case it was written in."""
        rest = {k: v for k, v in self.headers.items() if k.lower() != name.lower()}
        return replace(self, headers={**rest, name: value})

    def with_params(self, *pairs: tuple[str, str]) -> HttpRequest:
        """Return a copy in which each of these parameters has this value alone."""
        names = {name for name, _ in pairs}
        return replace(self, params=(*(p for p in self.params if p[0] not in names), *pairs))


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole answer; header names are lower case, `url` is the one that answered.

    `said` is the API's word for a failure that it told inside a 200; `status` is then what that word means.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    said: str = ""


@dataclass(frozen=True, slots=True)
class ParentRow:
    """What one request series of a child resource is made of.

    `params`: path parameter -> the parent's value (and its ancestors', where they have one).
    `tags`: column -> value, put into every record of the series (`_customers_id`).
    `fresh`: the table has no row of it yet, so that the cursor of the others says nothing about it.
    """

    params: Mapping[str, JsonScalar]
    tags: Mapping[str, JsonScalar]
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """One page of records as the API sent them, byte for byte.

    records: one JSON text each (an object; a scalar record comes as {"value": ...}); a child's tags are in already.
    stream: number of the listing: 0 for a resource of its own, one per parent row for children, never reused in a run.
    done: the stream is complete with this batch (it may be empty).
    resume: JSON text from which a later run goes on after this batch, "" where it cannot.
    token: what `incremental.token_path` found in the body; server_date: the answer's `Date`.
    missing: the stream ended with "no rows for this parent" (404, 410, empty_statuses).
    """

    resource: str
    records: Sequence[Any]
    stream: int = 0
    done: bool = False
    resume: str = ""
    token: str | None = None
    server_date: datetime | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Something a progress display shows; `kind` says which fields mean something.

    started | page (rows, bytes) | retry (reason, seconds, attempt) | waiting (reason, seconds) | staged (rows) |
    finished (rows, status) | note (reason) | request (reason: method and host; status or code; seconds, bytes), where
    telemetry is wanted
    """

    kind: str
    connector: str
    resource: str
    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    attempt: int = 0
    reason: str = ""
    status: str = ""


Observer: TypeAlias = Callable[[Event], None]
