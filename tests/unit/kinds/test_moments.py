"""Moments that are neither ISO 8601 nor numbers are read as instants, and DuckDB reads the same ones."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from dinobase.kinds import moments
from dinobase.kinds.incremental import absolute, moment, style_of, with_style

AT = datetime(2015, 7, 30, 20, 12, 31, tzinfo=UTC)
READ = [
    ("Thu, 30 Jul 2015 20:12:31 +0000", AT),
    ("Thu, 30 Jul 2015 22:12:31 +0200", AT),
    ("30 Jul 2015 20:12:31 -0000", AT),
    ("Thu, 30 Jul 2015 20:12:31 GMT", AT),
    ("/Date(1438287151000)/", AT),
    ("/Date(1438287151250+0200)/", AT.replace(microsecond=250_000)),
    ("/Date(-1000)/", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
]
NOT = ["", "30 Jul 2015", "Thu, 30 Jul 2015 25:12:31 +0000", "/Date(x)/", "/Date()/", "2015", "1 2 3"]


@pytest.mark.parametrize(("text", "at"), READ)
def test_a_moment_is_read(text: str, at: datetime) -> None:
    assert moments.read(text) == at
    assert moment(text) == at


@pytest.mark.parametrize("text", NOT)
def test_anything_else_is_none(text: str) -> None:
    assert moments.read(text) is None


@pytest.mark.parametrize(("text", "at"), [*READ, *((text, None) for text in NOT)])
def test_duckdb_reads_the_same(text: str, at: datetime | None) -> None:
    with duckdb.connect() as connection:
        both = connection.execute(
            f"SELECT epoch_us(coalesce({', '.join(sql.format(c='c') for sql in moments.SQL)})) FROM (SELECT ? AS c)",
            [text],
        ).fetchone()
    assert both == (None if at is None else round(at.timestamp() * 1_000_000),)


@pytest.mark.parametrize("text", [text for text, _ in READ])
def test_a_moment_is_written_as_another_one_is(text: str) -> None:
    at = datetime(2016, 1, 2, 3, 4, 5, tzinfo=UTC)
    made = moments.alike(at, text)
    assert moments.read(made) == at
    assert made[0] == ("/" if text[0] == "/" else "S")


def test_http_dates_are_a_style_of_their_own() -> None:
    assert style_of("Thu, 30 Jul 2015 20:12:31 +0000") == "http"
    assert with_style("2015-07-30T20:12:31.9Z", "http") == "Thu, 30 Jul 2015 20:12:31 GMT"
    assert with_style("Thu, 30 Jul 2015 22:12:31 +0200", "iso") == "2015-07-30T20:12:31Z"
    assert with_style("/Date(1438287151000)/", "unix") == "1438287151"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("-90d", "2015-05-01T00:00:00Z"),
        ("-1w", "2015-07-23T00:00:00Z"),
        ("-2h", "2015-07-30T18:00:00Z"),
        ("-30m", "2015-07-30T19:42:00Z"),
        ("-999999999w", "1970-01-01T00:00:00Z"),
        ("-90", "-90"),
        ("2015-01-01", "2015-01-01"),
        ("-5ms", "-5ms"),
    ],
)
def test_a_start_that_counts_back_is_a_moment_of_whole_units(text: str, start: str) -> None:
    assert absolute(text, AT) == start
