"""How long a server asks to wait, in all the ways that servers write it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dinobase.kinds.ratelimit import exhausted, server_date, wait_seconds

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "Fri, 01 May 2026 12:01:00 GMT"}, 60),
        ({"retry-after": "Fri, 01 May 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "2026-05-01T12:00:30Z"}, 30),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "soon", "x-ratelimit-reset": "9"}, 9),
        ({"retry-after": "7", "x-ratelimit-reset": "99"}, 7),
        ({"ratelimit-reset": "20"}, 20),
        ({"x-ratelimit-reset": "20"}, 20),
        ({"x-rate-limit-reset": str(EPOCH + 90)}, 90),
        ({"x-ratelimit-reset": str(EPOCH + 90)}, 90),
        ({"x-ratelimit-reset": str(EPOCH - 90)}, 0),
        ({"x-ratelimit-reset": str((EPOCH + 90) * 1000)}, 90),
        ({"x-ratelimit-reset-after": "1.5"}, 1.5),
        ({"x-ratelimit-reset": "1m30s"}, 90),
        ({"x-ratelimit-reset": "250ms"}, 0.25),
        ({"ratelimit": "limit=100, remaining=0, reset=12"}, 12),
        ({"ratelimit": '"default";r=0;t=5'}, 5),
        ({"ratelimit": '"burst";r=0;t=5, "daily";r=10;t=60'}, 60),
        ({"ratelimit": "garbage"}, None),
        ({}, None),
        ({"x-ratelimit-reset": str(EPOCH + 90), "date": "Fri, 01 May 2026 12:01:00 GMT"}, 30),
    ],
)
def test_the_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_seconds(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "nothing_left"),
    [
        ({"x-ratelimit-remaining": "0"}, True),
        ({"x-ratelimit-remaining": "1"}, False),
        ({"ratelimit-remaining": "0"}, True),
        ({"ratelimit": '"default";r=0;t=5'}, True),
        ({"ratelimit": "limit=9, remaining=3, reset=5"}, False),
        ({"x-ratelimit-remaining": "none"}, False),
        ({}, False),
    ],
)
def test_an_exhausted_limit_is_seen(headers: dict[str, str], nothing_left: bool) -> None:
    assert exhausted(headers) is nothing_left


def test_the_servers_date_is_read() -> None:
    assert server_date({"date": "Fri, 01 May 2026 12:00:00 GMT"}) == NOW
    assert server_date({"date": "yesterday"}) is None
    assert server_date({}) is None
