"""The passphrase of human approvals: config.yaml keeps a salted verifier, nothing keeps the passphrase."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from dinobase.core import errors
from dinobase.core.settings import Paths
from dinobase.mutate import approval
from dinobase.spec import config_edit
from dinobase.spec.config import Config

SHORTEST = 8
_SALT = 16


@dataclass(frozen=True, slots=True)
class ApprovalKey:
    """What became of it."""

    status: Literal["set", "changed", "removed"]


def put(passphrase: str, current: str, config: Config, paths: Paths) -> ApprovalKey:
    """Set or change it; `current` is the one that holds, '' where none does."""
    _check(current, config)
    if len(passphrase) < SHORTEST:
        raise errors.UsageError(
            f"An approval key has at least {SHORTEST} characters", hint="Several words are easy to keep in mind."
        )
    config_edit.put_approval_key(paths, approval.verifier(passphrase, os.urandom(_SALT)))
    return ApprovalKey("changed" if config.approval_key else "set")


def remove(current: str, config: Config, paths: Paths) -> ApprovalKey:
    """Ask for none from now on."""
    if not config.approval_key:
        raise errors.UsageError("There is no approval key", hint="dinobase approval-key set")
    _check(current, config)
    config_edit.put_approval_key(paths, "")
    return ApprovalKey("removed")


def _check(current: str, config: Config) -> None:
    if config.approval_key and not approval.opens(current, config.approval_key):
        raise errors.RequestError(
            "The approval key is not the right one",
            code="write.approval_key",
            hint="Who has lost it takes `approval_key` out of config.yaml by hand.",
        )
