"""A refresh token that the server replaces is on disk before it is used, so that a crash never loses the account.

What a person allowed rests where credentials do (`spec.vault`); a token that can be had again is kept in the state
folder, so that runs share it. Both are keyed by a hash of what they belong to.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from dinobase.core.clock import new_id
from dinobase.core.settings import Paths
from dinobase.extract.lock import Lock
from dinobase.kinds.auth.base import AuthKind, Token
from dinobase.spec.vault import Vault


class Tokens:
    """The tokens of one instance; `state_dir` is the workspace's, shared by all processes."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self.name = name
        self._state = state_dir
        self._file = state_dir / f"{name}.tokens"
        self._asking = state_dir / f"{name}.renewing"
        self._vault = Vault(Paths(state_dir.parent))

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Keep all others, in this process too, from renewing a token of the instance."""
        self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with Lock(self._file):
            yield

    def load(self, auth: AuthKind) -> Token | None:
        """Return the token that was kept for these credentials."""
        if not auth.lasting:
            return self._all().get(key(auth))
        try:
            return msgspec.json.decode(self._vault.token(self.name, key(auth)), type=Token)
        except msgspec.MsgspecError:
            return None

    def save(self, auth: AuthKind, token: Token) -> None:
        """Keep a token; on disk when this returns."""
        if auth.lasting:
            self._vault.keep_token(self.name, key(auth), msgspec.json.encode(token).decode())
            self._asking.unlink(missing_ok=True)
        else:
            self._write(self._file, msgspec.json.encode({**self._all(), key(auth): token}))

    def begins(self, auth: AuthKind, token: Token | None) -> bool:
        """Note that a refresh token is about to be used up; tell whether an answer to this very one was lost before."""
        used = hashlib.sha256(f"{key(auth)} {token.refresh if token else ''}".encode()).hexdigest()
        if self._asking.exists() and self._asking.read_text(encoding="utf-8") == used:
            return True
        self._write(self._asking, used.encode())
        return False

    def _write(self, path: Path, data: bytes) -> None:
        fresh = path.with_name(f"{path.name}.{new_id('new')}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def _all(self) -> dict[str, Token]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Token])
        except (OSError, msgspec.MsgspecError):
            return {}


def key(auth: AuthKind) -> str:
    """Return under which name a token of these credentials is kept."""
    return hashlib.sha256(auth.identity().encode()).hexdigest()[:32]
