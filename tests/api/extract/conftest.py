"""One bench per test; nothing here waits for real."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.extract.api import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "state")
