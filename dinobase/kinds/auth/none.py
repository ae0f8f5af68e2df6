"""No authentication."""

from __future__ import annotations

from typing import Literal

from dinobase.kinds.auth.base import AuthKind


class NoAuth(AuthKind):
    """Requests go out as they are."""

    type: Literal["none"] = "none"
