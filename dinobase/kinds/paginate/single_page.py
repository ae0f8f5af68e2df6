"""One request, no next page."""

from __future__ import annotations

from typing import Literal

from dinobase.kinds.base import Kind


class SinglePage(Kind):
    """The whole listing is one answer."""

    type: Literal["single_page"] = "single_page"
