"""The token stands in the Authorization header."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dinobase.kinds.base import Kind


class Bearer(Kind):
    """`Authorization: Bearer {token}`."""

    type: Literal["bearer"] = "bearer"
    token: str = Field(description="The token, most often `{api_key}`.")
    prefix: str = Field(default="Bearer", description="The word before the token; empty for none.")
