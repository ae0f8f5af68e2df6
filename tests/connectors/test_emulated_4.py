"""Every packaged connector does on the emulator what it says, part 4 of 4; `pytest tests/connectors -k NAME`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.connectors.emulated import names, wrong


@pytest.mark.parametrize("name", names(3))
def test_a_connector_syncs_follows_changes_and_writes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wrong(name, tmp_path, monkeypatch) == []
