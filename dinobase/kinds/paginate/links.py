"""The next page's address is in the body or in a header; it is used as it came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urldefrag, urljoin

from dinobase.kinds.base import Field
from dinobase.kinds.body import MalformedError
from dinobase.kinds.paginate.page import Page, Pager, Step, ended
from dinobase.kinds.path import compile_path

_TARGET = re.compile(r"\s*,*\s*<\s*([^>]*?)\s*>")
_PARAM = re.compile(r'\s*;\s*([!#$&+\-.^_`|~0-9A-Za-z]+\*?)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?')
_ESCAPED = re.compile(r"\\(.)")


class JsonLink(Pager):
    """Stops when the address is missing, null or "", has_more is false, or done is true."""

    type: Literal["json_link"] = "json_link"
    next_url_path: str = Field(description="JSONPath to the next page's absolute or relative URL.")
    has_more_path: str = Field(default="", description="JSONPath to a flag; false ends the listing.")
    done_path: str = Field(default="", description="JSONPath to a flag; true ends the listing.")

    def next(self, page: Page, step: Step) -> Step | None:
        """Return the step of the address in the body."""
        del step
        if ended(page, self.has_more_path, self.done_path):
            return None
        return _follow(page, compile_path(self.next_url_path).text_in(page.body))


class HeaderLink(Pager):
    """Stops when there is no such link (RFC 8288)."""

    type: Literal["header_link"] = "header_link"
    rel: str = Field(default="next", description="The link's relation.")
    header: str = Field(default="Link", description="Another name than Link holds a bare URL.")

    def next(self, page: Page, step: Step) -> Step | None:
        """Return the step of the link with the relation."""
        del step
        value = page.headers.get(self.header.lower(), "").strip()
        if self.header.lower() != "link":
            return _follow(page, value)
        wanted = self.rel.lower()
        return _follow(page, next((url for url, rels in links(value) if wanted in rels), None))


def links(value: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Read a Link header: targets with their relations, lower case.

    Links about another resource are left out, and those that say `results="false"` (Sentry): nothing is there.
    """
    position = 0
    while target := _TARGET.match(value, position):
        position = target.end()
        found: dict[str, str] = {}
        while param := _PARAM.match(value, position):
            position = param.end()
            text = param.group(2) or ""
            if text.startswith('"'):
                text = _ESCAPED.sub(r"\1", text[1:-1])
            found.setdefault(param.group(1).lower(), text)  # of two `rel` the first one counts
        if "anchor" not in found and found.get("results", "").lower() != "false":
            yield target.group(1), frozenset(found.get("rel", "").lower().split())
        comma = value.find(",", position)
        if comma < 0:
            return
        position = comma


def _follow(page: Page, url: str | None) -> Step | None:
    if not url or not url.strip():
        return None
    try:
        return Step(url=urldefrag(urljoin(page.url, url.strip())).url)
    except ValueError:
        raise MalformedError(f"the next link `{url[:200]}` is not a URL") from None
