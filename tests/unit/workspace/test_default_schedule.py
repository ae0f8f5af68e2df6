"""Without an interval of its own a connector is due as often as its data may be old."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinobase.core.settings import Paths
from dinobase.kinds.timing import Every
from dinobase.workspace import schedule_state

HOUR = 3600.0


@pytest.mark.parametrize(
    ("entry", "seconds"),
    [
        ({"type": "stripe"}, HOUR),
        ({"type": "postgres"}, 6 * HOUR),
        ({"type": "sqlite", "params": {"path": "app.db"}}, 6 * HOUR),
        ({"type": "postgres", "params": {"mode": "live"}}, None),
        ({"type": "csv"}, None),
        ({"type": "csv", "freshness": "1d"}, 24 * HOUR),
        ({"type": "csv", "sync_interval": "10m"}, 600.0),
        ({"type": "postgres", "freshness": "2h"}, 2 * HOUR),
        ({"type": "postgres", "freshness": "never"}, None),
        ({"type": "postgres", "freshness": "never", "sync_interval": "1d"}, 24 * HOUR),
        ({"type": "stripe", "sync_interval": "never", "freshness": "1h"}, None),
    ],
)
def test_the_kind_of_source_says_how_often_it_is_due(entry: dict[str, Any], seconds: float | None) -> None:
    assert schedule_state.timing_of(entry, UTC) == (None if seconds is None else Every(seconds))


def test_what_is_due_when_tells_the_default(tmp_path: Path) -> None:
    kinds = {"api": "stripe", "base": "postgres", "file": "csv"}
    paths = Paths(tmp_path)
    paths.config.write_text(yaml.safe_dump({"connectors": {name: {"type": kind} for name, kind in kinds.items()}}))
    found = {one.name: (one.schedule, one.is_due) for one in schedule_state.overview(paths).connectors}
    assert {name: due for name, (_, due) in found.items()} == {"api": True, "base": True, "file": False}
    assert found["file"][0] == "never"
    assert found["api"][0] != found["base"][0]
    assert "6" in found["base"][0]
