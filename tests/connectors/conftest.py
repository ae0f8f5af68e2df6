"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """Return a workspace of its own."""
    return Workbench(tmp_path / "workspace")
