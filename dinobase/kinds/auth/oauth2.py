"""OAuth 2.0 (RFC 6749) with PKCE (RFC 7636)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dinobase.kinds.base import Kind


class OAuth2(Kind):
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
