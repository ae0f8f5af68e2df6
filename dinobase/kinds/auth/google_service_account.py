"""Google service accounts: a signed JWT exchanged for a token (RFC 7523)."""

from __future__ import annotations

from typing import Literal

from dinobase.kinds.auth.base import AuthKind
from dinobase.kinds.base import Field


class GoogleServiceAccount(AuthKind):
    """The key file of a service account stands for a person's consent."""

    type: Literal["google_service_account"] = "google_service_account"
    key_file: str = Field(description="Path of the JSON key file, or its text.")
    scopes: tuple[str, ...] = Field(description="What is asked for.", strict=False)

    def unsupported(self) -> str:
        """Say that it cannot be used yet, rather than send requests without credentials."""
        return "`google_service_account` is not available yet: use `oauth2` with grant `refresh_token`"
