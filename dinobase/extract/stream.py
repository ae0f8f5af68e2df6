"""One stream: the listings of one resource or parent row, span after span, each batch saying where to go on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import msgspec

from dinobase.core.errors import FetchError, RequestError
from dinobase.core.values import Batch, Event, ParentRow
from dinobase.extract.pages import pages
from dinobase.extract.reader import Got, ResourceReader
from dinobase.kinds import duration
from dinobase.kinds.body import Body, scalar
from dinobase.kinds.incremental import Span, field_of, is_before, windows, with_style
from dinobase.kinds.paginate.page import Step
from dinobase.kinds.ratelimit import server_date
from dinobase.kinds.tags import with_tags
from dinobase.spec.models import Incremental
from dinobase.spec.requests import sends

_WHOLE = 1e10  # seconds; more than any listing goes back


@dataclass(frozen=True, slots=True)
class Position:
    """Where a stream goes on: a page of a span's listing; `until` is where the last span ends."""

    start: str | None
    end: str | None
    step: Step
    count: int = 0
    until: str | None = None


async def stream(
    reader: ResourceReader, parent: ParentRow | None, span: Span, number: int, resume: str
) -> AsyncGenerator[Batch, None]:
    """Read one stream from its beginning, or from where a batch of it said."""
    incremental = reader.resource.incremental
    tags = tags_of(parent)
    if resume:
        begun = _resumed(resume)
        spans = _spans(reader, Span(begun.end, begun.until)) if begun.end != begun.until else iter(())
    else:
        cut = tuple(_spans(reader, span))
        spans = iter(cut[1:])
        begun = _begin(reader, cut[0], cut[-1].end)
    at: Position | None = begun
    while at is not None:
        here, at = at, None
        shared = reader.listing(_values(here, parent))
        count = here.count
        cap = incremental.restart_after if incremental else None
        left = None if cap is None else cap - count
        async with aclosing(pages(reader, shared, here.step, left=left, ends=_end_of(reader, here.start))) as turns:
            async for turn in turns:
                got = turn.got
                count += got.page.count
                if turn.capped:
                    at = _restarted(reader, here, got)
                elif turn.following is not None:
                    at = Position(here.start, here.end, turn.following, count, here.until)
                else:
                    following = next(spans, None)
                    at = None if following is None else _begin(reader, following, here.until)
                yield Batch(
                    resource=reader.resource.name,
                    records=with_tags(got.records, tags, reader.clash),
                    stream=number,
                    done=at is None,
                    resume="" if at is None else msgspec.json.encode(at).decode(),
                    token=reader.token(got),
                    server_date=_date(got.response.headers.get("date", "")),
                    missing=got.missing,
                )


def tags_of(parent: ParentRow | None) -> bytes:
    """Return a parent's tags as members of a JSON object, without the braces."""
    return msgspec.json.encode(dict(parent.tags))[1:-1] if parent else b""


def first_span(incremental: Incremental | None, start: str | None, end: str | None) -> Span:
    """Return the whole span that is asked for, its bounds in the format that the API takes."""
    if incremental is None:
        return Span(start, end)
    if start is None and incremental.initial_value is not None:
        start = str(incremental.initial_value)
    if incremental.format is None or incremental.token_path:
        return Span(start, end)
    return Span(
        None if start is None else with_style(start, incremental.format),
        None if end is None else with_style(end, incremental.format),
    )


def _spans(reader: ResourceReader, whole: Span) -> Iterator[Span]:
    incremental = reader.resource.incremental
    if incremental is None or whole.start is None:
        return iter((whole,))
    seconds = duration.seconds(incremental.window) if incremental.window else None
    up_to_now = incremental.token_path and whole.end is None and sends(reader.resource, "incremental.end_value")
    if not seconds and not up_to_now:
        return iter((whole,))
    try:
        now = reader.session.now()
        span = seconds or _WHOLE  # up to now, where the body says where the next one begins
        return iter(tuple(windows(whole.start, whole.end, seconds=span, style=incremental.format, now=now)))
    except ValueError as error:
        if not seconds:  # a token that is no moment: the API knows what it begins at, and where it ends
            return iter((whole,))
        raise RequestError(
            f"`{error}` is no moment, so incremental.window cannot cut it into spans",
            hint="Give initial_value as an ISO date or an epoch.",
            resource=reader.resource.name,
        ) from None


def _begin(reader: ResourceReader, span: Span, until: str | None) -> Position:
    incremental = reader.resource.incremental
    step = reader.pager.first()
    if incremental and incremental.token_path and span.start and span.start.startswith(("https://", "http://")):
        step = Step(url=span.start)  # a delta link is the next request itself
    elif incremental and incremental.token_path and span.start:
        step = reader.pager.resume(span.start) or step
    return Position(span.start, span.end, step, until=until)


def _values(at: Position, parent: ParentRow | None) -> dict[str, object]:
    bounds: dict[str, object] = {"incremental.start_value": at.start, "incremental.end_value": at.end}
    return {**bounds, **parent.params} if parent else bounds


def _end_of(reader: ResourceReader, start: str | None) -> Callable[[Got], bool] | None:
    """Return what tells the last page of a listing that has the newest first, None where all pages are wanted.

    One that turns out to have another order has no last page before its end: it is read whole, and that is said.
    """
    incremental = reader.resource.incremental
    if incremental is None or incremental.order != "desc" or start is None:
        return None
    path, begin = incremental.cursor_path, start
    least: str | None = None
    ordered = True

    def ends(got: Got) -> bool:
        nonlocal least, ordered
        cursor = None
        for record in got.records if ordered else ():
            raw = field_of(Body(bytes(record)), path)
            cursor = None if raw is None else scalar(raw)
            if cursor is not None and least is not None and is_before(least, cursor):
                ordered = False
                session, told = (
                    reader.session,
                    f"its listing has not the newest `{path}` first: it is read whole",
                )
                session.emit(Event("note", session.name, reader.resource.name, reason=told))
                break
            least = cursor if cursor is not None else least
        return ordered and cursor is not None and is_before(cursor, begin)

    return ends


def _restarted(reader: ResourceReader, here: Position, got: Got) -> Position:
    """Return the first page of a listing that begins at the last record's cursor."""
    incremental = reader.resource.incremental
    cursor_path = incremental.cursor_path if incremental else ""
    raw = field_of(Body(bytes(got.records[-1])), cursor_path)
    cursor = None if raw is None else scalar(raw)
    if cursor is not None and incremental and incremental.format:
        cursor = with_style(cursor, incremental.format)
    if cursor is None or cursor == here.start:
        why = f"has no `{cursor_path}`" if cursor is None else f"has the cursor {cursor}, from which it began"
        raise FetchError(
            f"the listing ends at restart_after, and its last record {why}: it cannot go on from there",
            code="fetch.restart",
            hint="Use incremental.window with a span that holds fewer records.",
            resource=reader.resource.name,
            url=got.response.url,
        )
    return Position(cursor, here.end, reader.pager.first(), until=here.until)


def _resumed(resume: str) -> Position:
    try:
        return msgspec.json.decode(resume, type=Position)
    except msgspec.MsgspecError as error:
        raise RequestError(f"`resume` is not what a batch said: {error}") from None


@lru_cache(maxsize=4)
def _date(header: str) -> datetime | None:
    return server_date({"date": header})
