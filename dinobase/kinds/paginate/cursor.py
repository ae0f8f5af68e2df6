"""The next page's token is in the body."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dinobase.kinds.base import Kind


class Cursor(Kind):
    """Stops when the cursor is missing, null or "", has_more is false, or done is true."""

    type: Literal["cursor"] = "cursor"
    cursor_path: str = Field(description="JSONPath to the next cursor; may end in the last record (`data[-1].id`).")
    cursor_param: str = Field(default="", description="Query parameter that carries it.")
    cursor_body_path: str = Field(default="", description="Where it goes in the body of a POST.")
    has_more_path: str = Field(default="", description="JSONPath to a flag; false ends the listing.")
    done_path: str = Field(default="", description="JSONPath to a flag; true ends the listing.")
