"""Offset and limit."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dinobase.kinds.base import Kind


class Offset(Kind):
    """Stops at offset >= total, at an empty page, or at a page shorter than `limit` where no total is given."""

    type: Literal["offset"] = "offset"
    limit: int = Field(gt=0, description="Records per page.")
    offset_param: str = Field(default="offset", description="Query parameter of the offset.")
    limit_param: str = Field(default="limit", description="Query parameter of the limit.")
    total_path: str = Field(default="", description="JSONPath to the number of records; then pages come at once.")
