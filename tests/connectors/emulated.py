"""What the files `test_emulated_*.py` run: they are several so that as many processes share the connectors."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.emulator.check import check
from tests.connectors.prove import packaged

PARTS = 4


def names(part: int) -> list[str]:
    """Return the connectors of one file."""
    return packaged()[part::PARTS]


def wrong(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Check one connector against the emulator."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return check(name, folder).problems
