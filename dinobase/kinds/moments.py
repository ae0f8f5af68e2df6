"""Moments as some APIs write them, neither ISO 8601 nor a number: RFC 2822 and HTTP dates, and `/Date(1573755038314)/`.

What is read here, `SQL` reads too: a cursor is compared by DuckDB and moved by Python.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

_RFC = re.compile(r"(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:[+-]\d{4}|GMT)")
_NET = re.compile(r"/Date\((?P<ms>-?\d{1,15})(?:[+-]\d{4})?\)/")  # the offset is for showing: the number is UTC
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FORMATS = ("%a, %d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M:%S %z", "%a, %d %b %Y %H:%M:%S GMT", "%d %b %Y %H:%M:%S GMT")
SQL = (
    f"try_strptime({{c}}, {list(_FORMATS)})",
    r"to_timestamp(TRY_CAST(regexp_extract({c}, '^/Date\((-?\d{{1,15}})(?:[+-]\d{{4}})?\)/$', 1) AS BIGINT) / 1000)",
)


def read(text: str) -> datetime | None:
    """Return the moment; None for any other text."""
    found = _NET.fullmatch(text)
    try:
        if found:
            return _EPOCH + timedelta(milliseconds=int(found["ms"]))
        return parsedate_to_datetime(text).astimezone(UTC) if _RFC.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None


def is_rfc(text: str) -> bool:
    """Tell whether a moment is written as e-mails and HTTP have it."""
    return _RFC.fullmatch(text) is not None


def http(at: datetime) -> str:
    """Write a moment as HTTP headers have it, downwards to the second."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def alike(at: datetime, text: str) -> str:
    """Write a moment in the way of another one that `read` reads."""
    if not is_rfc(text):
        return f"/Date({(at - _EPOCH) // timedelta(milliseconds=1)})/"
    return http(at) if text.endswith("GMT") else format_datetime(at.astimezone(UTC).replace(microsecond=0))
