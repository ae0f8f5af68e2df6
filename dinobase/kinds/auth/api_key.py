"""A key in a header, in the query or in a cookie."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal
from urllib.parse import unquote_plus

from dinobase.core.values import HttpRequest
from dinobase.kinds.auth.base import AuthKind, Token
from dinobase.kinds.base import Field


class ApiKey(AuthKind):
    """The key under a name of the API's choosing."""

    type: Literal["api_key"] = "api_key"
    name: str = Field(description="Name of the header, parameter or cookie.")
    api_key: str = Field(description="The key, most often `{api_key}`.")
    location: Literal["header", "query", "cookie"] = Field(default="header", description="Where the key travels.")

    def sign(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        """Put the key where it travels."""
        del token
        if self.location == "query":
            return replace(request, url=_without(request.url, self.name)).with_params((self.name, self.api_key))
        if self.location == "header":
            return request.with_header(self.name, self.api_key)
        cookie = f"{self.name}={self.api_key}"
        others = request.headers.get("Cookie")
        return request.with_header("Cookie", f"{others}; {cookie}" if others else cookie)

    def secrets(self) -> tuple[str, ...]:
        """Return the key."""
        return (self.api_key,)


def _without(url: str, name: str) -> str:
    """Return a next link without the key that some APIs repeat in it, so that it does not go out twice."""
    path, question, query = url.partition("?")
    if not question:
        return url
    kept = "&".join(pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) != name)
    return f"{path}?{kept}" if kept else path
