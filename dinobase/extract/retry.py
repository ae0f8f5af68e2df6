"""Which answer is tried again, and when: a table and a pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from dinobase.kinds.ratelimit import exhausted, wait_seconds

Action: TypeAlias = Literal["accept", "wait", "retry", "renew", "stop_auth", "stop"]

# The first line that fits counts; statuses in no line are 2xx (accept) or stop the resource.
TABLE: tuple[tuple[Action, tuple[int, ...]], ...] = (
    ("renew", (401,)),
    ("wait", (429, 503)),
    ("retry", (408, 425)),
    ("retry", tuple(range(500, 600))),
)
_FIRST = 0.5
_LONGEST_BACKOFF = 60.0


@dataclass(frozen=True, slots=True)
class Policy:
    """`client.retry` in numbers."""

    attempts: int = 5
    statuses: frozenset[int] = frozenset()
    max_wait: float = 300.0


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with an answer; `shared` waits hold back the whole instance; `too_long` waits are not made."""

    action: Action
    seconds: float = 0.0
    reason: str = ""
    shared: bool = False
    too_long: bool = False


def decide(
    status: int,
    headers: Mapping[str, str],
    *,
    attempt: int,
    policy: Policy,
    now: datetime,
    chance: float,
    renewed: bool,
) -> Decision:
    """Decide about one answer; `attempt` counts from 1, `chance` is random in [0, 1), `renewed` after one new token."""
    if 200 <= status < 300:
        return Decision("accept")
    action: Action = next((a for a, statuses in TABLE if status in statuses), "stop")
    asked = wait_seconds(headers, now)
    if status == 403 and ("retry-after" in headers or exhausted(headers)):
        action = "wait"
    elif action == "stop" and status in policy.statuses:
        action = "retry"
    if action == "renew":
        return Decision("stop_auth" if renewed else "renew", reason="401")
    if action == "stop":
        return Decision("stop")
    said = action == "wait" and asked is not None
    seconds = asked if said and asked is not None else backoff(attempt, chance)
    if said and seconds > policy.max_wait:
        return Decision("stop", seconds, "rate limit", too_long=True)
    if attempt >= policy.attempts:
        return Decision("stop", reason=f"{attempt} tries")
    limited = action == "wait" and status != 503
    return Decision(action, seconds, "rate limit" if limited else f"status {status}", shared=limited or said)


def backoff(attempt: int, chance: float) -> float:
    """Return exponential backoff with jitter: between half and all of 0.5, 1, 2, 4... seconds."""
    return min(_FIRST * 2.0 ** (attempt - 1), _LONGEST_BACKOFF) * (0.5 + chance / 2)
