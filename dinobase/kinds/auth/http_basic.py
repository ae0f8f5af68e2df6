"""HTTP Basic (RFC 7617); either part may be empty."""

from __future__ import annotations

from base64 import b64encode
from typing import Literal

from dinobase.core.values import HttpRequest
from dinobase.kinds.auth.base import AuthKind, Token
from dinobase.kinds.base import Field


class HttpBasic(AuthKind):
    """`Authorization: Basic base64(username:password)`."""

    type: Literal["http_basic"] = "http_basic"
    username: str = Field(default="", description="May be empty. Stripe: the key stands here.")
    password: str = Field(default="", description="May be empty.")

    def sign(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        """Set the Authorization header."""
        del token
        return request.with_header("Authorization", f"Basic {self._encoded()}")

    def secrets(self) -> tuple[str, ...]:
        """Return what is secret, in the form that travels too; beside a dummy password the username is the key."""
        shortest = 8
        parts = (self.password,) if len(self.password) >= shortest else (self.username, self.password)
        return (*parts, self._encoded())

    def _encoded(self) -> str:
        return b64encode(f"{self.username}:{self.password}".encode()).decode()
