"""In which unit a column of numbers counts: seconds or milliseconds since 1970, cents. Pure.

A range of numbers alone proves nothing: keys, counters and telephone numbers lie there too. So the name must speak of a
moment, or of money, and the values must bear it out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from dinobase.catalog.profiles import ColumnProfile, Money

_MOMENT = re.compile(
    r"(?:^|_)(?:at|on|by|ts|time|times|timestamp|date|datetime|when|start|begin|end|finish|stop|expires|expiry|expiration|"
    r"deadline|since|until|till|epoch|unix|seen|sent|begun|began|done|due|login|logout|signin|visit|touch|contact|"
    r"birthday|anchor|set|arrival|departure|pickup|dropoff|check_?in|check_?out|renewal|date_[a-z]+|[a-z]{2,}ed|[ae]t[ad]|(?:valid|effective|active|date|time|period)_?(?:from|to|thru)|"
    r"(?:last|next)_(?!(?:value|offset|position|page|row|index|cursor|block|slot|line|step|score|status|state)(?:_|\Z))[a-z]+)"
    r"(?:_(?:ms|millis|milliseconds|s|sec|secs|seconds|utc|unix|epoch|ts))?\Z"
)
_SURELY = re.compile(r"(?:^|_)[a-z]{2,}ed_(?:at|on)(?:_ms)?\Z")  # `key_last_used_at`, whatever else the name speaks of
_JOINED = re.compile(r"(?:time|date|timestamp|[a-z]{3}at|[a-z]{2}ed)(?:_?ms)?\Z")
_NO_MOMENT = re.compile(
    r"(?:^|_)(?:id|ids|no|number|num|nr|count|counter|total|amount|price|phone|mobile|tel|size|bytes|duration|seq|sequence|"
    r"version|build|key|code|hash|checksum|elapsed|speed|feed|seed|need|fixed|used|allowed|limited|estimated)(?:_|\Z)"
)
_EPOCHS = (("epoch_s", 300_000_000, 4_102_444_800), ("epoch_ms", 300_000_000_000, 4_102_444_800_000))
_CENTS = re.compile(r"(?:^|_)(?:cents?|minor|minor_units?|pence|pennies|in_cents)(?:_|\Z)")
_MONEY = re.compile(
    r"(?:^|_)(?:amounts?|price|total|subtotal|cost|fees?|tax|balance|paid|net|gross|debit|credit|discount|revenue|earnings|refunded|"
    r"refund|charges?|charged|payments?|budget|spend|spent|salary|wage|bonus|reward|limit|value|mrr|arr|gmv|deposit|payout|"
    r"due|remaining|outstanding|shipping|tip|surcharge)(?:_|\Z)"
)
_NO_MONEY = re.compile(
    r"(?:^|_)(?:id|ids|count|counter|percent|percentage|pct|rate|ratio|qty|quantity|days|hours?|minutes|seconds|ms|"
    r"number|rows?|users?|items?|size|bytes|units?_sold|date|at|on|points|credits|score|rank|type|status|code|"
    r"attempts?|retries|requests?|tokens?|mode|no|nr|num|ref|reference|key|uuid|flag|level)(?:_|\Z)"
)
_INTEGER = re.compile(r"U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?\Z|UINTEGER\Z|DECIMAL\(\d+,\s*0\)\Z")
_FRACTION = re.compile(r"DOUBLE\Z|FLOAT\Z|DECIMAL")
_CHARM = frozenset((0, 25, 49, 50, 75, 90, 95, 99))
_FEWEST = 8


def epoch(name: str, kind: str, values: Sequence[object]) -> tuple[str, str] | None:
    """Return the unit and by what it was recognised, None where a column holds no moments."""
    told = name.lower()
    if not values or not is_moment(told) or (_NO_MOMENT.search(told) and not _SURELY.search(told)):
        return None
    if kind == "VARCHAR":
        numbers: list[float] = [int(v) for v in values if isinstance(v, str) and v.isdecimal() and len(v) in {10, 13}]
        if len(numbers) < len(values):
            return None
    elif _INTEGER.match(kind) or kind == "DOUBLE":
        numbers = [float(v) for v in values if isinstance(v, (int, float)) and v]
    else:
        return None
    for unit, first, last in _EPOCHS:
        inside = sum(first <= number < last for number in numbers)
        if numbers and inside >= 0.98 * len(numbers):
            return unit, f"`{name}` names a moment, and its numbers are years 1979 to 2099 in {_spelt(unit)} since 1970"
    return None


def is_moment(name: str) -> bool:
    """Tell whether a column's name speaks of a moment."""
    return bool(_MOMENT.search(name.lower()) or _JOINED.search(name.lower()))


def money(name: str, kind: str, values: Sequence[object]) -> tuple[Money, str]:
    """Return what an amount's values speak for: cents, whole units, or either (`open`); "" for what is no amount."""
    told = name.lower()
    whole = _INTEGER.match(kind)
    if _CENTS.search(told) and whole and not _NO_MONEY.search(told.replace("minor_unit", "minor")):
        return "cents", "its name says so"
    if not _MONEY.search(told) or _NO_MONEY.search(told):
        return "", ""
    numbers = [abs(v) for v in values if isinstance(v, (int, float)) and v]
    if _FRACTION.match(kind) and not whole:
        return ("units" if any(number % 1 for number in numbers) else ""), ""
    if not whole or not numbers:
        return "", ""
    return ("cents", _by_endings(numbers)) if _ends_as_cents(numbers) else ("open", "")


def _ends_as_cents(numbers: Sequence[float]) -> bool:
    """Tell whether the last two digits are those of prices: many 00, 50, 95 and 99, and odd ones of taxes between."""
    endings = [int(number) % 100 for number in numbers]
    charm = sum(ending in _CHARM for ending in endings) / len(endings)
    odd = sum(ending % 5 not in {0, 4} for ending in endings) / len(endings)
    round_ = endings.count(0) / len(endings)
    return len(set(numbers)) >= _FEWEST and charm >= 0.35 and round_ <= 0.8 and odd >= 0.03 and median(numbers) >= 200


def _by_endings(numbers: Sequence[float]) -> str:
    charm = sum(int(number) % 100 in _CHARM for number in numbers)
    return (
        f"{100 * charm // len(numbers)} % of its whole numbers end in 00, 50, 95, 99 or the like, others in odd cents"
    )


def settled(tables: Sequence[Sequence[ColumnProfile]]) -> list[list[ColumnProfile]]:
    """Decide the amounts of a connector whose own values leave it open.

    Another amount of the table is in cents and none has fractions: so is this one. The same for the whole connector,
    where three amounts or more are in cents.
    """
    every = [column for columns in tables for column in columns]
    all_cents = sum(c.money == "cents" for c in every) >= 3 and not any(c.money == "units" for c in every)
    found = []
    for columns in tables:
        beside = [c.name for c in columns if c.money == "cents"]
        fractions = any(c.money == "units" for c in columns)
        reason = ""
        if beside and not fractions:
            reason = f"an amount without fractions beside {beside[0]}, which is in cents"
        elif all_cents:
            reason = "an amount without fractions, as are all of this connector, and others are in cents"
        found.append([_in_cents(column, reason) for column in columns])
    return found


def _in_cents(column: ColumnProfile, reason: str) -> ColumnProfile:
    if column.unit or column.money not in {"cents", "open"} or (column.money == "open" and not reason):
        return column
    because = {**column.because} if column.money == "cents" else {**column.because, "unit": reason}
    return replace(column, unit="cents", because=because)


def _spelt(unit: str) -> str:
    return "seconds" if unit == "epoch_s" else "milliseconds"
