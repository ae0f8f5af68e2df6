"""From a committed cursor to the value that the API is asked with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinobase.core.errors import SyncError
from dinobase.spec.models import Incremental
from dinobase.spec.validation import validated
from dinobase.sync.incremental import instant, start_value

same = settings(derandomize=True, deadline=None)


def plan(**facts: Any) -> Incremental:
    return validated(Incremental, {"cursor_path": "at", **facts})


STARTS: list[tuple[dict[str, Any], str | None, str | None]] = [
    ({}, None, None),
    ({"initial_value": 0}, None, "0"),
    ({"initial_value": "2024-01-01", "format": "unix"}, None, "1704067200"),
    ({"initial_value": "2024-01-01", "lookback": "1h"}, None, "2024-01-01"),  # nothing before the beginning
    ({"initial_value": "x"}, "abc", "abc"),
    ({}, "2024-03-02T00:00:00+02:00", "2024-03-02T00:00:00+02:00"),
    ({"lookback": "1h"}, "2024-03-02T00:30:00Z", "2024-03-01T23:30:00Z"),
    ({"lookback": "1h"}, "2024-03-02T00:30:00.120+02:00", "2024-03-01T23:30:00.120+02:00"),
    ({"lookback": "1h"}, "2024-03-02 00:30:00", "2024-03-01 23:30:00"),
    ({"lookback": "500ms"}, "2024-03-02T00:00:00.25Z", "2024-03-01T23:59:59.75Z"),
    ({"lookback": "1h"}, "2024-03-02T00:30:00.123456789Z", "2024-03-01T23:30:00.123456000Z"),
    ({"lookback": "2d"}, "2024-03-02", "2024-02-29"),
    ({"lookback": "2d"}, "20240302", "20240229"),
    ({"lookback": "2d", "format": "date"}, "20240302", "2024-02-29"),
    ({"lookback": "100"}, "20240302", "20240202"),  # a number where lookback is one
    ({"lookback": "1s"}, "20240230", "20240229"),  # no day, so a second
    ({"lookback": "90m"}, "1700000000", "1699994600"),
    ({"lookback": "90m"}, "1700000000000", "1699994600000"),
    ({"lookback": "1500ms"}, "1700000000000", "1699999998500"),
    ({"lookback": "100"}, "1234", "1134"),
    ({"lookback": "0.5"}, "10", "9.5"),
    ({"format": "iso"}, "1700000000.5", "2023-11-14T22:13:20.500000Z"),
    ({"format": "iso"}, "2024-03-02T00:00:00+02:00", "2024-03-01T22:00:00Z"),
    ({"format": "date"}, "2024-03-02T00:00:00+02:00", "2024-03-01"),
    ({"format": "unix"}, "2024-03-02T00:00:00.999Z", "1709337600"),
    ({"format": "unix_ms"}, "2024-03-02T00:00:00.999999Z", "1709337600999"),
    ({"format": "unix", "lookback": "1d"}, "2024-03-02", "1709251200"),
]


@pytest.mark.parametrize(("facts", "committed", "wanted"), STARTS)
def test_start_values(facts: dict[str, Any], committed: str | None, wanted: str | None) -> None:
    assert start_value(plan(**facts), committed) == wanted


@pytest.mark.parametrize(
    ("facts", "committed"),
    [({"format": "iso"}, "abc"), ({"lookback": "1h"}, "01HX"), ({"lookback": "1h"}, "2024-02-30")],
)
def test_a_cursor_that_is_no_time_is_said(facts: dict[str, Any], committed: str) -> None:
    with pytest.raises(SyncError, match="is not a time"):
        start_value(plan(**facts), committed)


@pytest.mark.parametrize("text", ["", "x", "2024-02-30", "2024-01-01T25:00:00Z", "2024-1-1", "NaN", "Infinity"])
def test_what_is_no_instant(text: str) -> None:
    assert instant(text) is None


@given(
    st.integers(10**15 // 3, 4 * 10**15).map(lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))
)
@same
def test_a_moment_is_never_sent_as_a_later_one(moment: datetime) -> None:
    text = moment.isoformat()
    assert instant(text) == moment
    for kind, unit in (("unix", 1), ("unix_ms", 1000)):
        sent = int(start_value(plan(format=kind), text) or "")
        assert sent <= moment.timestamp() * unit + 1e-3
        assert moment.timestamp() * unit - sent < 1.001


@given(st.integers(10**9, 2 * 10**9), st.integers(1, 10**6))
@same
def test_seconds_are_taken_off_numbers(number: int, seconds: int) -> None:
    assert start_value(plan(lookback=f"{seconds}s"), str(number)) == str(number - seconds)
