"""Who looks on while a write is sent: asked before each request whether it may go out, told after its answer.

A request that was begun is never broken off, since nobody would know what became of it; what is not begun can wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Onlooker:
    """begun: the source is about to be asked something; go_on: whether a write may go out; told: one was answered."""

    begun: Callable[[], object]
    go_on: Callable[[], bool]
    told: Callable[[], object]


_NOBODY = Onlooker(begun=lambda: None, go_on=lambda: True, told=lambda: None)
_ONLOOKER: ContextVar[Onlooker] = ContextVar("onlooker", default=_NOBODY)


@contextmanager
def watched_by(onlooker: Onlooker) -> Iterator[None]:
    """Have what is sent within the block looked at."""
    token = _ONLOOKER.set(onlooker)
    try:
        yield
    finally:
        _ONLOOKER.reset(token)


def onlooker() -> Onlooker:
    """Return who looks on now."""
    return _ONLOOKER.get()
