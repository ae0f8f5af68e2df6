"""Cursor values as text: moments are moved and written in the style they came in, and never compared as strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias

from dinobase.kinds import duration, moments
from dinobase.kinds.body import Body, Parts, Raw
from dinobase.kinds.path import compile_path

Style: TypeAlias = Literal["iso", "date", "unix", "unix_ms", "http"]

_NUMBER = re.compile(r"-?\d+(\.\d+)?\Z")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_RELATIVE = re.compile(r"-[0-9]{1,9}[smhdw]\Z")
_MILLISECONDS = 100_000_000_000  # above this a number counts milliseconds


@dataclass(frozen=True, slots=True)
class Span:
    """What one listing asks for; None where there is no such bound."""

    start: str | None
    end: str | None


def style_of(text: str) -> Style | None:
    """Tell how a moment is written; None where the text is none."""
    if _NUMBER.match(text):
        return "unix_ms" if abs(float(text)) > _MILLISECONDS else "unix"
    if _DATE.match(text):
        return "date"
    if moments.is_rfc(text):
        return "http"
    return "iso" if moment(text) is not None and moments.read(text) is None else None


def moment(text: str) -> datetime | None:
    """Read a moment; without an offset it is UTC."""
    try:
        if _NUMBER.match(text):
            number = float(text)
            return datetime.fromtimestamp(number / 1000 if abs(number) > _MILLISECONDS else number, UTC)
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return moments.read(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def is_before(one: str, other: str) -> bool:
    """Tell whether a cursor is less than another, as a moment or a number; False where that cannot be told."""
    if _NUMBER.match(one) and _NUMBER.match(other):
        return Decimal(one) < Decimal(other)
    first, second = moment(one), moment(other)
    return first is not None and second is not None and first < second


def written(at: datetime, style: Style) -> str:
    """Write a moment."""
    if style == "unix":
        return str(int(at.timestamp()))
    if style == "unix_ms":
        return str(int(at.timestamp() * 1000))
    if style == "date":
        return at.date().isoformat()
    if style == "http":
        return moments.http(at)
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def is_relative(text: str) -> bool:
    """Tell whether a start is counted back from now: `-90d`."""
    return _RELATIVE.match(text) is not None


def absolute(text: str, now: datetime) -> str:
    """Return a start that is counted back from now as a moment; full units, so that a day gives one start all day."""
    span = duration.seconds(text[1:]) if is_relative(text) else None
    if span is None:
        return text
    unit = min(duration.UNITS[text[-1]], duration.UNITS["d"])
    try:
        return written(datetime.fromtimestamp(now.timestamp() // unit * unit - span, UTC), "iso")
    except (ValueError, OverflowError, OSError):
        return written(datetime(1970, 1, 1, tzinfo=UTC), "iso")


def with_style(text: str, style: Style) -> str:
    """Write a moment in another style; a text that is no moment stays as it is."""
    found = None if style_of(text) == style else moment(text)
    return text if found is None else written(found, style)


def field_of(record: Body, name: str) -> Raw | bytes | None:
    """Return a record's field, named by the API's own name or path, or by the column's name."""
    found = compile_path(name).find(record) if name else None
    if found is not None or not name:
        return found
    place: Parts = ()
    rest = name
    while True:
        container = record.container(place)
        if not isinstance(container, dict):
            return None
        names = {_column(key): key for key in container}
        if rest in names:
            return record.at((*place, names[rest]))
        head = next((n for n in names if rest.startswith(f"{n}__")), None)
        if head is None:
            return None
        place, rest = (*place, names[head]), rest.removeprefix(f"{head}__")


def _column(key: str) -> str:
    """Return the column's name for a key, as far as cursor fields need it."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", key))
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _rounded_up(at: datetime, style: Style) -> datetime:
    whole = at.replace(microsecond=0)
    if style == "date":
        whole = whole.replace(hour=0, minute=0, second=0)
    if style == "iso" or whole == at:
        return at
    return whole + (timedelta(days=1) if style == "date" else timedelta(seconds=1))


def windows(start: str, end: str | None, *, seconds: float, style: Style | None, now: datetime) -> Iterator[Span]:
    """Cut start..end into spans that touch; the last one ends at `end`, or now. Raises ValueError for no moment."""
    first = moment(start)
    last = now if end is None else moment(end)
    if first is None or last is None:
        raise ValueError(start if first is None else end)
    how = style or style_of(start) or "iso"
    if end is None:
        last = _rounded_up(last, how)  # what changes today or in this second belongs to the last span
    at = first
    while True:
        following = min(at + timedelta(seconds=seconds), last)
        final = following >= last
        until = written(following, how)
        yield Span(start if at == first else written(at, how), end or until if final else until)
        if final:
            return
        at = following
