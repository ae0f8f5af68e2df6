"""Google service accounts: a signed JWT exchanged for a token (RFC 7523)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec

from dinobase.core.values import HttpRequest
from dinobase.kinds.auth import token_answer
from dinobase.kinds.auth.base import AuthError, AuthKind, Flow, Token
from dinobase.kinds.base import Field

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_LASTS = timedelta(minutes=59)
_CLOCKS_DIFFER = timedelta(minutes=1)


class GoogleServiceAccount(AuthKind):
    """The key file of a service account stands for a person's consent."""

    type: Literal["google_service_account"] = "google_service_account"
    key_file: str = Field(description="Path of the JSON key file, or its text.")
    scopes: tuple[str, ...] = Field(description="What is asked for.", strict=False)

    @property
    def has_flow(self) -> bool:
        """A signed statement buys a token."""
        return True

    def sign(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        """Set the access token as bearer."""
        return request.with_header("Authorization", f"Bearer {token.access}") if token else request

    def flow(self, token: Token | None, now: datetime) -> Flow:
        """Say who we are, signed with the key, and take the token; whoever drives this has read the file."""
        del token
        key = self._key()
        url = str(key.get("token_uri") or _TOKEN_URL)
        form = {"grant_type": _GRANT, "assertion": self._statement(key, url, now)}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        response = yield HttpRequest("POST", url, headers=headers, body=urlencode(form).encode())
        return token_answer.token(response, url, "", now)

    def secrets(self) -> tuple[str, ...]:
        """Return the private key where the file's text stands here."""
        key = str(_fields(self.key_file).get("private_key") or "")
        return (key, self.key_file) if key else ()

    def _key(self) -> dict[str, Any]:
        key = _fields(self.key_file)
        if not key:
            raise AuthError("the key file is not JSON", "key_file")
        found = key.get("type")
        if found != "service_account":
            what = f"of type `{found}`" if isinstance(found, str) else "without a type"
            raise AuthError(f"the key file is {what}, not `service_account`", "key_file")
        missing = [name for name in ("client_email", "private_key") if not key.get(name)]
        if missing:
            raise AuthError(f"the key file has no `{'` and no `'.join(missing)}`", "key_file")
        return key

    def _statement(self, key: dict[str, Any], url: str, now: datetime) -> str:
        import jwt  # 60 ms that only service accounts need

        begins = now - _CLOCKS_DIFFER
        claims = {
            "iss": key["client_email"],
            "scope": " ".join(self.scopes),
            "aud": url,
            "iat": int(begins.timestamp()),
            "exp": int((begins + _LASTS).timestamp()),
        }
        named = {"kid": key["private_key_id"]} if key.get("private_key_id") else {}
        try:
            return jwt.encode(claims, key["private_key"], algorithm="RS256", headers=named)
        except (ValueError, TypeError, jwt.PyJWTError):
            raise AuthError("the private key in the key file cannot be read", "key_file") from None


def _fields(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
