"""What a column's values look like, from a sample of its distinct ones: pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dinobase.catalog.relations.values import Kind, Shape

_EMAIL = re.compile(r"\s*[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+\s*\Z")
_SITE = re.compile(r"\s*(?:https?://)?(?:[a-z0-9-]+\.)+[a-z]{2,24}(?:[/:?#]\S*)?\s*\Z", re.IGNORECASE)
_SITE_NAME = re.compile(r"(?:^|_)(?:domains?|websites?|urls?|homepage|web|sites?|hosts?|hostname)(?:_|\Z)")
_PHONE = re.compile(r"\s*\+?[\d\s()./x-]{7,24}\Z", re.IGNORECASE)
_PHONE_NAME = re.compile(r"(?:^|_)(?:\w*phone\w*|mobile|tel|fax|cell|msisdn|whatsapp|sms)(?:_|\Z)")
_NUMBER = re.compile(r"\s*\d{1,18}\s*\Z")
_CODE = re.compile(r"[^\s@,;]{4,}\Z")
_CALENDAR = re.compile(r"\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{1,4})?(?:[T ].*)?\Z|[\d:.,%+-]+\Z")
_MOST = 0.85  # of the sample; the rest is dirt


def shape_of(name: str, kind: Kind, sample: Sequence[str]) -> Shape:
    """Return what most values are; what a name must promise as well is not looked for in others."""
    lower = name.lower()
    if kind == "uuid" or not sample:
        return "code" if kind == "uuid" else ""
    tests: list[tuple[Shape, bool, Callable[[str], object]]] = [
        ("email", kind == "text", _EMAIL.match),
        ("phone", bool(_PHONE_NAME.search(lower)), _is_phone),
        ("site", kind == "text" and bool(_SITE_NAME.search(lower)), _SITE.match),
        ("number", True, _NUMBER.match),
        ("code", True, _is_code),
    ]
    found: Shape = next((shape for shape, possible, fits in tests if possible and _most(sample, fits)), "words")
    return "number" if kind == "int" and found != "phone" else found


def counted(sample: Sequence[str]) -> tuple[str, list[int] | None]:
    """Return what all values begin with, and the numbers that follow where nothing else does."""
    least, greatest = min(sample), max(sample)
    same = next((n for n, letter in enumerate(least) if greatest[n : n + 1] != letter), len(least))
    prefix = least[:same].rstrip("0123456789")
    rest = [value[len(prefix) :] for value in sample]
    return prefix, [int(one) for one in rest] if rest and all(_NUMBER.match(one) for one in rest) else None


def _most(sample: Sequence[str], fits: Callable[[str], object]) -> bool:
    return sum(bool(fits(value)) for value in sample) >= _MOST * len(sample)


def _is_phone(value: str) -> bool:
    return bool(_PHONE.match(value)) and sum(map(str.isdigit, value)) >= 7


def _is_code(value: str) -> bool:
    return bool(_CODE.match(value)) and any(map(str.isdigit, value)) and not _CALENDAR.match(value)
