"""Headers say how long to wait in many ways; one function reads them all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_EPOCH = 1_000_000_000  # a reset above this is a moment, below it a number of seconds
_EPOCH_MS = 100_000_000_000
_RESETS = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset", "x-ratelimit-reset-after")
_REMAINING = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
_MEMBER = re.compile(r"(?:^|[;,\s])(remaining|reset|r|t)\s*=\s*\"?(\d+(?:\.\d+)?)", re.IGNORECASE)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def wait_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how long the server asks to wait, None where it does not say; header names are lower case."""
    now = server_date(headers) or now  # a moment is the server's, so the server's own clock measures it
    after = headers.get("retry-after")
    if after is not None:
        seconds = _moment_or_seconds(after, now)
        if seconds is not None:
            return seconds
    structured = _structured(headers.get("ratelimit", ""))
    for name in ("t", "reset"):
        if name in structured:
            return structured[name]
    for name in _RESETS:
        if name in headers:
            seconds = _moment_or_seconds(headers[name], now)
            if seconds is not None:
                return seconds
    return None


def exhausted(headers: Mapping[str, str]) -> bool:
    """Tell whether the server says that nothing of the limit is left."""
    structured = _structured(headers.get("ratelimit", ""))
    left = [structured[name] for name in ("r", "remaining") if name in structured]
    left += [float(headers[name]) for name in _REMAINING if _is_number(headers.get(name, ""))]
    return bool(left) and min(left) <= 0


def server_date(headers: Mapping[str, str]) -> datetime | None:
    """Return the answer's Date."""
    return _http_date(headers.get("date", ""))


def _moment_or_seconds(text: str, now: datetime) -> float | None:
    text = text.strip()
    if _is_number(text):
        number = float(text)
        if number > _EPOCH_MS:
            number /= 1000
        return max(0.0, number - now.timestamp()) if number > _EPOCH else max(0.0, number)
    parts = _DURATION.findall(text)
    if parts and "".join(a + u for a, u in parts) == text:
        return sum(float(amount) * _UNITS[unit] for amount, unit in parts)
    moment = _http_date(text) or _iso(text)
    return None if moment is None else max(0.0, (moment - now).total_seconds())


def _structured(text: str) -> dict[str, float]:
    """Read the RateLimit field: `limit=10, remaining=0, reset=5`, or `"default";r=0;t=5`; of several the tightest."""
    found: dict[str, float] = {}
    for item in text.split(","):
        for name, number in _MEMBER.findall(item):
            key, value = name.lower(), float(number)
            keep = max if key in {"t", "reset"} else min
            found[key] = keep(found.get(key, value), value)
    return found


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\s*-?\d+(\.\d+)?\s*", text, re.ASCII) is not None


def _http_date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
