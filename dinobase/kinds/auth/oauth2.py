"""OAuth 2.0 (RFC 6749): tokens are fetched ahead of their expiry, and once more on a 401."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlencode

import msgspec

from dinobase.core.values import HttpRequest, HttpResponse
from dinobase.kinds.auth.base import AuthError, AuthKind, Flow, Token
from dinobase.kinds.base import Field

_OK = 200
_REFUSED = (400, 401)


class OAuth2(AuthKind):
    """An access token that is fetched, and refreshed ahead of its expiry and once on a 401."""

    type: Literal["oauth2"] = "oauth2"
    token_url: str = Field(description="Where tokens are fetched and refreshed.")
    authorize_url: str = Field(default="", description="Where a person allows the access (authorization_code).")
    client_id: str = Field(description="The application's id.")
    client_secret: str = Field(default="", description="The application's secret; empty for public clients.")
    refresh_token: str = Field(default="", description="For the refresh_token grant: the first one.")
    scopes: tuple[str, ...] = Field(default=(), description="What is asked for.", strict=False)
    grant: Literal["authorization_code", "refresh_token", "client_credentials"] = Field(
        default="authorization_code", description="How the first token is had."
    )

    @property
    def has_flow(self) -> bool:
        """Every grant ends in a token."""
        return True

    def sign(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        """Set the access token as bearer."""
        return request.with_header("Authorization", f"Bearer {token.access}") if token else request

    def flow(self, token: Token | None, now: datetime) -> Flow:
        """Ask for a token: client id and secret in the header, and where that is refused, in the form."""
        form: dict[str, str] = {"grant_type": self.grant}
        refresh = (token.refresh if token else "") or self.refresh_token
        if self.grant == "refresh_token":
            form["refresh_token"] = refresh
        if self.scopes:
            form["scope"] = " ".join(self.scopes)
        response = yield self._request(form, in_header=bool(self.client_secret))
        if response.status in _REFUSED and self.client_secret and _problem(response) in {"invalid_client", ""}:
            response = yield self._request(form, in_header=False)
        return self._token(response, refresh, now)

    def secrets(self) -> tuple[str, ...]:
        """Return the secret and the refresh token."""
        return (self.client_secret, self.refresh_token)

    def unsupported(self) -> str:
        """Say which grant cannot be used."""
        if self.grant == "authorization_code":
            return "grant `authorization_code` is not available yet: use `client_credentials` or `refresh_token`"
        if self.grant == "refresh_token" and not self.refresh_token:
            return "grant `refresh_token` needs `refresh_token`"
        return ""

    def _request(self, form: dict[str, str], *, in_header: bool) -> HttpRequest:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if in_header:
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            secret = {"client_secret": self.client_secret} if self.client_secret else {}
            form = {**form, "client_id": self.client_id, **secret}
        return HttpRequest("POST", self.token_url, headers=headers, body=urlencode(form).encode())

    def _token(self, response: HttpResponse, refresh: str, now: datetime) -> Token:
        answer = _answer(response)
        access = answer.get("access_token")
        if response.status != _OK or not isinstance(access, str) or not access:
            reason = ": ".join(str(answer[k]) for k in ("error", "error_description") if answer.get(k))
            raise AuthError(
                f"{self.token_url} gave no token (status {response.status}{', ' if reason else ''}{reason})"
            )
        try:
            expires = now + timedelta(seconds=float(answer["expires_in"]))
        except (KeyError, TypeError, ValueError, OverflowError):
            expires = None
        return Token(access, str(answer.get("refresh_token") or refresh), expires)


def _answer(response: HttpResponse) -> dict[str, Any]:
    try:
        return msgspec.json.decode(response.body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _problem(response: HttpResponse) -> str:
    return str(_answer(response).get("error", ""))
