"""Pages by their number."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dinobase.kinds.base import Kind


class PageNumber(Kind):
    """Stops at page > total, at an empty page, or at a stop status after page one."""

    type: Literal["page_number"] = "page_number"
    page_param: str = Field(default="page", description="Query parameter of the page number.")
    base_page: int = Field(default=1, ge=0, description="Number of the first page.")
    total_path: str = Field(default="", description="JSONPath to the number of pages.")
    total_records_path: str = Field(default="", description="JSONPath to the number of records.")
    total_header: str = Field(default="", description="Header that holds the number of pages.")
    page_size: int | None = Field(default=None, gt=0, description="Records per page, where known.")
    page_size_param: str = Field(default="", description="Query parameter that asks for page_size.")
    stop_statuses: tuple[int, ...] = Field(default=(), strict=False, description="Statuses that mean: past the end.")
