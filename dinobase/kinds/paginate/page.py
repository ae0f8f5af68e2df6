"""What a paginator sees and what it answers: values in, values out, so that a listing can be stopped and resumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from dinobase.kinds.base import Kind
from dinobase.kinds.body import Body
from dinobase.kinds.path import compile_path

Location: TypeAlias = Literal["query", "body"]


@dataclass(frozen=True, slots=True)
class Step:
    """How the request of one page differs from the listing's own request.

    params: set over the listing's; url: stands in place of URL and params; body: dotted path -> JSON text.
    alone: that body is all of the body, and `url` a place on the listing's host.
    number: offset or page; size: records that the API really gives per page, 0 while unknown.
    """

    params: tuple[tuple[str, str], ...] = ()
    url: str = ""
    body: tuple[tuple[str, str], ...] = ()
    number: int = 0
    size: int = 0
    alone: bool = False

    @property
    def mark(self) -> str:
        """Return what must not come twice in one listing, as a person would read it."""
        if self.url and not self.alone:
            return self.url
        return ", ".join(f"{name}={value}" for name, value in (*self.params, *self.body))


@dataclass(frozen=True, slots=True)
class Page:
    """One answer; `url` is the one that answered, without credentials; header names are lower case."""

    url: str
    headers: Mapping[str, str]
    body: Body
    count: int


class Pager(Kind):
    """The protocol of all paginators; each overrides what it needs."""

    def first(self) -> Step:
        """Return the first page's step."""
        return Step()

    def resume(self, token: str) -> Step | None:
        """Return the first page's step where a listing goes on at a token of an earlier one, None for its own start."""
        del token
        return None

    def next(self, page: Page, step: Step) -> Step | None:
        """Return the step after a page, None at the end."""
        del page, step
        return None

    def ahead(self, page: Page, step: Step) -> Iterable[Step]:
        """Return all steps that are known to follow, to be fetched at once; none where only `next` knows."""
        del page, step
        return ()

    def counts(self) -> bool:
        """Tell whether `next` looks at the number of records, else a page need not be cut before it is asked."""
        return False

    def ends_with(self, status: int, step: Step) -> bool:
        """Tell whether an error status means: past the end."""
        del status, step
        return False

    def own_params(self) -> tuple[str, ...]:
        """Return the query parameters that the paginator sets, whatever `params` says."""
        return ()


def counted(location: Location, sent: Iterable[tuple[str, int]], *, number: int, size: int) -> Step:
    """Return a step by numbers, in the query or at dotted paths in a body; what has no name is not sent."""
    named = tuple((name, str(value)) for name, value in sent if name)
    if location == "body":
        return Step(body=tuple((name.removeprefix("$."), text) for name, text in named), number=number, size=size)
    return Step(params=named, number=number, size=size)


def ended(page: Page, has_more_path: str, done_path: str) -> bool:
    """Tell whether a flag in the body ends the listing."""
    if has_more_path and compile_path(has_more_path).flag_in(page.body) is False:
        return True
    return bool(done_path) and compile_path(done_path).flag_in(page.body) is True
