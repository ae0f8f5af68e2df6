"""The API that a connector describes, as a real server on loopback: it serves, limits, refuses and remembers.

Whatever no part of the connector explains is a problem in `problems`, and the check that drives it fails.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from aiohttp import web

from dinobase.kinds.auth import Auth
from dinobase.kinds.auth.api_key import ApiKey
from dinobase.kinds.auth.bearer import Bearer
from dinobase.kinds.auth.http_basic import HttpBasic
from dinobase.kinds.auth.oauth2 import OAuth2
from dinobase.kinds.paginate.cursor import Cursor
from dinobase.kinds.read.rest import varies
from dinobase.spec.models import Connector, Resource
from tests.connectors.emulator import values
from tests.connectors.emulator.failing import told
from tests.connectors.emulator.matching import Match, Route, address, in_headers, pattern, routes
from tests.connectors.emulator.paging import AT, Asked, enveloped, page
from tests.connectors.emulator.places import field_path, get, put, put_list, steps
from tests.connectors.emulator.records import LAST_DAYS, Record, Records, Stream, token_inside
from tests.connectors.emulator.retrieving import Retrieving
from tests.connectors.emulator.shapes import Shapes
from tests.connectors.emulator.writes import Writes
from tests.servers.vendor import Received, Reply, VendorServer

Json: TypeAlias = Any

_TOKENS = "/emulated/token"
_EXPIRES_AFTER = 4  # requests with the first token of an OAuth2 connector


class Emulator(VendorServer):
    """Answers what the connector asks; `served` counts the records that each resource's listings gave."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.served: dict[str, set[int]] = {}
        self.starts: dict[str, list[str | None]] = {}
        self.largest: dict[str, int] = {}  # pages, in records
        self.tokens = 0
        self.expired = 0
        self._uses = 0
        self._limited: set[str] = set()
        self._lock = threading.Lock()

    def play(self, connector: Connector, shapes: Shapes) -> None:
        """Take the connector's part; its base_url is this server's."""
        self.connector = connector
        self.shapes = shapes
        self.records = Records(connector, shapes, self.url)
        self.routes = list(routes(connector))
        check = address(connector.client.base_url, connector.check.path) if connector.check else ""
        self._check_path = pattern(check.partition("?")[0], in_path=True)
        self._fields = [
            (pattern(address(connector.client.base_url, r.fields.path), in_path=True), r)
            for r in connector.resources
            if r.fields is not None
        ]
        self.retrieving = Retrieving(connector, self.records)
        self.writes = Writes(connector, shapes, self.records, self.problems)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer in the connector's part, keeping the path as it came."""
        received = Received(
            request.method,
            request.rel_url.raw_path,
            tuple(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)),
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
        )
        with self._lock:
            self.requests.append(received)
            try:
                reply = self.answer(received)
                if received.path != _TOKENS:
                    reply = told(self.connector.client.errors, reply)
            except Exception as error:  # noqa: BLE001 - the check reports it, with the request that led to it
                self.problems.append(f"{received.method} {received.path}: emulator: {type(error).__name__}: {error}")
                reply = Reply({"message": "the emulator failed"}, 400)
        if reply.status in {204, 304}:
            return web.Response(status=reply.status, headers=reply.headers)
        text = json.dumps(reply.body)
        return web.Response(status=reply.status, headers=reply.headers, text=text, content_type="application/json")

    def answer(self, request: Received) -> Reply:
        """Return what the vendor would."""
        if request.path == _TOKENS:
            return self._token(request)
        asked = Asked(f"{self.url}{request.path}", request.query, _body(request))
        found = self._match(request, asked)
        if found:
            for match in found:
                match.holes.update(in_headers(match.resource, request.headers))
            refused = self._refused(request, found[0].resource.auth, found[0].resource.endpoint.headers)
            return refused or self._listing(found, asked)
        check = self.connector.check
        if check is not None and request.method == check.method and self._check_path.read(request.path) is not None:
            return self._refused(request, check.auth, {}) or Reply({"ok": True})
        for known, resource in self._fields:
            if request.method == "GET" and known.read(request.path) is not None:
                return self._refused(request, resource.auth, {}) or Reply(_no_fields(resource))
        written = self.writes.find(request)
        if written:
            refused = self._refused(request, written.auth or self.writes.resource(written).auth, written.headers)
            return refused or self.writes.apply(written, request)
        got = self.retrieving.find(request)
        if got is not None:
            refused = self._refused(request, got.resource.auth, got.resource.endpoint.headers)
            return refused or got.reply
        return self._foreign(request, asked)

    def _foreign(self, request: Received, asked: Asked) -> Reply:
        reasons = [why for r in self.routes if (why := self._try(r, request, asked)) and isinstance(why, str)]
        reason = "; ".join(dict.fromkeys(reasons)) or "no part of the connector has this path"
        self.problems.append(f"{request.method} {request.path} {dict(request.query)}: {reason}")
        return Reply({"message": reason}, 400)

    def _try(self, route: Route, request: Received, asked: Asked) -> Match | str:
        return route.match(request.method, request.path, asked, self._key_params())

    def _match(self, request: Received, asked: Asked) -> list[Match]:
        found = [m for route in self.routes if isinstance(m := self._try(route, request, asked), Match)]
        found = [m for m in found if self._streams(m)] or found
        best = max((m.weight for m in found), default=0)
        return [m for m in found if m.weight == best]

    def _streams(self, match: Match) -> list[Stream]:
        """Return the listings that the holes name; more than one where a request holds several parents' children."""
        names = {name for s in self.records.streams[match.resource.name] for name in s.given} & match.holes.keys()
        return [
            stream
            for stream in self.records.streams[match.resource.name]
            if all(self._same(stream.given[name], match.holes[name]) for name in names)
        ]

    def _same(self, value: Json, hole: str) -> bool:
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        return text == hole or text.removeprefix(f"{self.url}/").strip("/") == hole.strip("/")

    def _listing(self, matches: list[Match], asked: Asked) -> Reply:
        body: Json = None
        headers: dict[str, str] = {}
        for match in matches:
            streams = self._streams(match)
            if not streams:
                self.problems.append(f"{asked.url}: {match.resource.name} has no such parent: {match.holes}")
                return Reply({"message": "not found"}, 404)
            if self._is_limited(match.resource.name, asked):
                return Reply({"message": "too many requests"}, 429, {"Retry-After": "0"})
            reply = self._page(match, streams[0], asked)
            if reply.status != 200:
                return reply
            body = _together(body, reply.body)
            headers |= reply.headers
        return Reply(body, 200, headers)

    def _is_limited(self, name: str, asked: Asked) -> bool:
        """Refuse each resource's second request once."""
        first = f"{name} asked"
        if first not in self._limited:
            self._limited.add(first)
            return False
        if name in self._limited:
            return False
        self._limited.add(name)
        return True

    def _page(self, match: Match, stream: Stream, asked: Asked) -> Reply:
        resource = match.resource
        shape = self.shapes.resources[resource.name]
        start, end = match.holes.get("incremental.start_value"), match.holes.get("incremental.end_value")
        self.starts.setdefault(resource.name, []).append(start)
        records = self._since(resource, stream, start, end)
        graphql = self.connector.type == "graphql"
        selector = resource.data_selector if graphql else resource.endpoint.data_selector
        pager = next(r.pager for r in self.routes if r.resource is resource)
        found = page(pager, asked, [record.data for record in records], selector)
        if found.status != 200:
            return Reply({"message": "past the end"}, found.status)
        shown = records[found.start : found.start + len(found.records)]
        self.served.setdefault(resource.name, set()).update(record.number for record in shown)
        self.largest[resource.name] = max(len(shown), self.largest.get(resource.name, 0))
        if shape.single and found.records:
            return Reply(_one(selector, found.records[0]))
        where = selector if selector is not None else shape.list or ("items" if found.puts else "$")
        body = put_list(None, steps(where), found.records)
        if resource.endpoint.optional and not found.records:
            body = put({}, steps(where)[:-1], {})  # such an API leaves the list out
        incremental = resource.incremental
        going_on = isinstance(pager, Cursor) and pager.continue_path and found.start + len(shown) < len(records)
        beside = incremental is not None and incremental.token_path and not token_inside(incremental.token_path)
        if incremental is not None and beside and not going_on:
            found.puts.append((incremental.token_path, f"token-{len(stream.records)}"))
        return Reply(enveloped(body, found.puts), 200, found.headers)

    def _since(self, resource: Resource, stream: Stream, start: str | None, end: str | None) -> list[Record]:
        """Return what a filter leaves, in the order that the connector says it asks for."""
        incremental = resource.incremental
        if incremental is None:
            return list(stream.records)
        if incremental.token_path and not incremental.cursor_path:
            return [
                r for r in stream.records if not (start or "").startswith(("token-", f"{LAST_DAYS:%Y}")) or r.changed
            ]
        schema = self.shapes.resources[resource.name].record
        path = list(field_path(schema, incremental.cursor_path, resource.lift) or [])
        kept = [
            record
            for record in stream.records
            if (start is None or values.not_before(get(record.data, path), start))
            and (end is None or values.not_before(end, get(record.data, path)))
        ]
        if incremental.order:
            kept.sort(key=lambda record: _sortable(get(record.data, path)), reverse=incremental.order == "desc")
        return kept

    def _key_params(self) -> set[str]:
        auths = [self.connector.client.auth, *self.connector.auth_methods.values()]
        return {a.name for a in auths if isinstance(a, ApiKey) and a.location == "query"} | {AT}

    def _refused(self, request: Received, method: str | None, headers: dict[str, str]) -> Reply | None:
        """Return a 401 where the credentials are not as the connector has them; None where all is well."""
        for name, value in {**self.connector.client.headers, **headers}.items():
            if not varies(value) and request.headers.get(name.lower()) != value:
                self.problems.append(f"{request.path}: the header {name} is {request.headers.get(name.lower())}")
        auth = self.connector.auth_methods.get(method) if method else self.connector.client.auth
        if isinstance(auth, OAuth2):
            return self._with_token(request)
        why = _wrong(auth, request)
        if why:
            self.problems.append(f"{request.method} {request.path}: {why}")
            return Reply({"message": why}, 401)
        return None

    def _with_token(self, request: Received) -> Reply | None:
        self._uses += 1
        if self._uses == _EXPIRES_AFTER and self.tokens == 1:
            self.expired += 1
            return Reply({"message": "the token has expired"}, 401)
        sent = request.headers.get("authorization", "")
        if sent == f"Bearer access-{self.tokens}":
            return None
        if not (self.expired and sent == "Bearer access-1"):  # requests in flight while the token was renewed
            self.problems.append(f"{request.method} {request.path}: Authorization is `{sent}`")
        return Reply({"message": "invalid token"}, 401)

    def _token(self, request: Received) -> Reply:
        form = dict(parse_qsl(request.body.decode()))
        if request.headers.get("content-type") != "application/x-www-form-urlencoded" or "grant_type" not in form:
            self.problems.append(f"the token was asked for by {form}")
        self.tokens += 1
        body = {"access_token": f"access-{self.tokens}", "token_type": "Bearer", "expires_in": 3600}
        if form.get("grant_type") == "refresh_token":
            body["refresh_token"] = f"refresh-{self.tokens}"
        return Reply(body)


def _no_fields(resource: Resource) -> Json:
    """Return a listing of an account's own fields that has one of the file's own."""
    plan = resource.fields
    assert plan is not None
    own: Json = {plan.name: "id"}  # of no account's own
    for at, value in plan.ask_where.items():
        own = put(own, list(at.split(".")), not value)
    return put(None, steps(plan.data_selector or "$"), [own])


def _body(request: Received) -> Json:
    try:
        return json.loads(request.body) if request.body else None
    except ValueError:
        return None


def _wrong(auth: Auth | None, request: Received) -> str:
    sent = request.headers.get("authorization", "")
    if isinstance(auth, Bearer) and sent != f"{auth.prefix} {auth.token}".strip():
        return f"Authorization is `{sent}`"
    if isinstance(auth, HttpBasic):
        pair = b64encode(f"{auth.username}:{auth.password}".encode()).decode()
        return "" if sent == f"Basic {pair}" else f"Authorization is `{sent}`"
    if isinstance(auth, ApiKey):
        places = {
            "header": request.headers.get(auth.name.lower()),
            "query": dict(request.query).get(auth.name),
            "cookie": request.headers.get("cookie", "").removeprefix(f"{auth.name}="),
        }
        if places[auth.location] != auth.api_key:
            return f"{auth.name} is `{places[auth.location]}`"
    return ""


def _one(selector: str | None, record: Json) -> Json:
    body: Json = record
    for step in reversed(steps(selector or "$")):
        body = {step: body} if isinstance(step, str) else [body]
    return body


def _together(first: Json, second: Json) -> Json:
    """Lay two resources' answers to one request over each other."""
    if isinstance(first, dict) and isinstance(second, dict):
        return {**first, **{key: _together(first.get(key), value) for key, value in second.items()}}
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        return [_together(a, b) for a, b in zip(first, second, strict=True)]
    return second if first is None or second is not None else first


def _sortable(value: Json) -> float:
    found = values.moment(value)
    return found.timestamp() if found is not None else float(value)
