"""A listing's request: templates filled, parameters typed, one slash between base_url and path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias
from urllib.parse import quote, urljoin

import msgspec

from dinobase.core.errors import RequestError
from dinobase.core.values import HttpRequest, Params
from dinobase.kinds.paginate.page import Step
from dinobase.kinds.template import placeholders, render, render_json

Json: TypeAlias = Any

_PLAIN_URL = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*\Z")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Asked:
    """How a resource is asked for: base_url and headers are final, path, params and body are templates.

    `document` is a GraphQL query; `body` then holds its variables. `varying` are headers that are templates still.
    """

    base_url: str
    path: str
    method: str
    params: Mapping[str, Json]
    headers: Mapping[str, str]
    body: Json = None
    document: str = ""
    varying: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """The request that all pages of one listing share; `body` is the JSON that a POST carries."""

    request: HttpRequest
    body: Json = None

    def page(self, step: Step) -> HttpRequest:
        """Return the request of one page."""
        request = self.request
        if step.url:
            url = urljoin(request.url, step.url) if step.alone else step.url
            request = replace(request, url=plain(url), params=())
        elif step.params:
            request = request.with_params(*step.params)
        if not step.body and self.body is None:
            return request
        body = {} if step.alone else self.body
        for path, text in step.body:
            body = with_value(body, path.split("."), msgspec.json.decode(text))
        return replace(request, body=msgspec.json.encode(body))


def varies(header: str) -> bool:
    """Tell whether a header carries the cursor: it is then a template, all others are final."""
    return "{incremental." in header


def listing(asked: Asked, values: Mapping[str, object]) -> Listing:
    """Fill the templates; what refers to a value that is not there yet (a first run's start) is left out."""
    names = {p.name for p in placeholders(asked.path)}
    into_path = {name: asked.params[name] for name in names & asked.params.keys()}
    path_values = {**values, **{k: render(v, values) if isinstance(v, str) else v for k, v in into_path.items()}}
    params = {k: v for k, v in asked.params.items() if k not in into_path}
    pairs = tuple(pair for name, value in params.items() for pair in _pairs(name, _filled(value, values)))
    headers = dict(asked.headers)
    if asked.varying:
        headers = combined(
            headers, {k: f for k, v in asked.varying.items() if (f := _filled(v, values)) is not _MISSING}
        )
    body = None if asked.body is None else _filled(asked.body, values, keep_types=bool(asked.document))
    if asked.document:
        body = {"query": asked.document, "variables": {} if body is None or body is _MISSING else body}
    if asked.method != "GET":
        body = {} if body is None or body is _MISSING else body
        headers = combined({"Content-Type": "application/json"}, headers)
    url = _url(asked, path_values)
    return Listing(HttpRequest(asked.method, url, pairs, headers), body)


def with_value(body: Json, path: list[str], value: Json) -> Json:
    """Return a copy of a JSON body in which the value stands at a dotted path."""
    name, *rest = path
    known = body if isinstance(body, Mapping) else {}
    return {**known, name: with_value(known.get(name), rest, value) if rest else value}


def combined(*maps: Mapping[str, str]) -> dict[str, str]:
    """Lay headers over each other; a later one replaces an earlier of its name in whatever case."""
    found: dict[str, tuple[str, str]] = {}
    for headers in maps:
        for name, value in headers.items():
            found[name.lower()] = (name, value)
    return dict(found.values())


def plain(url: str) -> str:
    """Percent-encode what no URL may hold; whatever is encoded already stays as it came."""
    return url if _PLAIN_URL.match(url) else quote(url, safe="!#$%&'()*+,-./:;=?@[]_~")


def join(base: str, path: str) -> str:
    """Append a path with one slash between; a full URL stands for itself."""
    if re.match(r"https?://", path, re.IGNORECASE):
        return path
    if not path:
        return base
    base, question, query = base.partition("?")
    joined = f"{base.rstrip('/')}/{path.lstrip('/')}"
    return f"{joined}{'&' if '?' in joined else '?'}{query}" if question and query else joined


def _url(asked: Asked, values: Mapping[str, object]) -> str:
    alone = placeholders(asked.path)
    if len(alone) == 1 and f"{{{alone[0].name}}}" == asked.path:
        whole = str(values.get(alone[0].name) or "")
        if re.match(r"https?://", whole, re.IGNORECASE):
            return plain(whole)
    empty = [p.name for p in alone if values.get(p.name, _MISSING) in {None, ""}]
    if empty:
        raise RequestError(
            f"the path `{asked.path}` needs a value for `{empty[0]}`, and there is none",
            code="request.path",
            hint="Give `incremental.initial_value`." if empty[0].startswith("incremental.") else "",
        )
    path = render(asked.path, values, in_path=True)
    if _climbs(path) > _climbs(asked.path):
        raise RequestError(
            f"a value would lead the path `{asked.path}` elsewhere: `{path}`",
            code="request.path",
            hint="No URL can hold a part that is `.` or `..` as a value.",
        )
    return plain(join(asked.base_url, path))


def _climbs(path: str) -> int:
    """Count the parts of a path that servers take as a step up, or as none."""
    return sum(part in {".", ".."} for part in path.partition("?")[0].split("/"))


def _filled(value: Json, values: Mapping[str, object], *, keep_types: bool = False) -> Json:
    """Render strings inside; one that refers to a value that is None is left out, and so is what only holds such."""
    if isinstance(value, str):
        refers = any(values.get(p.name, _MISSING) is None for p in placeholders(value)) if "{" in value else False
        return _MISSING if refers else render_json(value, values, keep_types=keep_types)
    if isinstance(value, Mapping):
        filled = {k: f for k, v in value.items() if (f := _filled(v, values, keep_types=keep_types)) is not _MISSING}
        return filled if filled or not value else _MISSING
    if isinstance(value, list | tuple):
        listed = [f for v in value if (f := _filled(v, values, keep_types=keep_types)) is not _MISSING]
        return listed if listed or not value else _MISSING
    return value


def _pairs(name: str, value: Json) -> Iterator[tuple[str, str]]:
    """Write one parameter: lists repeat the name, objects write `name[key]`, null is left out."""
    if value is None or value is _MISSING:
        return
    if isinstance(value, list | tuple):
        for item in value:
            yield from _pairs(name, item)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _pairs(f"{name}[{key}]", item)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    else:
        yield name, str(value)


def encode(url: str, params: Params) -> str:
    """Return the URL as it goes out: parameters added, percent-encoded."""
    if not params:
        return url
    query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in params)
    return f"{url}{'&' if '?' in url else '?'}{query}"
