"""A key in a header, in the query or in a cookie."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dinobase.kinds.base import Kind


class ApiKey(Kind):
    """The key under a name of the API's choosing."""

    type: Literal["api_key"] = "api_key"
    name: str = Field(description="Name of the header, parameter or cookie.")
    api_key: str = Field(description="The key, most often `{api_key}`.")
    location: Literal["header", "query", "cookie"] = Field(default="header", description="Where the key travels.")
