"""The source's own record, read by its key.

Before a change it shows whether the record is still what was planned on; after one whose outcome nobody told, what
became of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dinobase.core.secrets import redact
from dinobase.core.values import HttpRequest, HttpResponse
from dinobase.extract.session import Session
from dinobase.kinds import body as bodies
from dinobase.kinds.body import Body, MalformedError
from dinobase.kinds.path import compile_path
from dinobase.kinds.read.rest import combined, encode, varies
from dinobase.kinds.template import placeholders, render_json
from dinobase.mutate.change import RowChange
from dinobase.mutate.endpoints import Target
from dinobase.mutate.request import address, at, has, names_of, pairs
from dinobase.mutate.values import Json, alike, loads
from dinobase.mutate.watched import onlooker
from dinobase.spec.models import Resource

Verdict: TypeAlias = Literal["unchanged", "done", "changed", "gone"]
Settled: TypeAlias = Literal["done", "not_done", "unknown"]
GONE = frozenset({404, 410})
_STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')


@dataclass(frozen=True, slots=True)
class Found:
    """`raw` is the record as it came, None where there is none; `etag` its strong validator, '' where it has none."""

    raw: bytes | None = None
    etag: str = ""
    url: str = ""

    @property
    def record(self) -> Json:
        """Return the record as data."""
        return loads(self.raw.decode("utf-8", "replace")) if self.raw is not None else None


async def retrieve(session: Session, target: Target, change: RowChange) -> Found | None:
    """Read one record by its key; None where the connector does not say how, or the key is not known."""
    how = target.resource.retrieve
    if how is None or session.connector.type != "rest":
        return None
    row = change.row if change.operation == "create" else (change.old or {})
    values = {**names_of(target, change), **row}
    if len(target.table.own) == 1:
        values["id"] = row.get(target.table.own[0])
    names = {p.name for p in placeholders(how.path)}
    if any(values.get(target.column_of(n) if n == "id" else n, values.get(n)) in {None, ""} for n in names):
        return None
    onlooker().begun()
    return await look_up(session, target.resource, values)


async def look_up(
    session: Session, resource: Resource, values: Mapping[str, Json], *, attempts: int | None = None
) -> Found | None:
    """Read one record; `values` are what the placeholders of its address stand for. None where it has no address."""
    how, client = resource.retrieve, session.connector.client
    if how is None:
        return None
    url = address(resource.endpoint.base_url or client.base_url, how.path, values)
    params = tuple(pair for name, value in render_json(how.params, values).items() for pair in pairs(name, value))
    # A validator belongs to one encoding of a record, and some servers do not know again the one of a packed answer.
    plainly = {"Accept": "application/json", "Accept-Encoding": "identity"}
    headers = combined(
        plainly, client.headers, {n: text for n, text in resource.endpoint.headers.items() if not varies(text)}
    )
    response = await session.send(
        HttpRequest("GET", url, params, headers),
        resource=resource.name,
        auth=resource.auth or "",
        accept=lambda status: status in GONE,
        first=True,
        attempts=attempts,
    )
    if response.status in GONE:
        return Found()
    etag, asked = response.headers.get("etag", ""), encode(url, params)
    strong = _STRONG.fullmatch(etag) is not None and response.url in {asked, redact(asked)}
    return Found(record_at(response, how.data_selector), etag if strong else "", asked)


def conditional(request: HttpRequest, found: Found | None) -> HttpRequest:
    """Have a write refused where the record is no longer the one that was read.

    An ETag says something of its own URL alone. A weak one (`W/...`) says nothing here: If-Match compares strongly, and
    a weak validator never matches (RFC 9110, 13.1.1).
    """
    if found is None or not found.etag or found.url != encode(request.url, request.params):
        return request
    return request.with_header("If-Match", found.etag)


def record_at(response: HttpResponse, selector: str | None) -> bytes | None:
    """Return the one record in an answer, in its own bytes, None where none is there."""
    found = records_at(response, selector)
    return found[0] if len(found) == 1 else None


def records_at(response: HttpResponse, selector: str | None) -> Sequence[bytes]:
    """Return the records in an answer."""
    try:
        body = bodies.read(response.body, response.headers.get("content-type", ""))
        return _records(body, selector or "$")
    except MalformedError:
        return ()


def _records(body: Body, selector: str) -> Sequence[bytes]:
    found: list[bytes] = []
    for place in compile_path(selector).places(body):
        items = body.items(place)
        values = items if items is not None else [body.at(place)]
        found += [bytes(v) for v in values if v is not None and bytes(v).startswith(b"{")]
    return found


def judge(target: Target, change: RowChange, found: Found) -> Verdict:
    """Compare what is live with what the change was planned on."""
    record = found.record
    if record is None:
        return "gone"
    old, new = change.old or {}, change.new or {}
    paths = target.table.paths
    columns = change.columns if change.operation == "update" else [c for c in old if c in paths]
    known = [c for c in columns if c in paths and has(record, paths[c])]
    if all(alike(at(record, paths[c]), old.get(c)) for c in known):
        return "unchanged"
    if change.operation == "update" and known and all(alike(at(record, paths[c]), new.get(c)) for c in known):
        return "done"
    return "changed"


def differences(target: Target, change: RowChange, found: Found) -> dict[str, Json]:
    """Return what the source has in the columns in question."""
    paths, record = target.table.paths, found.record
    columns = change.columns or tuple(change.old or {})
    return {
        c: at(record, paths[c])
        for c in columns
        if c in paths and has(record, paths[c]) and not alike(at(record, paths[c]), (change.old or {}).get(c))
    }


async def settle(session: Session, target: Target, change: RowChange) -> tuple[Settled, Found | None]:
    """Find out whether a change that was sent has happened."""
    found = await retrieve(session, target, change)
    if found is None:
        return "unknown", None
    record = found.record
    if change.operation == "delete":
        return ("done" if record is None else "not_done"), found
    if record is None:
        return ("not_done" if change.operation == "create" else "unknown"), found
    paths = target.table.paths
    known = [c for c in change.columns if c in paths and has(record, paths[c])]
    if known and all(alike(at(record, paths[c]), (change.new or {}).get(c)) for c in known):
        return "done", found
    if change.operation == "update" and all(alike(at(record, paths[c]), (change.old or {}).get(c)) for c in known):
        return "not_done", found
    return "unknown", found
