"""The table of what is tried again: status and headers in, a decision out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dinobase.extract.retry import Decision, Policy, backoff, decide

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def decided(status: int, headers: dict[str, str] | None = None, **facts: Any) -> Decision:
    known: dict[str, Any] = {"attempt": 1, "policy": Policy(), "chance": 0.0, "renewed": True, **facts}
    return decide(status, headers or {}, now=NOW, **known)


@pytest.mark.parametrize(
    ("status", "headers", "action"),
    [
        (200, {}, "accept"),
        (204, {}, "accept"),
        (206, {}, "accept"),
        (301, {}, "stop"),
        (304, {}, "stop"),
        (400, {}, "stop"),
        (403, {}, "stop"),
        (403, {"retry-after": "1"}, "wait"),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"}, "wait"),
        (403, {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "5"}, "stop"),
        (404, {}, "stop"),
        (408, {}, "retry"),
        (409, {}, "stop"),
        (410, {}, "stop"),
        (422, {}, "stop"),
        (425, {}, "retry"),
        (429, {}, "wait"),
        (500, {}, "retry"),
        (502, {}, "retry"),
        (503, {}, "wait"),
        (504, {}, "retry"),
        (520, {}, "retry"),
    ],
)
def test_each_status_has_its_action(status: int, headers: dict[str, str], action: str) -> None:
    assert decided(status, headers).action == action


def test_a_401_renews_once_and_then_stops_the_authentication() -> None:
    assert decided(401, renewed=False).action == "renew"
    assert decided(401, renewed=True).action == "stop_auth"


def test_further_statuses_can_be_tried_again() -> None:
    assert decided(409, policy=Policy(statuses=frozenset({409}))).action == "retry"


def test_a_wait_is_as_long_as_the_server_says() -> None:
    assert decided(429, {"retry-after": "7"}) == Decision("wait", 7, "rate limit", shared=True)
    assert decided(503, {"retry-after": "7"}).seconds == 7


def test_a_reset_header_on_a_server_error_says_nothing() -> None:
    assert decided(500, {"x-ratelimit-reset": "3000"}).seconds < 1


def test_a_wait_longer_than_allowed_is_not_made() -> None:
    decision = decided(429, {"retry-after": "301"})
    assert (decision.action, decision.too_long, decision.seconds) == ("stop", True, 301)
    assert decided(429, {"retry-after": "301"}, policy=Policy(max_wait=400)).action == "wait"


def test_tries_come_to_an_end() -> None:
    assert decided(500, attempt=4).action == "retry"
    assert decided(500, attempt=5) == Decision("stop", reason="5 tries")
    assert decided(429, {"retry-after": "1"}, attempt=5).action == "stop"


def test_backoff_doubles_with_jitter_and_has_a_ceiling() -> None:
    assert [backoff(n, 0.999999) for n in (1, 2, 3, 4)] == pytest.approx([0.5, 1, 2, 4], rel=1e-3)
    assert [backoff(n, 0.0) for n in (1, 2, 3, 4)] == [0.25, 0.5, 1, 2]
    assert backoff(50, 0.999999) <= 60
