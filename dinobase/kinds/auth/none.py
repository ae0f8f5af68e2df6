"""No authentication."""

from __future__ import annotations

from typing import Literal

from dinobase.kinds.base import Kind


class NoAuth(Kind):
    """Requests go out as they are."""

    type: Literal["none"] = "none"
