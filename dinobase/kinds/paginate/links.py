"""The next page's address is in the body or in a header."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dinobase.kinds.base import Kind


class JsonLink(Kind):
    """Stops when the address is missing, null or "", has_more is false, or done is true."""

    type: Literal["json_link"] = "json_link"
    next_url_path: str = Field(description="JSONPath to the next page's absolute or relative URL.")
    has_more_path: str = Field(default="", description="JSONPath to a flag; false ends the listing.")
    done_path: str = Field(default="", description="JSONPath to a flag; true ends the listing.")


class HeaderLink(Kind):
    """Stops when there is no such link (RFC 8288)."""

    type: Literal["header_link"] = "header_link"
    rel: str = Field(default="next", description="The link's relation.")
    header: str = Field(default="Link", description="Another name than Link holds a bare URL.")
