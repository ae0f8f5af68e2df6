"""A first sync asks before its lake is open: one that cannot be opened fails the connector, and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sync.shop import Answer, resources, shop

TWO = resources("primary_key: id, endpoint: {data_selector: '$'}", "primary_key: id, endpoint: {data_selector: '$'}")


@pytest.mark.parametrize("place", ["lakes", "lakes/shop", "spool/shop/.temp"])
async def test_a_lake_that_cannot_be_made_is_said_once_and_the_next_sync_brings_all(tmp_path: Path, place: str) -> None:
    async with shop(tmp_path, lambda _: Answer([{"id": 1}, {"id": 2}]), TWO) as made:
        block = made.paths.root / place
        block.parent.mkdir(parents=True, exist_ok=True)
        block.write_text("a file where a folder must be")
        with pytest.raises(AssertionError):  # the connector's own error
            await made.sync()
        report = made.report
        assert report is not None
        assert report.error is not None
        assert (report.status, report.tables) == ("error", [])
        assert report.error["code"] != "internal", report.error
        assert block.name in report.error["message"]

        block.unlink()
        tables = await made.sync()
        assert [t.error for t in tables.values()] == [None, None]
        assert {name: table.total_rows for name, table in tables.items()} == {"r0": 2, "r1": 2}
        assert made.column("SELECT id FROM lake.r0 ORDER BY id") == [1, 2]
