"""Which resource a request asks for: its path, its fixed parameters and body, and what it carries of its own.

Holes are read back out of the request: a parent's value, the start and the end of an incremental span.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from dinobase.kinds.paginate import Paginator
from dinobase.kinds.paginate.cursor import Cursor
from dinobase.kinds.read.rest import varies
from dinobase.kinds.template import placeholders
from dinobase.spec.models import Connector, Resource
from tests.connectors.emulator.paging import Asked, continued, known_params, own_params

Json: TypeAlias = Any

_ONE = r"([^/]+)"
_MANY = r"(.+)"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A template as an expression that gives its holes back."""

    expression: re.Pattern[str]
    names: tuple[str, ...]

    def read(self, text: str) -> dict[str, str] | None:
        """Return the values of the holes, None where the text is another."""
        found = self.expression.fullmatch(text)
        if found is None:
            return None
        seen: dict[str, str] = {}
        for name, value in zip(self.names, found.groups(), strict=True):
            if seen.setdefault(name, value) != value:
                return None
        return seen


def pattern(template: str, *, in_path: bool = False) -> Pattern:
    """Compile a template."""
    out, names, position = [], [], 0
    for hole in placeholders(template):
        token = f"{{{'+' if hole.keep_slashes else ''}{hole.name}}}"
        out.append(re.escape(_plain(template[position : hole.position])))
        out.append(_MANY if hole.keep_slashes or not in_path else _ONE)
        names.append(hole.name)
        position = hole.position + len(token)
    out.append(re.escape(_plain(template[position:])))
    return Pattern(re.compile("".join(out)), tuple(names))


def _plain(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


@dataclass(frozen=True, slots=True)
class Match:
    """A resource that a request may mean: `holes` as read, `weight` how much of it was fixed."""

    resource: Resource
    holes: dict[str, str]
    weight: int


@dataclass(slots=True)
class Route:
    """A resource's own request."""

    resource: Resource
    method: str
    path: Pattern
    params: list[tuple[str, Pattern]]
    body: Json
    document: str
    pager: Paginator | None
    further: str = ""
    own: set[str] = field(default_factory=set)

    def match(self, method: str, path: str, asked: Asked, allowed: set[str]) -> Match | str:
        """Return what the request asks for, or why it is not this one; '' where not even the path is."""
        if method != self.method:
            return ""
        if self.further and path == self.further:
            return self._further(asked)
        holes = self.path.read(path)
        if holes is None:
            return ""
        holes = {name: unquote(value) for name, value in holes.items()}
        weight = -10 * len(holes)
        if self.document and (not isinstance(asked.body, dict) or asked.body.get("query") != self.document):
            return ""
        rest = list(asked.query)
        for name, value in self.params:
            if name in self.own:
                continue
            sent = next((pair for pair in rest if pair[0] == name and value.read(pair[1]) is not None), None)
            if sent is None:
                if not value.names:
                    return f"the parameter {name}={value.expression.pattern} is missing"
                continue
            rest.remove(sent)
            weight += 1
            if not _merge(holes, value.read(sent[1]) or {}):
                return f"{name} contradicts the path"
        foreign = [name for name, _ in rest if name not in self.own | allowed]
        if foreign:
            return f"unexpected parameters {foreign}"
        if self.body is not None:
            sent_body = asked.body.get("variables") if self.document and isinstance(asked.body, dict) else asked.body
            found = _inside(self.body, sent_body, holes)
            if found is None:
                return "another body"
            weight += found
        return Match(self.resource, holes, weight)

    def _further(self, asked: Asked) -> Match | str:
        """Read a request that goes on: the cursor alone, and in it what the listing began at."""
        assert isinstance(self.pager, Cursor)
        if not isinstance(asked.body, dict) or set(asked.body) != {self.pager.cursor_body_path}:
            return f"a page that goes on takes `{self.pager.cursor_body_path}` alone"
        _, since = continued(self.pager, str(asked.body[self.pager.cursor_body_path]))
        return Match(self.resource, {"incremental.start_value": since} if since else {}, 0)


def _merge(holes: dict[str, str], more: Mapping[str, str]) -> bool:
    return all(holes.setdefault(name, value) == value for name, value in more.items())


def _inside(template: Json, sent: Json, holes: dict[str, str]) -> int | None:
    """Count what of a body is as its template has it; None where something is otherwise."""
    if isinstance(template, dict):
        if sent is None and _optional(template):
            return 0
        if not isinstance(sent, dict):
            return None
        total = 0
        for key, value in template.items():
            if key not in sent:
                if not _optional(value):
                    return None
                continue
            found = _inside(value, sent[key], holes)
            if found is None:
                return None
            total += found
        return total
    if isinstance(template, list):
        if not isinstance(sent, list) or (len(sent) != len(template) and not _optional(template)):
            return None
        parts = [_inside(a, b, holes) for a, b in zip(template, sent, strict=False)]
        return None if None in parts else sum(p for p in parts if p is not None)
    if isinstance(template, str) and placeholders(template):
        read = pattern(template).read(str(sent))
        return None if read is None or not _merge(holes, read) else 1
    if isinstance(template, str):
        return 1 if _plain(template) == sent else None
    return 1 if template == sent else None


def _optional(template: Json) -> bool:
    """Tell whether a part is left out while there is no start yet."""
    if isinstance(template, str):
        return bool(placeholders(template))
    if isinstance(template, dict):
        return all(_optional(value) for value in template.values()) and bool(template)
    return isinstance(template, list) and bool(template) and any(_optional(value) for value in template)


def routes(connector: Connector) -> Iterator[Route]:
    """Yield the request of every resource."""
    for resource in connector.resources:
        endpoint = resource.endpoint
        base = endpoint.base_url or connector.client.base_url
        graphql = connector.type == "graphql"
        path = endpoint.path or "" if graphql else resource.name if endpoint.path is None else endpoint.path
        names = {hole.name for hole in placeholders(path)}
        params = [(n, pattern(v)) for n, v in known_params(endpoint.params) if n not in names]
        pager = resource.paginator or endpoint.paginator or connector.client.paginator
        whole = address(base, path)
        for name in names & endpoint.params.keys():
            whole = whole.replace(f"{{{name}}}", str(endpoint.params[name]))
        query = whole.partition("?")[2]
        for pair in query.split("&") if query else ():
            name, _, value = pair.partition("=")
            params.append((unquote(name), pattern(unquote(value))))
        yield Route(
            resource=resource,
            method="POST" if graphql else endpoint.method,
            path=pattern(whole.partition("?")[0], in_path=True),
            params=params,
            body=resource.variables if graphql else endpoint.body,
            document=resource.query or "" if graphql else "",
            pager=pager,
            further=pager.continue_path if isinstance(pager, Cursor) else "",
            own=own_params(pager),
        )


def in_headers(resource: Resource, sent: Mapping[str, str]) -> dict[str, str]:
    """Read the holes of headers that carry a cursor; one that was not sent has none."""
    holes: dict[str, str] = {}
    for name, template in resource.endpoint.headers.items():
        if varies(template) and name.lower() in sent:
            holes |= pattern(template).read(sent[name.lower()]) or {}
    return holes


def address(base: str, path: str) -> str:
    """Return the path that a request goes to, holes in it; a parent's address stands for itself."""
    if path.startswith("{+") or re.fullmatch(r"\{[^{}]+\}", path):
        return path
    if "://" not in path:
        path = f"{base.partition('?')[0].rstrip('/')}/{path.lstrip('/')}" if path else base
    parts = urlsplit(path)
    return parts.path + (f"?{parts.query}" if parts.query else "")
