"""Runs that are cut, repeated or in each other's way."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dinobase.catalog.runs import RunLog
from dinobase.core import clock
from dinobase.lake.lock import sync_lock
from tests.sync.shop import Answer, Asked, Shop, shop

PAGED = """
resources:
- name: items
  {facts}
  endpoint: {{data_selector: data{params}, paginator: {{type: cursor, cursor_path: next, cursor_param: c}}}}
"""
SINCE = ', params: {since: "{incremental.start_value}"}'
KEYED = PAGED.format(facts="primary_key: id", params="")
APPENDED = PAGED.format(
    facts="write_disposition: append\n  incremental: {cursor_path: id, initial_value: 0}", params=SINCE
)
PLAIN = PAGED.format(facts="write_disposition: replace", params="")


class Pages:
    """Three pages of two; one of them may be broken."""

    def __init__(self) -> None:
        self.broken = ""
        self.more: list[dict[str, Any]] = []

    def __call__(self, asked: Asked) -> Any:
        at = asked.params.get("c", "0")
        if at == self.broken:
            return Answer("no", status=400)
        since = int(asked.params.get("since", 0))
        rows = [{"id": n} for n in range(int(at) * 2, int(at) * 2 + 2)] + (self.more if at == "2" else [])
        return {"data": [row for row in rows if row["id"] >= since], "next": str(int(at) + 1) if at < "2" else None}


@pytest.mark.parametrize("yaml", [KEYED, APPENDED, PLAIN], ids=["merge", "append", "replace"])
@pytest.mark.parametrize("broken", ["0", "1", "2"])
async def test_a_cut_listing_goes_on_where_it_was_and_holds_every_row_once(
    tmp_path: Path, yaml: str, broken: str
) -> None:
    source = Pages()
    async with shop(tmp_path, source, yaml) as made:
        source.broken = broken
        for _ in range(2):
            assert (await made.sync())["items"].status == "error"
        assert made.types("items") == {}
        source.broken = ""
        made.api.asked.clear()
        table = (await made.sync())["items"]
        assert table.status == "success"
        assert table.resumed is (broken != "0")
        assert made.api.asked[0].params.get("c", "0") == broken
        assert made.column("SELECT id FROM lake.items ORDER BY 1") == list(range(6))
        assert (await made.sync())["items"].resumed is False


async def test_what_changed_while_an_incremental_listing_was_cut_is_asked_for_at_once(tmp_path: Path) -> None:
    source = Pages()
    yaml = PAGED.format(
        facts="primary_key: id\n  incremental: {cursor_path: id, initial_value: 0, order: asc}", params=SINCE
    )
    async with shop(tmp_path, source, yaml) as made:
        source.broken = "2"
        await made.sync()
        source.broken = ""
        source.more = [{"id": 9}]
        made.api.asked.clear()
        table = (await made.sync())["items"]
        assert [(a.params["since"], a.params.get("c")) for a in made.api.asked][:2] == [("0", "2"), ("9", None)]
        assert (table.resumed, table.mode, table.total_rows) == (True, "full", 7)
        assert made.memory("items")["cursor"] == "9"


async def test_rows_of_an_interrupted_listing_are_as_old_as_its_beginning(tmp_path: Path) -> None:
    source = Pages()
    async with shop(tmp_path, source, KEYED) as made:
        source.broken = "2"
        await made.sync()
        source.broken = ""
        between = clock.iso(clock.now())
        table = (await made.sync())["items"]
        assert table.resumed
        assert table.listed_at is not None
        log = RunLog(made.paths.state)
        assert log.last_syncs(["shop"])["shop", "items"].synced_at == table.listed_at < between
        assert (await made.sync())["items"].listed_at is None
        assert (log.last_syncs(["shop"])["shop", "items"].synced_at or "") > between


async def test_what_an_incremental_table_asks_for_at_once_makes_it_fresh(tmp_path: Path) -> None:
    source = Pages()
    yaml = PAGED.format(
        facts="primary_key: id\n  incremental: {cursor_path: id, initial_value: 0, order: asc}", params=SINCE
    )
    async with shop(tmp_path, source, yaml) as made:
        source.broken = "2"
        await made.sync()
        source.broken = ""
        between = clock.iso(clock.now())
        table = (await made.sync())["items"]
        assert (table.resumed, table.listed_at) == (True, None)
        assert (RunLog(made.paths.state).last_syncs(["shop"])["shop", "items"].synced_at or "") > between


async def test_another_definition_begins_anew(tmp_path: Path) -> None:
    source = Pages()
    async with shop(tmp_path, source, APPENDED) as made:
        source.broken = "1"
        await made.sync()
        source.broken = ""
        made.api.asked.clear()
        await made.sync(full_refresh=True)
        assert "c" not in made.api.asked[0].params
        assert made.column("SELECT count(*) FROM lake.items") == [6]


async def test_a_short_listing_is_not_worth_going_on_with(tmp_path: Path) -> None:
    source = Pages()
    async with shop(tmp_path, source, KEYED) as made:
        source.broken = "1"
        await made.sync(resume_after=60.0)
        source.broken = ""
        made.api.asked.clear()
        table = (await made.sync(resume_after=60.0))["items"]
        assert (table.resumed, len(made.api.asked)) == (False, 3)


async def test_records_at_fault_are_asked_for_again(tmp_path: Path) -> None:
    now: list[Any] = [{"id": 1}, {"v": 2}]
    async with shop(tmp_path, lambda _: now, "resources: [{name: items, primary_key: id}]") as made:
        assert (await made.sync())["items"].status == "error"
        now = [{"id": 1}, {"id": 2}]
        assert (await made.sync())["items"].total_rows == 2


async def test_a_sync_that_is_stopped_leaves_tables_and_locks_as_they_were(tmp_path: Path) -> None:
    waiting = asyncio.Event()
    stuck = False

    async def slow(asked: Asked) -> Any:
        if stuck and asked.params.get("c") == "1":
            waiting.set()
            await asyncio.sleep(30)
        return Pages()(asked)

    async with shop(tmp_path, slow, KEYED) as made:
        await made.sync()
        stuck = True
        run = asyncio.ensure_future(made.sync())
        await waiting.wait()
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert made.column("SELECT count(*) FROM lake.items") == [6]
        stuck = False
        assert (await made.sync())["items"].status == "unchanged"


async def refused(made: Shop) -> dict[str, Any]:
    with pytest.raises(AssertionError):
        await made.sync()
    assert made.report is not None
    assert made.report.status == "error"
    assert made.report.error is not None
    return made.report.error


async def test_two_syncs_of_one_connector_do_not_run_at_once(tmp_path: Path) -> None:
    async with shop(tmp_path, Pages(), KEYED) as made:
        with sync_lock(made.location, made.paths.state):
            error = await refused(made)
        assert error["code"] == "lake.locked"
        assert made.api.asked == []
        assert (await made.sync())["items"].status == "success"


def spoil(catalog: Path) -> None:
    catalog.parent.mkdir(parents=True)
    catalog.write_text("no database" * 100)


async def test_a_lake_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    async with shop(tmp_path, Pages(), KEYED) as made:
        spoil(Path(made.location.catalog))
        error = await refused(made)
        assert error["code"].startswith("lake.")


async def test_new_parents_of_an_incremental_child_are_read_from_the_beginning(tmp_path: Path) -> None:
    orders = [1]
    lines: dict[str, list[dict[str, int]]] = {"1": [{"no": 1, "at": 10}]}

    def script(asked: Asked) -> Any:
        if asked.path == "/orders":
            return [{"id": n} for n in orders]
        since = int(asked.params.get("since", 0))
        return [line for line in lines[asked.path.split("/")[2]] if line["at"] >= since]

    yaml = """
    resources:
    - {name: orders, primary_key: id}
    - name: lines
      primary_key: "no"
      endpoint: {path: "orders/{id}/lines", params: {since: "{incremental.start_value}"}}
      parent: {resource: orders, field: id, param: id}
      incremental: {cursor_path: at, initial_value: 0}
    """
    async with shop(tmp_path, script, yaml) as made:
        await made.sync()
        orders.append(2)
        lines["1"].append({"no": 2, "at": 11})
        lines["2"] = [{"no": 1, "at": 3}]
        made.api.asked.clear()
        await made.sync()
        assert {a.path: a.params.get("since") for a in made.api.asked if a.path != "/orders"} == {
            "/orders/1/lines": "10",
            "/orders/2/lines": "0",
        }
        assert made.rows('SELECT _orders_id, no, "at" FROM lake.lines ORDER BY ALL') == [
            (1, 1, 10),
            (1, 2, 11),
            (2, 1, 3),
        ]
