"""How a listing goes on: told by the names of its parameters and of what its answer holds beside the records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from dinobase.workspace.openapi.document import Document, Schema
from dinobase.workspace.openapi.listing import Found

Json: TypeAlias = Any

_CURSOR_PARAMS = (
    "cursor",
    "page_token",
    "pageToken",
    "next_cursor",
    "nextToken",
    "next_token",
    "continuation_token",
    "page[cursor]",
    "page[after]",
    "after",
    "start_cursor",
    "offset",
    "page",
    "bookmark",
    "marker",
    "start_after",
)
_CURSORS = re.compile(
    r"(^|\.)(next_?cursor|next_?page_?token|next_?token|end_?cursor|continuation_?token|next_?marker|cursor|after|next_page"
    r"|next_?offset|starting_after|next_start|bookmark)$",
    re.IGNORECASE,
)
_LINKS = re.compile(
    r"(^|\.)(next|next_?url|next_?link|next_?page_?url|next_page_uri|nextPageUrl|@odata\.nextLink|href)$", re.IGNORECASE
)
_MORE = re.compile(r"(^|\.)(has_?more|has_?next|has_?next_?page|more)$", re.IGNORECASE)
_TOTAL = re.compile(r"(^|\.)(total|total_?count|total_?records|total_?results|count|total_?items)$", re.IGNORECASE)
_PAGES = re.compile(r"(^|\.)(total_?pages|page_?count|pages|last_?page)$", re.IGNORECASE)
_OFFSETS = ("offset", "start", "skip", "startAt", "$skip", "page[offset]", "from")
_LIMITS = (
    "limit",
    "per_page",
    "page_size",
    "pageSize",
    "perPage",
    "maxResults",
    "count",
    "size",
    "$top",
    "page[size]",
    "page[limit]",
    "rows",
    "take",
    "max_results",
    "results_per_page",
)
_NUMBERS = ("page", "page_number", "pageNumber", "page[number]", "pageIndex", "p")
_DEFAULT_SIZE = 100


def paginator(document: Document, each: Found) -> tuple[dict[str, Json], list[str]]:
    """Return the paginator and the doubts about it."""
    known = each.operation.parameters
    places = dict(_places(document, each.answer))
    limit = next((name for name in _LIMITS if name in known), "")
    for made in (
        _linked(each, places),
        _cursor(each, places),
        _last(each, places),
        _offset(document, each, places, limit),
    ):
        if made:
            return made, []
    numbered = _numbered(document, each, places, limit)
    if numbered:
        return numbered
    if any(name.lower() == "link" for name in each.headers):
        return {"type": "header_link"}, []
    cursor = next((name for name in _CURSOR_PARAMS[:10] if name in known), "")
    doubt = f"`{cursor}` is a parameter, and the answer shows no cursor" if cursor else ""
    return {"type": "single_page"}, [doubt] if doubt else []


def size(document: Document, each: Found) -> tuple[str, int] | None:
    """Return the parameter that asks for a page's size, and the greatest that is allowed."""
    name = next((n for n in _LIMITS if n in each.operation.parameters), "")
    return (name, _most(document, each, name)) if name else None


def _most(document: Document, each: Found, name: str) -> int:
    schema = each.operation.parameters.get(name, {})
    most = schema.get("maximum", schema.get("default"))
    del document
    return min(int(most), 1000) if isinstance(most, int | float) and most >= 1 else _DEFAULT_SIZE


def _places(document: Document, schema: Schema, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield what the answer holds beside lists: path and type."""
    for name, inner in document.properties(schema).items():
        where = f"{path}.{name}" if path else name
        kind = document.kind(inner)
        if document.items(inner) is not None or not re.fullmatch(r"[\w-]+", name):
            continue
        if document.properties(inner) and depth < 2:
            yield from _places(document, inner, where, depth + 1)
        elif kind in {"string", "integer", "number", "boolean"}:
            yield where, kind


def _linked(each: Found, places: dict[str, str]) -> dict[str, Json] | None:
    for place, kind in places.items():
        if kind != "string" or not _LINKS.search(place):
            continue
        if place.endswith("href") and ".next." not in f".{place}":
            continue
        if _param(each, place) and not re.search(r"ur[li]|link|href", place, re.IGNORECASE):
            continue
        return {"type": "json_link", "next_url_path": place}
    return None


def _cursor(each: Found, places: dict[str, str]) -> dict[str, Json] | None:
    for place, kind in places.items():
        if kind == "boolean" or not (_CURSORS.search(place) or _LINKS.search(place)):
            continue
        param = _param(each, place)
        if param:
            return {"type": "cursor", "cursor_path": place, "cursor_param": param, **_flag(places)}
    return None


def _param(each: Found, place: str) -> str:
    """Return the parameter that takes a cursor, best the one of its own name."""
    last = place.rsplit(".", 1)[-1]
    bare = re.sub(r"^next_?", "", last, flags=re.IGNORECASE)
    known = each.operation.parameters
    for name in (last, bare, bare[:1].lower() + bare[1:], *_CURSOR_PARAMS[:11]):
        if name and name in known:
            return name
    return ""


def _last(each: Found, places: dict[str, str]) -> dict[str, Json] | None:
    """Return a cursor that is the last record's key, as Stripe has it."""
    param = next(
        (n for n in ("starting_after", "start_after", "after_id", "since_id") if n in each.operation.parameters), ""
    )
    if not param or not each.key:
        return None
    where = "" if each.selector == "$" else each.selector
    return {"type": "cursor", "cursor_path": f"{where}[-1].{each.key}", "cursor_param": param, **_flag(places)}


def _flag(places: dict[str, str]) -> dict[str, str]:
    found = next((p for p, kind in places.items() if kind == "boolean" and _MORE.search(p)), "")
    return {"has_more_path": found} if found else {}


def _offset(document: Document, each: Found, places: dict[str, str], limit: str) -> dict[str, Json] | None:
    param = next((n for n in _OFFSETS if n in each.operation.parameters), "")
    if not param or not limit or document.kind(each.operation.parameters[param]) == "string":
        return None
    total = next((p for p, kind in places.items() if kind == "integer" and _TOTAL.search(p)), "")
    made: dict[str, Json] = {"type": "offset", "limit": _most(document, each, limit), "offset_param": param}
    return {**made, "limit_param": limit, **({"total_path": total} if total else {})}


def _numbered(
    document: Document, each: Found, places: dict[str, str], limit: str
) -> tuple[dict[str, Json], list[str]] | None:
    param = next((n for n in _NUMBERS if n in each.operation.parameters), "")
    if not param:
        return None
    made: dict[str, Json] = {"type": "page_number", "page_param": param}
    schema = each.operation.parameters[param]
    first = schema.get("default", schema.get("minimum"))
    doubts = [] if first is not None else ["whether the first page is 1 or 0 (`base_page`)"]
    if first == 0:
        made["base_page"] = 0
    if limit:
        made |= {"page_size": _most(document, each, limit), "page_size_param": limit}
    pages = next((p for p, kind in places.items() if kind == "integer" and _PAGES.search(p)), "")
    total = next((p for p, kind in places.items() if kind == "integer" and _TOTAL.search(p)), "")
    if pages:
        made["total_path"] = pages
    elif total and limit:
        made["total_records_path"] = total
    return made, doubts
