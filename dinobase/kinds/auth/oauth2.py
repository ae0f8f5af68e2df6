"""OAuth 2.0 (RFC 6749): tokens are fetched ahead of their expiry, and once more on a 401."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlencode

from dinobase.core.values import HttpRequest
from dinobase.kinds.auth import token_answer
from dinobase.kinds.auth.base import AuthError, AuthKind, Flow, Token
from dinobase.kinds.auth.consent import challenge
from dinobase.kinds.base import Field

_REFUSED = (400, 401)


class OAuth2(AuthKind):
    """An access token that is fetched, and refreshed ahead of its expiry and once on a 401."""

    type: Literal["oauth2"] = "oauth2"
    token_url: str = Field(description="Where tokens are fetched and refreshed.")
    authorize_url: str = Field(
        default="", description="Where a person allows the access (authorization_code); its own parameters are kept."
    )
    client_id: str = Field(description="The application's id.")
    client_secret: str = Field(default="", description="The application's secret; empty for public clients.")
    refresh_token: str = Field(default="", description="For the refresh_token grant: the first one.")
    scopes: tuple[str, ...] = Field(default=(), description="What is asked for.", strict=False)
    grant: Literal["authorization_code", "refresh_token", "client_credentials"] = Field(
        default="authorization_code",
        description="How the first token is had; authorization_code: `dinobase auth NAME`.",
    )

    @property
    def has_flow(self) -> bool:
        """Every grant ends in a token."""
        return True

    @property
    def lasting(self) -> bool:
        """A refresh token that is lost costs a person's time; a client's own token does not."""
        return self.grant != "client_credentials"

    @property
    def by_consent(self) -> bool:
        """Only this grant begins in a browser."""
        return self.grant == "authorization_code"

    def identity(self) -> str:
        """Leave out the secret and the scopes: a client that gets new ones keeps what it was allowed."""
        if not self.lasting:
            return self.model_dump_json()
        return f"{self.type} {self.token_url} {self.client_id} {self.grant} {self.refresh_token}"

    def sign(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        """Set the access token as bearer."""
        return request.with_header("Authorization", f"Bearer {token.access}") if token else request

    def authorization(self, redirect: str, state: str, verifier: str, scopes: Sequence[str]) -> str:
        """Return the address at which a person allows the access."""
        fields = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect,
            **({"scope": " ".join(scopes)} if scopes else {}),
            "state": state,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        url = self.authorize_url
        return f"{url}{'&' if '?' in url else '?'}{urlencode(fields, quote_via=quote)}"

    def exchange(self, code: str, redirect: str, verifier: str, now: datetime) -> Flow:
        """Turn a code into the first token."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect, "code_verifier": verifier}
        return (yield from self._tokens(form, "", now))

    def flow(self, token: Token | None, now: datetime) -> Flow:
        """Ask for the next token: of a client by its own right, else by the refresh token."""
        if self.grant == "client_credentials":
            scope = {"scope": " ".join(self.scopes)} if self.scopes else {}
            return (yield from self._tokens({"grant_type": self.grant, **scope}, "", now))
        refresh = (token.refresh if token else "") or self.refresh_token
        if not refresh:
            raise AuthError(_nothing_to_go_on(token, by_consent=self.by_consent), "missing")
        return (yield from self._tokens({"grant_type": "refresh_token", "refresh_token": refresh}, refresh, now))

    def secrets(self) -> tuple[str, ...]:
        """Return the secret and the refresh token."""
        return (self.client_secret, self.refresh_token)

    def _tokens(self, form: dict[str, str], refresh: str, now: datetime) -> Flow:
        """Name the client in the header, and where that is refused, in the form."""
        response = yield self._request(form, in_header=bool(self.client_secret))
        if (
            response.status in _REFUSED
            and self.client_secret
            and token_answer.problem(response) in {"invalid_client", ""}
        ):
            response = yield self._request(form, in_header=False)
        return token_answer.token(response, self.token_url, refresh, now)

    def _request(self, form: dict[str, str], *, in_header: bool) -> HttpRequest:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if in_header:
            pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            secret = {"client_secret": self.client_secret} if self.client_secret else {}
            form = {**form, "client_id": self.client_id, **secret}
        return HttpRequest("POST", self.token_url, headers=headers, body=urlencode(form).encode())


def _nothing_to_go_on(token: Token | None, *, by_consent: bool) -> str:
    if token is not None:
        return "the access has ended, and the server gave nothing to renew it with"
    return "nobody has allowed the access yet" if by_consent else "there is no refresh token"
