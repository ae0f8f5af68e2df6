"""HTTP Basic (RFC 7617); either part may be empty."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dinobase.kinds.base import Kind


class HttpBasic(Kind):
    """`Authorization: Basic base64(username:password)`."""

    type: Literal["http_basic"] = "http_basic"
    username: str = Field(default="", description="May be empty. Stripe: the key stands here.")
    password: str = Field(default="", description="May be empty.")
