"""What a token endpoint says (RFC 6749, 5): a token, or why there is none, without any secret in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from dinobase.core.values import HttpResponse
from dinobase.kinds.auth.base import AuthError, Token

_OK = 200


def token(response: HttpResponse, url: str, refresh: str, now: datetime) -> Token:
    """Return the token of an answer; `refresh` goes on to be used where the server sends no new one."""
    said = _fields(response)
    access = said.get("access_token")
    if response.status != _OK or not isinstance(access, str) or not access:
        reason = ": ".join(str(said[k]) for k in ("error", "error_description") if said.get(k))
        message = f"{url} gave no token (status {response.status}{', ' if reason else ''}{reason})"
        raise AuthError(message, problem(response))
    try:
        expires = now + timedelta(seconds=float(said["expires_in"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        expires = None
    scope = said.get("scope")
    return Token(access, str(said.get("refresh_token") or refresh), expires, scope if isinstance(scope, str) else "")


def problem(response: HttpResponse) -> str:
    """Return the server's code for what is wrong, or ''."""
    return str(_fields(response).get("error", ""))


def _fields(response: HttpResponse) -> dict[str, Any]:
    try:
        return msgspec.json.decode(response.body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
