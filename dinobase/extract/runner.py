"""A resource in, batches out: each stream's pages in order, different streams as they come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Container, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from dinobase.core.errors import FetchError
from dinobase.core.secrets import redact
from dinobase.core.values import Batch, ParentRow
from dinobase.extract.merging import merged
from dinobase.extract.reader import ResourceReader
from dinobase.extract.session import Session
from dinobase.extract.stream import first_span, stream, tags_of
from dinobase.kinds.paginate.page import Step
from dinobase.kinds.read.rest import Asked, combined, listing
from dinobase.kinds.select import Cut
from dinobase.kinds.tags import with_tags
from dinobase.spec.models import Resource

_CHECK_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one cheap request showed; `records` is None where the answer was not read for records."""

    ok: bool
    url: str
    status: int
    detail: str
    records: int | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """The first page of a resource; `next_page` says whether the paginator found another."""

    records: Sequence[bytes]
    url: str
    status: int
    next_page: bool


async def read(
    session: Session,
    resource: Resource,
    *,
    parents: Sequence[ParentRow] | None = None,
    start_value: str | None = None,
    end_value: str | None = None,
    resume: str | Mapping[int, str] = "",
    first_stream: int = 0,
    done_streams: Container[int] = (),
    cut: Cut | None = None,
) -> AsyncGenerator[Batch, None]:
    """Read a resource, or its children of these parents; a fresh parent's are asked for from the initial value.

    `resume` is the stream's last Batch.resume, or one per stream number; `cut` takes a page's records all at once.
    """
    reader = ResourceReader(session, resource, cut if parents is None else None)
    span = first_span(resource.incremental, start_value, end_value)
    whole = first_span(resource.incremental, None, end_value)

    def begin(number: int, parent: ParentRow | None) -> AsyncGenerator[Batch, None]:
        where = resume if isinstance(resume, str) else resume.get(number, "")
        return stream(reader, parent, whole if parent is not None and parent.fresh else span, number, where)

    if parents is None:
        batches = begin(first_stream, None) if first_stream not in done_streams else None
    else:
        numbered = enumerate(parents, first_stream)
        todo = (begin(number, parent) for number, parent in numbered if number not in done_streams)
        batches = merged(todo, at_once=session.connector.client.concurrency)
    if batches is not None:
        async with aclosing(batches) as running:
            async for batch in running:
                yield batch


async def sample(session: Session, resource: Resource, *, parent: ParentRow | None = None) -> Sample:
    """Read one page."""
    reader = ResourceReader(session, resource)
    span = first_span(resource.incremental, None, None)
    values: dict[str, object] = {"incremental.start_value": span.start, "incremental.end_value": span.end}
    shared, step = reader.listing({**values, **(parent.params if parent else {})}), reader.pager.first()
    response = await reader.fetch(shared, step, attempts=_CHECK_ATTEMPTS)
    got = reader.read(response, step)
    records = tuple(bytes(record) for record in with_tags(got.records, tags_of(parent)))
    return Sample(records, response.url, response.status, reader.following(got) is not None)


async def check(session: Session) -> CheckResult:
    """Prove the credentials: by the connector's `check`, else by one page of its first resource."""
    connector = session.connector
    try:
        if connector.check is None:
            able = [r for r in connector.resources if r.parent is None]
            first = next((r for r in able if r.selected), able[0] if able else None)
            if first is None:
                return CheckResult(ok=False, url="", status=0, detail="no resource can be asked for without a parent")
            seen = await sample(session, first)
            return CheckResult(ok=True, url=seen.url, status=seen.status, detail=first.name, records=len(seen.records))
        asked = connector.check
        headers = combined({"Accept": "application/json"}, connector.client.headers)
        path = Asked(connector.client.base_url, asked.path, asked.method, asked.params, headers, asked.body)
        made = listing(path, {})
        request = made.request if asked.body is None else made.page(Step())
        response = await session.send(request, auth=asked.auth or "", attempts=_CHECK_ATTEMPTS)
    except FetchError as error:
        context = error.context
        return CheckResult(
            ok=False,
            url=str(context.get("url", "")),
            status=int(context.get("status", 0)),
            detail=error.message,
            body=str(context.get("body", "")),
        )
    return CheckResult(ok=True, url=redact(response.url), status=response.status, detail="")
