"""The token stands in the Authorization header."""

from __future__ import annotations

from typing import Literal

from dinobase.core.values import HttpRequest
from dinobase.kinds.auth.base import AuthKind, Token
from dinobase.kinds.base import Field


class Bearer(AuthKind):
    """`Authorization: Bearer {token}`."""

    type: Literal["bearer"] = "bearer"
    token: str = Field(description="The token, most often `{api_key}`.")
    prefix: str = Field(default="Bearer", description="The word before the token; empty for none.")

    def sign(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        """Set the Authorization header."""
        del token
        return request.with_header("Authorization", f"{self.prefix} {self.token}".strip())

    def secrets(self) -> tuple[str, ...]:
        """Return the token."""
        return (self.token,)
