"""Authentication without I/O: requests in, requests out; whoever drives it does the sending and keeps the token."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from dinobase.core.values import HttpRequest, HttpResponse
from dinobase.kinds.base import Kind


@dataclass(frozen=True, slots=True)
class Token:
    """What a token flow brings home; `expires` is None where the server does not say."""

    access: str
    refresh: str = ""
    expires: datetime | None = None


Flow: TypeAlias = Generator[HttpRequest, HttpResponse, Token]


class AuthError(Exception):
    """A token flow that the server refused; the message holds no secret."""


class AuthKind(Kind):
    """The protocol of all auth kinds; those without a token of their own override `sign` alone."""

    @property
    def has_flow(self) -> bool:
        """Tell whether requests need a token that a flow fetches."""
        return False

    def sign(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        """Return the request with the credentials in it."""
        del token
        return request

    def flow(self, token: Token | None, now: datetime) -> Flow:
        """Yield the requests that a new token takes and return it; `token` is the one before."""
        del token, now
        yield from ()
        return Token("")

    def secrets(self) -> tuple[str, ...]:
        """Return the values that must never be shown."""
        return ()

    def unsupported(self) -> str:
        """Return why this cannot be used, or ''."""
        return ""
