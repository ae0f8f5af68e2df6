"""What leaves the process as an error: secrets hidden in what others said, our own words left as they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dinobase.core import secrets


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    for value in ("sync", "users", "Tr0ub4dor&3x"):
        secrets.register(value)
    yield
    secrets.forget_all()


def test_codes_keys_and_names_stay_and_what_was_said_is_masked() -> None:
    facts = {
        "code": "sync.failed",
        "message": "it said: sync Tr0ub4dor&3x",
        "hint": "dinobase sync shop, not with Tr0ub4dor&3x",
        "context": {"resource": "users", "users": 1, "body": {"a": ["sync", "Tr0ub4dor&3x"]}, "status": 400},
    }
    assert secrets.redact_error(facts) == {
        "code": "sync.failed",
        "message": "it said: *** ***",
        "hint": "dinobase sync shop, not with ***",
        "context": {"resource": "users", "users": 1, "body": {"a": ["***", "***"]}, "status": 400},
    }


def test_an_error_without_context_is_masked_as_it_is() -> None:
    assert secrets.redact_error({"message": "Tr0ub4dor%263x", "hint": None}) == {"message": "***", "hint": None}
