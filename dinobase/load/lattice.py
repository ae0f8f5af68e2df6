"""The type lattice: what a column becomes when a value comes that its type does not hold. Nothing narrows.

UNKNOWN < BOOLEAN | BIGINT < DOUBLE | DATE < TIMESTAMP | TIMESTAMPTZ < VARCHAR < JSON
BIGINT < DECIMAL(38,0), for digits that no BIGINT holds
UNKNOWN[] < T[] for scalar T; a list beside a scalar, or of objects or lists, is JSON
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from dinobase.load.schema import JSON, UNKNOWN, UNKNOWN_LIST

BIGINT_MIN, BIGINT_MAX = -(2**63), 2**63 - 1
EXACT_DOUBLE = 2**53  # beyond it not every integer is a double
_FULL_PRECISION = 1e-290  # nearer to zero doubles have fewer digits
BIG = "DECIMAL(38,0)"

_UPWARDS = {("BIGINT", "DOUBLE"): "DOUBLE", ("BIGINT", BIG): BIG, ("DATE", "TIMESTAMP"): "TIMESTAMP"}


def join(a: str, b: str) -> str:
    """Return the least type that holds the values of both; commutative, associative, idempotent."""
    if b in {a, UNKNOWN}:
        return a
    if a == UNKNOWN:
        return b
    if JSON in (a, b):
        return JSON
    if a.endswith("[]") and b.endswith("[]"):
        return f"{join(a[:-2], b[:-2])}[]"
    if a.endswith("[]") or b.endswith("[]"):
        return JSON
    return _UPWARDS.get((a, b)) or _UPWARDS.get((b, a)) or "VARCHAR"


assert join(UNKNOWN_LIST, "BIGINT[]") == "BIGINT[]"

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
# The same in DuckDB's RE2; the two must agree, since one infers and the other checks.
SQL_PATTERN = {
    "DATE": r"\d{4}-\d\d-\d\d",
    "TIMESTAMP": r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d{1,6})?)?",
    "TIMESTAMPTZ": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:?\d\d)?)",
}


def type_of_text(text: str) -> str:
    """Return DATE, TIMESTAMP, TIMESTAMPTZ for strict ISO 8601 with a full date that exists, else VARCHAR."""
    if len(text) < 10 or not text[:4].isdigit():
        return "VARCHAR"
    if _DATE.fullmatch(text):
        return "DATE" if _exists(text) else "VARCHAR"
    found = _TIME.fullmatch(text)
    if found is None or not _exists(text[:10]) or text[11:13] > "23" or text[14:16] > "59" or text[17:19] > "59":
        return "VARCHAR"
    zone = found["zone"]
    if zone is None:
        return "TIMESTAMP"
    if zone != "Z" and (zone[1:3] > "15" or zone[-2:] > "59"):
        return "VARCHAR"
    return "TIMESTAMPTZ"


def _exists(day: str) -> bool:
    year, month, of_month = int(day[:4]), int(day[5:7]), int(day[8:10])
    if not 1 <= month <= 12 or year < 1:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= of_month <= days[month - 1]


def type_of_integer(digits: str) -> str:
    """Return the type that keeps every digit of a JSON integer."""
    if len(digits) < 19:
        return "BIGINT"
    value = int(digits) if len(digits) < 42 else None
    if value is None or abs(value) >= 10**38:
        return "VARCHAR"
    return "BIGINT" if BIGINT_MIN <= value <= BIGINT_MAX else BIG


def type_of_fraction(text: str) -> str:
    """Return DOUBLE where a double is exactly what was written, to its shortest form, else VARCHAR."""
    return "DOUBLE" if survives_as_double(text) else "VARCHAR"


def survives_as_double(text: str) -> bool:
    """Tell whether the number comes back from a double with the value that was written."""
    number = float(text)
    if number in (float("inf"), float("-inf")):
        return False
    if len(text) < 16 and (abs(number) > _FULL_PRECISION or not text.strip("-0.")):
        return True
    try:
        return Decimal(repr(number)) == Decimal(text)
    except InvalidOperation:  # an exponent beyond what Decimal holds
        return False
