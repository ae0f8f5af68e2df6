"""Files of this test's own, older than the moment within which a file is read again in any case."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.databases.desk import Desk

Write: TypeAlias = Callable[..., Path]
_BEGUN = 1_700_000_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "workspace")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file under `data/`; each writing is a second later than the one before."""
    times = iter(range(_BEGUN, _BEGUN + 10_000))

    def one(name: str, content: str | bytes) -> Path:
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        moment = next(times)
        os.utime(path, (moment, moment))
        return path

    return one
