"""Spans of time as people write them: a whole number and one unit, never a bare number."""

from __future__ import annotations

import re

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
ALLOWED = "a number and a unit (ms, s, m, h, d, w), such as 500ms, 30s, 5m, 1h, 30d"

_DURATION = re.compile(r"([0-9]{1,9})(ms|[smhdw])")


def seconds(text: str) -> float | None:
    """Return the span in seconds, None where the text is no span."""
    match = _DURATION.fullmatch(text)
    return int(match[1]) * UNITS[match[2]] if match else None
