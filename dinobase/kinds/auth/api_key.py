"""A key in a header, in the query or in a cookie."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dinobase.core.values import HttpRequest
from dinobase.kinds.auth.base import AuthKind, Token


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
            return request.with_params((self.name, self.api_key))
        if self.location == "header":
            return request.with_header(self.name, self.api_key)
        cookie = f"{self.name}={self.api_key}"
        others = request.headers.get("Cookie")
        return request.with_header("Cookie", f"{others}; {cookie}" if others else cookie)

    def secrets(self) -> tuple[str, ...]:
        """Return the key."""
        return (self.api_key,)
