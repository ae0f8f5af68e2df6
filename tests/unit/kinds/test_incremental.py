"""Moments keep the style that they came in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dinobase.kinds.body import Body
from dinobase.kinds.incremental import Span, Style, field_of, style_of, windows, with_style
from dinobase.kinds.origin import origin

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
DAY = 86400.0


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("1704067200", "unix"),
        ("1704067200000", "unix_ms"),
        ("2024-01-01", "date"),
        ("2024-01-01T00:00:00Z", "iso"),
        ("2024-01-01T00:00:00+02:00", "iso"),
        ("abc", None),
        ("", None),
    ],
)
def test_the_style_is_told(text: str, style: Style | None) -> None:
    assert style_of(text) == style


@pytest.mark.parametrize(
    ("text", "style", "written"),
    [
        ("2024-01-01T00:00:00Z", "unix", "1704067200"),
        ("1704067200", "iso", "2024-01-01T00:00:00Z"),
        ("1704067200123", "iso", "2024-01-01T00:00:00.123000Z"),
        ("2024-01-01T02:00:00+02:00", "unix_ms", "1704067200000"),
        ("2024-01-01T23:00:00Z", "date", "2024-01-01"),
        ("2024-01-01T00:00:00.1+02:00", "iso", "2024-01-01T00:00:00.1+02:00"),
        ("cursor", "unix", "cursor"),
    ],
)
def test_a_moment_is_written_in_another_style_and_else_left(text: str, style: Style, written: str) -> None:
    assert with_style(text, style) == written


def test_windows_touch_and_end_now() -> None:
    assert list(windows("2024-01-01", None, seconds=30 * DAY, style=None, now=NOW)) == [
        Span("2024-01-01", "2024-01-31"), Span("2024-01-31", "2024-03-01"), Span("2024-03-01", "2024-03-02")
    ]  # fmt: skip
    unix = list(windows("1709290000", None, seconds=DAY, style=None, now=NOW.replace(microsecond=5)))
    assert unix[-1].end == str(int(NOW.timestamp()) + 1)
    iso = list(windows("2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z", seconds=DAY, style=None, now=NOW))
    assert iso[0] == Span("2024-02-28T00:00:00Z", "2024-02-29T00:00:00Z")
    assert iso[-1].end == "2024-03-01T00:00:00Z"
    assert [s.start for s in iso[1:]] == [s.end for s in iso[:-1]]


def test_a_start_in_the_future_is_one_span() -> None:
    assert len(list(windows("2030-01-01", None, seconds=DAY, style=None, now=NOW))) == 1


def test_a_start_that_is_no_moment_cannot_be_cut() -> None:
    with pytest.raises(ValueError, match="abc"):
        list(windows("abc", None, seconds=DAY, style=None, now=NOW))


RECORD = Body(b'{"updatedAt":"a","meta":{"changedOn":{"t":7}},"id_x":1}')


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("updatedAt", b'"a"'),
        ("updated_at", b'"a"'),
        ("meta.changedOn.t", b"7"),
        ("meta__changed_on__t", b"7"),
        ("id_x", b"1"),
        ("nope", None),
        ("meta__nope", None),
        ("", None),
    ],
)
def test_a_field_is_named_by_the_api_or_by_its_column(name: str, value: bytes | None) -> None:
    found = field_of(RECORD, name)
    assert (None if found is None else bytes(found)) == value


@pytest.mark.parametrize(
    ("home", "there", "keeps"),
    [
        ("https://h/a", "https://h:443/b", True),
        ("https://h/a", "https://H/b", True),
        ("http://h/a", "https://h/b", True),
        ("https://h/a", "http://h/b", False),
        ("https://h/a", "https://h:8443/b", False),
        ("https://h/a", "https://h.evil/b", False),
        ("https://h/a", "https://h@evil/b", False),
    ],
)
def test_credentials_stay_within_one_origin(home: str, there: str, keeps: bool) -> None:
    assert origin(home).keeps(origin(there)) is keeps


@pytest.mark.parametrize("host", ["files.h", "FILES.h", "files.h:443", "https://files.h", "https://files.h/"])
def test_an_allowed_host_is_named_with_or_without_port_and_scheme(host: str) -> None:
    assert origin("https://files.h/x").named_in([host])
    assert not origin("https://files.h.evil/x").named_in([host])
    assert not origin("https://other/x").named_in([host])


@pytest.mark.parametrize("url", ["file:///etc/passwd", "h/x", "ftp://h/x", "https://", "javascript:1"])
def test_what_is_no_http_url_has_no_origin(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is the URL
        origin(url)
