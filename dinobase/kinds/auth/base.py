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
    """What a token flow brings home; `expires` is None and `scope` empty where the server does not say."""

    access: str
    refresh: str = ""
    expires: datetime | None = None
    scope: str = ""


Flow: TypeAlias = Generator[HttpRequest, HttpResponse, Token]


class AuthError(Exception):
    """A token flow that cannot go on; the message holds no secret.

    `problem` is the server's word (`invalid_grant`...), or ours: `missing` (nobody has allowed the access yet),
    `key_file` (the key cannot be used).
    """

    def __init__(self, message: str, problem: str = "") -> None:
        super().__init__(message)
        self.problem = problem


class AuthKind(Kind):
    """The protocol of all auth kinds; those without a token of their own override `sign` alone."""

    @property
    def has_flow(self) -> bool:
        """Tell whether requests need a token that a flow fetches."""
        return False

    @property
    def lasting(self) -> bool:
        """Tell whether a token holds what cannot be had again without a person: it rests where credentials do."""
        return False

    @property
    def by_consent(self) -> bool:
        """Tell whether a person has to allow the access before anything works."""
        return False

    def identity(self) -> str:
        """Return what a kept token belongs to; another text, and it is not used."""
        return self.model_dump_json()

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
