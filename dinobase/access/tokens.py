"""Tokens of agents: shown once, kept as hashes; a name is an identity, and `access:` in config.yaml says what it sees.

A token is 256 random bits, so that its plain SHA-256 cannot be searched for, and is found by it alone.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from dinobase.core import errors
from dinobase.core.clock import iso, now
from dinobase.kinds import duration
from dinobase.lake.records import open_records, read_records

PREFIX = "dino_"
_SINCE = 2  # the migration that makes their table
RESERVED = ("cli", "mcp", "default")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class TokenCreated:
    """The one time that a token is shown."""

    token: str
    name: str
    expires_at: str | None


@dataclass(frozen=True, slots=True)
class TokenState:
    """A token as it is listed; never the token."""

    name: str
    status: Literal["active", "expired", "revoked"]
    created_at: str
    expires_at: str | None
    revoked_at: str | None


@dataclass(frozen=True, slots=True)
class Tokens:
    """All that were created and not replaced."""

    tokens: Sequence[TokenState]


@dataclass(frozen=True, slots=True)
class TokenRevoked:
    """One that works no more."""

    name: str
    revoked_at: str


class TokenBook:
    """The workspace's tokens."""

    def __init__(self, state: Path, catalog: str) -> None:
        self._state = state
        self._catalog = catalog

    def create(self, name: str, *, expires: str | None = None) -> TokenCreated:
        """Make a token; one of the same name that works no more is replaced."""
        _check(name)
        ends = iso(now() + timedelta(seconds=_seconds(expires))) if expires else None
        token = PREFIX + secrets.token_urlsafe(32)
        with open_records(self._state, self._catalog) as records, records.changes():
            for row in records.rows(
                "SELECT name, created_at, expires_at, revoked_at FROM tokens WHERE name = ?", [name]
            ):
                if _state(*row).status == "active":
                    raise errors.UsageError(
                        f"There is a token {name} already",
                        code="token.exists",
                        hint=f"dinobase token revoke {name}, or choose another name.",
                        name=name,
                    )
            records.run("DELETE FROM tokens WHERE name = ?", [name])
            records.run(
                "INSERT INTO tokens (hash, name, created_at, expires_at) VALUES (?, ?, ?, ?)",
                [_hash(token), name, iso(now()), ends],
            )
        return TokenCreated(token, name, ends)

    def listed(self) -> Tokens:
        """Return all, by name."""
        with read_records(self._state, self._catalog, since=_SINCE) as records:
            rows = [] if records is None else records.rows(_ALL)
        return Tokens([_state(*row) for row in rows])

    def revoke(self, name: str) -> TokenRevoked:
        """End a token; from now on nobody gets in with it."""
        known = self.listed().tokens
        if name not in {token.name for token in known}:
            near = errors.did_you_mean(name, [token.name for token in known])
            hint = f"Did you mean {near}?" if near else "dinobase token list"
            raise errors.UnknownName(f"There is no token {name}", code="unknown.token", hint=hint, name=name)
        moment = iso(now())
        with open_records(self._state, self._catalog) as records, records.changes():
            records.run("UPDATE tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL", [moment, name])
            when = records.rows("SELECT revoked_at FROM tokens WHERE name = ?", [name])[0][0]
        return TokenRevoked(name, str(when))

    def stamp(self) -> tuple[int, ...] | None:
        """Return what differs as soon as anything was recorded; None where that cannot be told from files."""
        if self._catalog:
            return None
        found: list[int] = []
        for name in ("records.db", "records.db-wal"):
            try:
                facts = (self._state / name).stat()
            except FileNotFoundError:
                continue
            found += [facts.st_mtime_ns, facts.st_size, facts.st_ino]
        return tuple(found)

    def identity(self, token: str) -> str | None:
        """Return whose token it is; None where it does not work, whatever the reason."""
        if not token.startswith(PREFIX):
            return None
        with read_records(self._state, self._catalog, since=_SINCE) as records:
            rows = [] if records is None else records.rows(f"{_ONE} WHERE hash = ?", [_hash(token)])
        found = [_state(*row) for row in rows]
        return found[0].name if found and found[0].status == "active" else None


_ONE = "SELECT name, created_at, expires_at, revoked_at FROM tokens"
_ALL = f"{_ONE} ORDER BY name"


def _state(name: str, created: str, expires: str | None, revoked: str | None) -> TokenState:
    status: Literal["active", "expired", "revoked"] = "active"
    if revoked:
        status = "revoked"
    elif expires and datetime.fromisoformat(expires) <= now():
        status = "expired"
    return TokenState(name, status, created, expires, revoked)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _check(name: str) -> None:
    if name in RESERVED:
        raise errors.UsageError(
            f"`{name}` is an identity of its own, not a token's", code="token.name", hint="Name it after the agent."
        )
    if not _NAME.fullmatch(name):
        raise errors.UsageError(
            f"`{name}` is no name for a token",
            code="token.name",
            hint="Small letters, digits, `_`, `.` and `-`, beginning with a letter or digit; at most 64.",
        )


def _seconds(text: str) -> float:
    found = duration.seconds(text)
    if not found:
        raise errors.UsageError(f"--expires takes a span like 12h or 30d, not `{text}`", hint="--expires 30d")
    return found
