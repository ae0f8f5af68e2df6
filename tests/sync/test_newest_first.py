"""A listing that has the newest change first: a later sync reads as far as it must, and nothing is lost by that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.sync.shop import Asked, shop

YAML = """
resources:
- name: items
  primary_key: id
  deletes: hard
  endpoint:
    data_selector: data
    params: {sort: -changed}
    paginator: {type: cursor, cursor_path: next, cursor_param: after}
  incremental: {cursor_path: changed, order: desc, initial_value: "2020-01-01T00:00:00Z"}
"""


class Api:
    """Twelve records, three on a page, the last change first."""

    def __init__(self) -> None:
        self.changed = {n: f"2024-01-{n:02d}T00:00:00Z" for n in range(1, 13)}
        self.gone: set[int] = set()
        self.meanwhile: list[int] = []

    def touch(self, record: int, at: str) -> None:
        self.changed[record] = at

    def __call__(self, asked: Asked) -> Any:
        assert asked.params["sort"] == "-changed"
        at = int(asked.params.get("after", 0))
        listed = sorted((n for n in self.changed if n not in self.gone), key=lambda n: self.changed[n], reverse=True)
        page = [{"id": n, "changed": self.changed[n]} for n in listed[at : at + 3]]
        if self.meanwhile:  # of a page that was not read yet: it moves to the one that was
            self.touch(self.meanwhile.pop(), "2024-03-01T00:00:00Z")
        return {"data": page, "next": str(at + 3) if at + 3 < len(listed) else None}


async def test_a_later_sync_reads_the_pages_with_changes_and_the_one_after_alone(tmp_path: Path) -> None:
    api = Api()
    async with shop(tmp_path, api, YAML) as made:
        assert (await made.sync())["items"].rows == 12
        assert len(made.api.asked) == 4
        table = (await made.sync())["items"]
        assert (table.status, table.mode, len(made.api.asked)) == ("unchanged", "incremental", 5)
        for record in (1, 2, 3, 4):
            api.touch(record, f"2024-02-{record:02d}T00:00:00Z")
        table = (await made.sync())["items"]
        assert (table.inserted, table.updated, table.deleted, len(made.api.asked)) == (0, 4, 0, 7)
        rows = made.rows("SELECT id, strftime(changed, '%Y-%m-%dT%H:%M:%SZ') FROM lake.items ORDER BY id")
        assert dict(rows) == api.changed
        await made.sync(full_refresh=True)
        assert len(made.api.asked) == 11


async def test_what_is_gone_is_found_by_a_full_refresh_and_not_taken_away_before(tmp_path: Path) -> None:
    api = Api()
    async with shop(tmp_path, api, YAML) as made:
        await made.sync()
        api.gone.add(2)
        assert (await made.sync())["items"].deleted == 0
        assert (await made.sync(full_refresh=True))["items"].deleted == 1


async def test_what_moves_to_a_page_that_was_read_already_comes_next_time(tmp_path: Path) -> None:
    api = Api()
    api.meanwhile = [1]
    async with shop(tmp_path, api, YAML, "concurrency: 1") as made:
        first = (await made.sync())["items"]
        assert first.total_rows == 11  # it was on the last page, and is on the first one now
        assert (await made.sync())["items"].inserted == 1
        assert made.column("SELECT count(*) FROM lake.items") == [12]
