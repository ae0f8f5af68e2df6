"""A page of a listing as each paginator expects it: what a server would do, from the paginator's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlencode

from dinobase.kinds.paginate import Paginator
from dinobase.kinds.paginate.cursor import Cursor
from dinobase.kinds.paginate.links import HeaderLink, JsonLink
from dinobase.kinds.paginate.offset import Offset
from dinobase.kinds.paginate.page_number import PageNumber
from dinobase.kinds.paginate.relay import Relay
from tests.connectors.emulator.places import get, put, steps

Json: TypeAlias = Any
Query: TypeAlias = Sequence[tuple[str, str]]

AT = "emulated_at"
SIZE = 2
_CONDITION = re.compile(r"\[\?\(?@\.(\w+)\s*==\s*['\"]([^'\"]*)['\"]\)?\]")


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a listing stands: the request's address without parameters, its parameters and its body."""

    url: str
    query: Query
    body: Json

    def param(self, name: str) -> str | None:
        """Return a parameter, None where it is not there."""
        return dict(self.query).get(name) if name else None

    def number(self, pager: Offset | PageNumber, name: str) -> int | None:
        """Return a number that pages are asked for by, from where the paginator puts it."""
        found = get(self.body, steps(name)) if name and pager.location == "body" else self.param(name)
        return None if found is None else int(found)


@dataclass(slots=True)
class Page:
    """A slice of the records; `puts` go into the body; `status` other than 200 ends the listing."""

    records: list[Json]
    start: int = 0
    puts: list[tuple[str, Json]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


def own_params(pager: Paginator | None) -> set[str]:
    """Return the parameters that a paginator may send."""
    names = {AT}
    for name in ("cursor_param", "offset_param", "limit_param", "page_param", "page_size_param"):
        names.add(getattr(pager, name, ""))
    return names - {""}


def page(pager: Paginator | None, asked: Asked, records: Sequence[Json], selector: str | None) -> Page:
    """Return the page that a request asks for."""
    if isinstance(pager, Cursor):
        return _cursor(pager, asked, records, selector or "")
    if isinstance(pager, Relay):
        return _relay(pager, asked, records)
    if isinstance(pager, Offset):
        return _offset(pager, asked, records)
    if isinstance(pager, PageNumber):
        return _numbered(pager, asked, records)
    if isinstance(pager, JsonLink | HeaderLink):
        return _linked(pager, asked, records)
    return Page(list(records))


def _cut(records: Sequence[Json], start: int, size: int = SIZE) -> tuple[Page, int | None]:
    following = start + size
    return Page(list(records[start:following]), start), following if following < len(records) else None


def _flags(found: Page, pager: Cursor | JsonLink, following: int | None) -> None:
    if pager.has_more_path:
        found.puts.append((pager.has_more_path, following is not None))
    if pager.done_path:
        found.puts.append((pager.done_path, following is None))


def _cursor(pager: Cursor, asked: Asked, records: Sequence[Json], selector: str) -> Page:
    sent = asked.param(pager.cursor_param)
    if sent is None and pager.cursor_body_path:
        inside = get(asked.body, steps(pager.cursor_body_path))
        sent = None if inside is None else str(inside)
    sent, since = continued(pager, sent)
    path, where = steps(pager.cursor_path), steps(selector)
    while where and where[-1] is None:
        where = where[:-1]
    last = path[: len(where)] == where and path[len(where) : len(where) + 1] in ([-1], [0])
    tail = path[len(where) + 1 :]
    start = 0
    if last and sent:
        names = [str(get(record, tail)) for record in records]
        start = names.index(sent) + 1 if sent in names else 0
    elif sent and sent.startswith("page-"):
        start = int(sent.removeprefix("page-"))
    found, following = _cut(records, start)
    if not last:
        more = following is not None
        flagged = bool(pager.has_more_path or pager.done_path)
        token = f"page-{following}" if more else f"page-{len(records)}" * flagged or None
        found.puts.append((pager.cursor_path, f"{token};{since}" if token and since else token))
    _flags(found, pager, following)
    return found


def continued(pager: Cursor, sent: str | None) -> tuple[str | None, str]:
    """Tell a page's cursor, `page-2;token-5`, from the token that a listing went on at."""
    if not pager.continue_path or not sent:
        return sent, ""
    number, _, since = sent.rpartition(";")
    if sent.startswith("token-"):
        return None, sent
    return (number, since) if number else (sent, "")


def _relay(pager: Relay, asked: Asked, records: Sequence[Json]) -> Page:
    variables = asked.body.get("variables") if isinstance(asked.body, dict) else None
    sent = str((variables or {}).get("cursor") or "")
    found, following = _cut(records, int(sent.removeprefix("page-") or 0) if sent else 0)
    info = {"hasNextPage": following is not None, "endCursor": f"page-{following}" if following else None}
    found.puts.append((pager.page_info_path, info))
    return found


def _offset(pager: Offset, asked: Asked, records: Sequence[Json]) -> Page:
    size = min(asked.number(pager, pager.limit_param) or SIZE, pager.limit)
    found, _ = _cut(records, asked.number(pager, pager.offset_param) or 0, size)
    if pager.total_path:
        found.puts.append((pager.total_path, len(records)))
    return found


def _numbered(pager: PageNumber, asked: Asked, records: Sequence[Json]) -> Page:
    sent = asked.number(pager, pager.page_param)
    number = (pager.base_page if sent is None else sent) - pager.base_page
    found, _ = _cut(records, number * SIZE)
    pages = -(-len(records) // SIZE)
    if number and number >= pages and pager.stop_statuses:
        found.status = pager.stop_statuses[0]
    if pager.total_path:
        found.puts.append((pager.total_path, pages))
    if pager.total_records_path:
        found.puts.append((pager.total_records_path, len(records)))
    if pager.total_header:
        found.headers[pager.total_header] = str(pages)
    return found


def _linked(pager: JsonLink | HeaderLink, asked: Asked, records: Sequence[Json]) -> Page:
    found, following = _cut(records, int(asked.param(AT) or 0))
    kept = [(name, value) for name, value in asked.query if name != AT]
    url = f"{asked.url}?{urlencode([*kept, (AT, following or len(records))])}"
    if isinstance(pager, JsonLink):
        flagged = bool(pager.has_more_path or pager.done_path)
        found.puts.append((pager.next_url_path, url if following is not None or flagged else None))
        found.puts += _conditions(pager.next_url_path)
        _flags(found, pager, following)
    elif following is not None and pager.header.lower() == "link":
        found.headers["Link"] = f'<{asked.url}>; rel="first", <{url}>; rel="{pager.rel}"'
    elif following is not None:
        found.headers[pager.header] = url
    return found


def _conditions(path: str) -> Iterator[tuple[str, Json]]:
    """Yield what a link is found by beside its place: `links[?@.rel == 'next'].href`."""
    for match in _CONDITION.finditer(path):
        yield f"{path[: match.start()]}[0].{match[1]}", match[2]


def known_params(params: Mapping[str, Json]) -> Json:
    """Return parameters as they are sent: lists repeat a name, objects write `name[key]`, null is left out."""
    return [pair for name, value in params.items() for pair in _pairs(name, value)]


def _pairs(name: str, value: Json) -> list[tuple[str, str]]:
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [pair for item in value for pair in _pairs(name, item)]
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in _pairs(f"{name}[{key}]", item)]
    return [(name, ("true" if value else "false") if isinstance(value, bool) else str(value))]


def enveloped(body: Json, puts: Sequence[tuple[str, Json]]) -> Json:
    """Return the body with what the paginator needs in it."""
    for path, value in puts:
        body = put(body, steps(path), value)
    return body
