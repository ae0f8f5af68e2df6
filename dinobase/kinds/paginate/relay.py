"""GraphQL connections as Relay specifies them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dinobase.kinds.base import Kind


class Relay(Kind):
    """`pageInfo {hasNextPage endCursor}`; the cursor goes into `$cursor`."""

    type: Literal["relay"] = "relay"
    page_info_path: str = Field(description="JSONPath to pageInfo, from the body.")
