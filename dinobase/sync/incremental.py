"""From the committed cursor to the value that the API is asked with. Pure.

A cursor is remembered with what it is of: the values of one field say nothing of another's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from dinobase.core.errors import SyncError
from dinobase.kinds import duration, moments
from dinobase.load.naming import column_name
from dinobase.spec.models import Incremental

_ISO = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:(?P<sep>[T ])(?P<clock>\d\d:\d\d:\d\d)(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?"
)
_DAY = re.compile(r"(?:19|20)\d{6}")  # ISO 8601 without hyphens; as seconds all of them would lie in 1970
_MILLISECONDS_FROM = Decimal(100_000_000_000)  # as seconds this would be the year 5138

CURSOR = "cursor"
CURSOR_OF = "cursor_of"


def of(plan: Incremental) -> str:
    """Return what a cursor is of: the body's token, or the field, in whatever way `cursor_path` writes it."""
    if plan.token_path:
        return f"token {plan.token_path}"
    return column_name(part for dotted in plan.cursor_path.removeprefix("$.").split(".") for part in dotted.split("__"))


def moved_from(plan: Incremental | None, memory: Mapping[str, str]) -> str:
    """Return what the committed cursor is of where the file means another one by now, else ''."""
    known = memory.get(CURSOR_OF, "")
    return known if plan is not None and known and known != of(plan) else ""


def committed(plan: Incremental | None, memory: Mapping[str, str]) -> str | None:
    """Return the committed cursor, None where there is none or it is another field's."""
    return None if plan is None or moved_from(plan, memory) else memory.get(CURSOR)


def remembered(plan: Incremental | None, before: Mapping[str, str], mark: str | None) -> dict[str, str]:
    """Return what the lake is to remember after a load that brought this mark: without one what it does already."""
    if plan is not None and mark is not None:
        return {CURSOR: mark, CURSOR_OF: of(plan)}
    return {} if moved_from(plan, before) else {k: v for k, v in before.items() if k in {CURSOR, CURSOR_OF}}


def start_value(plan: Incremental, committed: str | None) -> str | None:
    """Return `{incremental.start_value}`: the committed cursor less lookback, else initial_value, as `format` says.

    Raises SyncError where a cursor cannot be read as the instant or number that lookback or format need.
    """
    if committed is None:
        return None if plan.initial_value is None else formatted(plan, str(plan.initial_value))
    return formatted(plan, _earlier(committed, plan.lookback) if plan.lookback else committed)


def formatted(plan: Incremental, text: str) -> str:
    """Write a cursor as `format` says; without one it stays the source's own text."""
    if plan.format is None:
        return text
    moment = instant(text)
    if moment is None:
        raise SyncError(f"the cursor `{text}` is not a time", hint="take `format` out, or name another cursor_path")
    if plan.format == "iso":
        return moment.isoformat().replace("+00:00", "Z")
    if plan.format == "date":
        return moment.date().isoformat()
    if plan.format == "http":
        return moments.http(moment)
    seconds = Decimal(int(moment.replace(microsecond=0).timestamp())) + Decimal(moment.microsecond) / 1_000_000
    # Downwards: asking for what came since a moment must not begin after it.
    return str(int(seconds if plan.format == "unix" else seconds * 1000))


def instant(text: str) -> datetime | None:
    """Read ISO 8601 (UTC where it has no zone), epochs, and what `moments` reads; None for anything else."""
    found = _ISO.fullmatch(text)
    if found:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if (day := _day(text)) is not None:
        return day
    number = _number(text)
    if number is None:
        return moments.read(text)
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(seconds * 1_000_000))


def _earlier(text: str, lookback: str) -> str:
    plain = _number(lookback)
    if plain is None and (day := _day(text)) is not None:
        return f"{day - timedelta(seconds=duration.seconds(lookback) or 0):%Y%m%d}"
    number = _number(text)
    if number is not None:
        if plain is not None:
            return str(number - plain)
        span = Decimal(str(duration.seconds(lookback)))
        return str(number - (span * 1000 if abs(number) >= _MILLISECONDS_FROM else span).to_integral_value())
    found = _ISO.fullmatch(text)
    moment = instant(text)
    seconds = duration.seconds(lookback)
    if found is None and moment is not None and seconds is not None:
        return moments.alike(moment - timedelta(seconds=seconds), text)
    if found is None or moment is None or seconds is None:
        raise SyncError(
            f"the cursor `{text}` is not a time", hint="`lookback` needs a cursor that is a time or a number"
        )
    moment -= timedelta(seconds=seconds)
    if found["clock"] is None:
        return moment.date().isoformat()
    if found["zone"] not in {None, "Z"}:
        moment = moment.astimezone(datetime.fromisoformat(text).tzinfo)
    digits = len(found["fraction"] or ".") - 1
    fraction = f".{moment.microsecond:06d}".ljust(digits + 1, "0")[: digits + 1] if digits else ""
    return f"{moment:%Y-%m-%d}{found['sep']}{moment:%H:%M:%S}{fraction}{found['zone'] or ''}"


def _day(text: str) -> datetime | None:
    """Read a day that is written as 20261124; None for anything else."""
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
