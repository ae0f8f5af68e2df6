"""Spans and cron expressions: what is taken, what is refused, and the moments that they mean."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dinobase.kinds.timing import Cron, Every, allowed, parse

OSLO = ZoneInfo("Europe/Oslo")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1), ("30s", 30), ("15m", 900), ("1h", 3600), ("1d", 86400)])
def test_a_span_is_so_many_seconds(text: str, seconds: float) -> None:
    assert parse(text) == Every(seconds)


@pytest.mark.parametrize("text", ["0 6 * * *", "*/15 * * * *", "0 9-17 * * 1-5", "0 0 L * *", "30 2 1 JAN *"])
def test_five_fields_are_a_cron_expression(text: str) -> None:
    assert parse(text) == Cron(text)


@pytest.mark.parametrize(
    "text", ["", "60", "0s", "500ms", "1 hour", "* * * *", "* * * * * *", "61 * * * *", "0 0 30 2 *", "a b c d e"]
)
def test_anything_else_is_refused(text: str) -> None:
    assert parse(text) is None
    assert not allowed(text)


def test_never_is_allowed_and_is_no_time() -> None:
    assert allowed("never")
    assert parse("never") is None


def test_a_span_counts_from_the_beginning() -> None:
    assert Every(90).after(at("2026-03-01T10:00:00+00:00")) == at("2026-03-01T10:01:30+00:00")


def test_a_cron_expression_is_meant_in_its_zone() -> None:
    found = Cron("0 6 * * *", OSLO).after(at("2026-01-10T12:00:00+01:00"))
    assert found == at("2026-01-11T06:00:00+01:00")
    assert found.tzinfo is UTC


def test_its_moment_itself_is_not_after_it() -> None:
    assert Cron("0 6 * * *").after(at("2026-01-10T06:00:00+00:00")) == at("2026-01-11T06:00:00+00:00")


def test_an_hour_that_summer_time_skips_or_repeats_comes_once() -> None:
    nightly = Cron("30 2 * * *", OSLO)
    spring = nightly.after(at("2026-03-28T12:00:00+01:00"))
    assert spring == at("2026-03-29T03:00:00+02:00")
    assert nightly.after(spring) == at("2026-03-30T02:30:00+02:00")
    autumn = nightly.after(at("2026-10-24T12:00:00+02:00"))
    assert autumn == at("2026-10-25T02:30:00+02:00")
    assert nightly.after(autumn) == at("2026-10-26T02:30:00+01:00")
