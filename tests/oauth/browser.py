"""A person at a browser: signs in, then allows or denies; `python -m tests.oauth.browser allow URL` as $BROWSER."""

from __future__ import annotations

import re
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from typing import IO, Any
from urllib.parse import urlencode, urljoin


class _Stop(urllib.request.HTTPRedirectHandler):
    """Redirects are followed by hand, so that the last one can be looked at."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        return None


class Browser:
    """Keeps cookies; follows redirects as long as they stay with the server."""

    def __init__(self) -> None:
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar, _Stop())

    def open(self, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Return status, where it leads, and the page."""
        data = urlencode(form).encode() if form is not None else None
        try:
            answer: Any = self._opener.open(url, data, 30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, urljoin(url, answer.headers.get("Location") or ""), answer.read().decode()


def answered(url: str, *, allow: bool = True) -> str:
    """Sign in and answer the question; return the address that the server sends the browser to, not opened."""
    browser = Browser()
    server = url.split("/auth?", maxsplit=1)[0]
    status, to, page = browser.open(url)
    for _ in range(12):
        if status in {302, 303}:
            if not to.startswith(server):
                return to
            status, to, page = browser.open(to)
            continue
        form = re.search(r'<form[^>]*action="([^"]+)"', page)
        prompt = re.search(r'name="prompt" value="(\w+)"', page)
        assert form, page
        assert prompt, page
        if prompt[1] == "consent" and not allow:
            status, to, page = browser.open(f"{form[1]}/abort")
            continue
        filled = {"prompt": prompt[1], **({"login": "ada", "password": "x"} if prompt[1] == "login" else {})}
        status, to, page = browser.open(urljoin(server, form[1]), filled)
    raise AssertionError("the server asks and asks")


def visit(url: str, *, allow: bool = True) -> tuple[int, str]:
    """Answer, and follow the way back; return what the page there says."""
    status, _, page = Browser().open(answered(url, allow=allow))
    return status, page


if __name__ == "__main__":
    visit(sys.argv[2], allow=sys.argv[1] == "allow")
