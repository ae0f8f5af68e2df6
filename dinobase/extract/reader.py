"""One resource of one session: its requests, where its records are, and which answers end it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from dinobase.core.errors import FetchError, RequestError
from dinobase.core.secrets import redact
from dinobase.core.values import Event, HttpResponse
from dinobase.extract import faults
from dinobase.extract.session import Session
from dinobase.kinds import body as bodies
from dinobase.kinds.body import Body, MalformedError, Raw
from dinobase.kinds.origin import origin
from dinobase.kinds.paginate.page import Page, Pager, Step
from dinobase.kinds.paginate.single_page import SinglePage
from dinobase.kinds.path import compile_path
from dinobase.kinds.read.rest import Asked, Listing, combined, listing, varies
from dinobase.kinds.select import Cut, Selector, left_out
from dinobase.spec.models import Resource

Answer = TypeVar("Answer")

_GONE = frozenset({404, 410})
_NO_CONTENT = 204
_NOT_MODIFIED = 304
_THROTTLED = (b"THROTTLED", b"RATE_LIMITED", b"RATELIMITED", b"COMPLEXITY_BUDGET_EXHAUSTED", b"ComplexityException")


@dataclass(frozen=True, slots=True)
class Got:
    """One page, read; `over` where the status said that there is nothing (more), `missing` where there is no parent."""

    step: Step
    page: Page
    response: HttpResponse
    records: Sequence[Raw | bytes]
    over: bool = False
    missing: bool = False


class ResourceReader:
    """Asks for pages of a resource and reads them; what it settles on (the list of records) holds for all of them."""

    def __init__(self, session: Session, resource: Resource, cut: Cut | None = None) -> None:
        connector = session.connector
        self.session = session
        self.resource = resource
        self.rank = next((n for n, known in enumerate(connector.resources) if known.name == resource.name), 0)
        self.graphql = connector.type == "graphql"
        self.mcp = connector.type == "mcp"
        self.pager: Pager = (
            resource.paginator or resource.endpoint.paginator or connector.client.paginator or SinglePage()
        )
        own = self.graphql or self.mcp
        self._selector = Selector(resource.data_selector if own else resource.endpoint.data_selector, cut)
        headers = resource.endpoint.headers
        self._headers = {name: text for name, text in headers.items() if not varies(text)}
        self._varying = {name: text for name, text in headers.items() if varies(text)}
        self._gone = _GONE | set(resource.empty_statuses) if resource.parent else frozenset()
        self._optional = (resource.endpoint.data_selector or "") if resource.endpoint.optional else ""
        self._clashes: set[str] = set()
        self._hosts = frozenset(host.lower() for host in connector.client.allow_hosts)
        base, path = resource.endpoint.base_url or connector.client.base_url, resource.endpoint.path or ""
        self._home = base if path.startswith("{") else ""  # else no value can lead to another host
        if resource.auth and resource.auth not in connector.auth_methods:
            raise RequestError(f"resource `{resource.name}` names auth `{resource.auth}`, which auth_methods has not")

    def listing(self, values: Mapping[str, object]) -> Listing:
        """Return the request that a listing's pages share."""
        client, resource, endpoint = self.session.connector.client, self.resource, self.resource.endpoint
        headers = combined({"Accept": "application/json"}, client.headers, self._headers)
        base_url = endpoint.base_url or client.base_url
        if self.graphql:
            path = endpoint.path or ""
            asked = Asked(base_url, path, "POST", endpoint.params, headers, resource.variables, resource.query or "")
        elif self.mcp:
            asked = Asked(base_url, "", "POST", {}, headers, resource.arguments)
        else:
            path = resource.name if endpoint.path is None else endpoint.path
            asked = Asked(
                base_url, path, endpoint.method, endpoint.params, headers, endpoint.body, varying=self._varying
            )
        return listing(asked, values)

    async def fetch(self, shared: Listing, step: Step, *, attempts: int | None = None) -> HttpResponse:
        """Ask for one page."""
        request = shared.page(step)
        bare = False
        if step.url:
            url, bare = self._checked(shared.request.url, request.url)
            request = replace(request, url=url)
        elif self._home:
            url, bare = self._checked(self._home, request.url, "a record's link")
            request = replace(request, url=url)
        first_page = step == self.pager.first()

        def accept(status: int) -> bool:
            return (
                self.pager.ends_with(status, step)
                or (first_page and status in self._gone)
                or (status == _NOT_MODIFIED and bool(self._varying))
            )

        return await self.session.send(
            request,
            resource=self.resource.name,
            auth=self.resource.auth or "",
            accept=accept,
            bare=bare,
            attempts=attempts,
            status_of=_graphql_status if self.graphql else _own_status,
        )

    def read(self, response: HttpResponse, step: Step) -> Got:
        """Read a page; raises FetchError where its body cannot be used."""
        return self.cut(self.open(response, step))

    def open(self, response: HttpResponse, step: Step) -> Got:
        """Read a page but for its records; raises FetchError where its body cannot be used."""
        if response.status >= 300:
            missing = response.status in self._gone and not self.pager.ends_with(response.status, step)
            page = Page(response.url, response.headers, Body(b""), 0)
            return Got(step, page, response, (), over=True, missing=missing)
        try:
            content = b"" if response.status == _NO_CONTENT else response.body
            body = bodies.read(content, response.headers.get("content-type", ""))
            if self.graphql:
                _refuse_errors(body)
        except MalformedError as error:
            raise self._malformed(error, response) from None
        return Got(step, Page(response.url, response.headers, body, 0), response, ())

    def cut(self, got: Got) -> Got:
        """Take a page's records out of it; raises FetchError where they are not to be found."""
        if got.over:
            return got
        body, response, session = got.page.body, got.response, self.session
        try:
            records = () if self._optional and left_out(body, self._optional) else self._selector.records(body)
        except MalformedError as error:
            raise self._malformed(error, response) from None
        session.emit(Event("page", session.name, self.resource.name, rows=len(records), bytes=len(response.body)))
        return replace(got, page=replace(got.page, count=len(records)), records=records)

    def following(self, got: Got) -> Step | None:
        """Return the step after a page."""
        return None if got.over else self._asked(lambda: self.pager.next(got.page, got.step), got)

    def clash(self, key: str, renamed: str) -> None:
        """Say once that a field has the name of the column that a child keeps its parent's value in."""
        if key not in self._clashes:
            self._clashes.add(key)
            session = self.session
            told = f"records have a field `{key}`, which is the parent's value here; theirs is read as `{renamed}`"
            session.emit(Event("note", session.name, self.resource.name, reason=told))

    def ahead(self, got: Got) -> Iterator[Step]:
        """Return the steps that are known to follow."""
        return iter(self._asked(lambda: self.pager.ahead(got.page, got.step), got))

    def token(self, got: Got) -> str | None:
        """Return what token_path finds."""
        incremental = self.resource.incremental
        if incremental is None or not incremental.token_path or got.over:
            return None
        path = compile_path(incremental.token_path)
        return self._asked(lambda: path.text_in(got.page.body), got)

    def _asked(self, question: Callable[[], Answer], got: Got) -> Answer:
        try:
            return question()
        except MalformedError as error:
            raise self._malformed(error, got.response) from None

    def _malformed(self, error: MalformedError, response: HttpResponse) -> FetchError:
        return faults.malformed(error, response, resource=self.resource.name, url=response.url)

    def _checked(self, home_url: str, url: str, what: str = "the next link") -> tuple[str, bool]:
        """Return a link and whether it goes out without credentials; raises where it leads elsewhere."""
        home = origin(home_url)
        try:
            there = origin(url)
        except ValueError:
            raise self._elsewhere(what, url, "which is not an http or https URL", "") from None
        if home.keeps(there):
            return url, False
        if there.is_downgrade_of(home):
            return f"https{url[4:]}", False
        if there.named_in(self._hosts):
            return url, True
        raise self._elsewhere(
            what,
            url,
            f"which is another origin than {home}",
            f"If the API's documentation says so, name {there.host} in client.allow_hosts; "
            "it is then asked without credentials.",
        )

    def _elsewhere(self, what: str, url: str, why: str, hint: str) -> FetchError:
        shown = redact(url)
        return FetchError(
            f"{what} is {shown}, {why}",
            code="fetch.other_host",
            hint=hint,
            resource=self.resource.name,
            url=shown,
        )


def _own_status(response: HttpResponse) -> int:
    return response.status


def _graphql_status(response: HttpResponse) -> int:
    """Return 429 for an answer that is a rate limit in spite of its 200."""
    if response.status != 200 or b'"errors"' not in response.body:
        return response.status
    try:
        errors = bytes(Body(response.body).at(("errors",)) or b"")
    except MalformedError:  # what it is instead is said where the page is read
        return response.status
    return 429 if any(word in errors for word in _THROTTLED) else response.status


def _refuse_errors(body: Body) -> None:
    errors = body.at(("errors",))
    if errors is not None and bytes(errors) not in {b"null", b"[]"}:
        message = body.at(("errors", 0, "message"))
        text = bytes(errors)[:200].decode(errors="replace") if message is None else bodies.scalar(message)
        raise MalformedError(f"the API answers with errors: {text}", code="fetch.graphql")
