"""One request, no next page."""

from __future__ import annotations

from typing import Literal

from dinobase.kinds.paginate.page import Pager


class SinglePage(Pager):
    """The whole listing is one answer."""

    type: Literal["single_page"] = "single_page"
