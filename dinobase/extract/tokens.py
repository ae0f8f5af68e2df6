"""A refresh token that the server replaces is on disk before it is used, so that a crash never loses the account."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from dinobase.core.clock import new_id
from dinobase.extract.lock import Lock
from dinobase.kinds.auth.base import AuthKind, Token


class TokenFile:
    """The tokens of one instance, 0600, each under a hash of the credentials that it came from."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Keep all others, in this process too, from renewing a token of the instance."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with Lock(self._path):
            yield

    def load(self, auth: AuthKind) -> Token | None:
        """Return the token that was kept for these credentials."""
        return self._all().get(_key(auth))

    def save(self, auth: AuthKind, token: Token) -> None:
        """Keep a token; on disk when this returns."""
        everything = {**self._all(), _key(auth): token}
        fresh = self._path.with_name(f"{self._path.name}.{new_id('new')}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(everything))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)

    def _all(self) -> dict[str, Token]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Token])
        except (OSError, msgspec.MsgspecError):
            return {}


def _key(auth: AuthKind) -> str:
    return hashlib.sha256(auth.model_dump_json().encode()).hexdigest()[:32]
