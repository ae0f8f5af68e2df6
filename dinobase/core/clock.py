"""Time and ids come from here alone, so that a test can replace them."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds that never go back; only differences mean something."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Block this thread."""
    time.sleep(seconds)


def iso(moment: datetime) -> str:
    """Return ISO 8601 in UTC with a Z, to the microsecond where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def new_id(prefix: str) -> str:
    """Return `prefix_` and 16 hexadecimal digits, sortable by time to the millisecond."""
    import secrets  # random, hashlib and more: not on the way of a query

    return f"{prefix}_{int(time.time() * 1000):011x}{secrets.token_hex(3)[:5]}"
