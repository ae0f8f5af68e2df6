"""What the server serves and what every contender's table must hold afterwards: made from the row's number alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

PAGE = 100
PARENTS = 500
ITEMS_PER_PARENT = 10
OFFSET_ROWS = 20_000
GENERATIONS = 99  # each changes the rows whose number ends in it: 1 % that no other generation touches

_STATUSES = ("draft", "open", "paid", "void", "refunded", "disputed", "partially_refunded")
_NAMES = ("Ada Lindqvist", "Björn Mäkelä", "Chiara Esposito", "Daniel Okafor", "Eun-ji Park", "Fatima Zahra Idrissi")
_CITIES = ("Rotterdam", "Łódź", "São Paulo", "Nagoya", "Minneapolis", "Cape Town", "Christchurch")
_NOTE = (
    "Customer asked for delivery to the side entrance and a call thirty minutes ahead; the warehouse confirmed the slot"
    " and the carrier has the gate code"
)
_CREATED = dt.datetime(2023, 5, 1, tzinfo=dt.UTC).timestamp()
_UPDATED = dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp()
_CHANGED = dt.datetime(2025, 1, 1, tzinfo=dt.UTC).timestamp()
_DAY = 86_400

_RECORD = (
    '{"id":%d,"external_id":"ord_%012d","status":"%s","customer_name":"%s","email":"customer.%d@example.com",'
    '"description":"%s","created_at":"%s","updated_at":"%s","amount_cents":%d,"quantity":%d,"score":%s,"discount":%s,'
    '"is_active":%s,"closed_at":%s,'
    '"address":{"street":"%d Long Acre","city":"%s","postal_code":"%05d","lat":%.3f,"lon":%.3f}}'
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is counted in a table, so that two contenders are known to have stored the same."""

    rows: int
    keys: int
    amount: int


def timestamp(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()


def generation_of(number: int, generation: int) -> int:
    """The generation that changed this row last, 0 for none so far."""
    last = number % 100
    return last if 1 <= last <= generation else 0


def updated_at(number: int, generation: int) -> float:
    changed = generation_of(number, generation)
    return _CHANGED + changed * _DAY + number // 100 if changed else _UPDATED + number * 20


def amount(number: int, generation: int) -> int:
    return 500 + (number * 7919) % 990_000 + (1 if generation_of(number, generation) else 0)


def record(number: int, generation: int = 0) -> str:
    created = timestamp(_CREATED + number * 17)
    return _RECORD % (
        number,
        number,
        _STATUSES[number % 7],
        _NAMES[number % 6],
        number,
        _NOTE,
        created,
        timestamp(updated_at(number, generation)),
        amount(number, generation),
        1 + number % 12,
        (number * 37 % 10_000) / 10_000,
        "null" if number % 3 else (number % 40) / 100,
        "true" if number % 5 else "false",
        "null" if number % 4 else f'"{created}"',
        number % 300,
        _CITIES[number % 7],
        number % 100_000,
        (number % 180_000) / 1000 - 90,
        (number % 360_000) / 1000 - 180,
    )


def changed_since(rows: int, generation: int, since: float) -> list[int] | None:
    """Numbers of the rows changed after `since`, in order of change; None where that is the whole listing."""
    if since < _UPDATED:
        return None
    first = int((since - _UPDATED) // 20) + 1
    unchanged = [number for number in range(first, rows) if not generation_of(number, generation)]
    return unchanged + [
        number
        for changed in range(1, generation + 1)
        for number in range(changed, rows, 100)
        if updated_at(number, generation) > since
    ]


def expected(rows: int, generation: int = 0) -> Facts:
    return Facts(rows, rows, sum(amount(number, generation) for number in range(rows)))


def item(parent: int, position: int) -> str:
    number = parent * ITEMS_PER_PARENT + position
    return record(number)
