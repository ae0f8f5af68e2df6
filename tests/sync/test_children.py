"""Children: which parents are visited, what the server is asked, which rows are there; nothing is lost between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dinobase.catalog.relationships import related
from tests.sync.shop import Answer, Asked, Shop, shop

Rows = list[dict[str, Any]]


class Orders:
    """Orders that change, each with lines, each line with notes; `at` grows with every change."""

    def __init__(self) -> None:
        self.orders: dict[Any, int] = {1: 1, 2: 2}
        self.lines: dict[str, Rows] = {
            "1": [{"line": 1, "v": "a"}, {"line": 2, "v": "b"}],
            "2": [{"line": 1, "v": "c"}],
        }
        self.broken: set[str] = set()

    def __call__(self, asked: Asked) -> Any:
        if asked.path in self.broken:
            return Answer("broken", status=400)
        parts = asked.path.strip("/").split("/")
        if len(parts) == 1:
            since = int(asked.params.get("since", 0))
            return [{"id": i, "at": at} for i, at in self.orders.items() if at >= since]
        if parts[1] not in self.lines:
            return Answer({"error": "gone"}, status=404)
        if len(parts) == 3:
            return self.lines[parts[1]]
        return [{"text": f"{parts[1]}/{parts[3]}"}] if parts[3] == "1" else []

    def change(self, order: Any, lines: Rows) -> None:
        self.orders[order] = max(self.orders.values()) + 1
        self.lines[str(order)] = lines


def family(orders: str = "", lines: str = "", more: str = "") -> str:
    return f"""
    resources:
    - {{name: orders, primary_key: id{orders}}}
    - name: lines
      endpoint: {{path: "orders/{{order_id}}/lines"}}
      parent: {{resource: orders, field: id, param: order_id}}
      {lines or "primary_key: line"}
    {more}
    """


INCREMENTAL = ', endpoint: {params: {since: "{incremental.start_value}"}}, incremental: {cursor_path: at}'
ONLY_CHANGED = family(
    lines="primary_key: line\n      {}".replace("{}", "deletes: hard"),
).replace("param: order_id}", "param: order_id, only_changed: true}")
LINES = "SELECT _orders_id, line, v FROM lake.lines ORDER BY ALL"


async def test_a_childs_key_is_its_own_beside_its_parents(tmp_path: Path) -> None:
    async with shop(tmp_path, Orders(), family()) as made:
        tables = await made.sync()
        assert tables["lines"].total_rows == 3
        assert made.rows(LINES) == [(1, 1, "a"), (1, 2, "b"), (2, 1, "c")]
        assert (await made.sync())["lines"].status == "unchanged"


async def test_a_globally_unique_child_moves_between_parents(tmp_path: Path) -> None:
    source = Orders()
    source.lines = {"1": [{"line": 1, "v": "a"}], "2": [{"line": 2, "v": "b"}]}
    async with shop(tmp_path, source, family(lines="primary_key: line\n      unique: global")) as made:
        await made.sync()
        source.lines = {"1": [], "2": [{"line": 1, "v": "a"}, {"line": 2, "v": "b"}]}
        await made.sync()
        assert made.rows(LINES) == [(2, 1, "a"), (2, 2, "b")]


GRANDCHILDREN = """
- name: notes
      endpoint: {path: "orders/{order_id}/lines/{line_no}/notes", params: {order: "{order_id}"}}
      parent: {resource: lines, field: line, param: line_no}
"""


async def test_grandchildren_are_asked_for_with_all_ancestors(tmp_path: Path) -> None:
    source = Orders()
    async with shop(tmp_path, source, family(more=GRANDCHILDREN.strip())) as made:
        await made.sync()
        notes = [asked for asked in made.api.asked if asked.path.endswith("/notes")]
        assert sorted((n.path, n.params["order"]) for n in notes) == [
            ("/orders/1/lines/1/notes", "1"),
            ("/orders/1/lines/2/notes", "1"),
            ("/orders/2/lines/1/notes", "2"),
        ]
        rows = made.rows("SELECT _orders_id, _lines_line, text FROM lake.notes ORDER BY ALL")
        assert rows == [(1, 1, "1/1"), (2, 1, "2/1")]
        assert await made.sync("notes")  # parents come from the lake
        assert made.rows("SELECT count(*) FROM lake.notes") == [(2,)]


async def test_gone_parents_have_no_rows_and_are_counted(tmp_path: Path) -> None:
    source = Orders()
    source.orders[3] = 3
    async with shop(tmp_path, source, family()) as made:
        lines = (await made.sync())["lines"]
        assert (lines.status, lines.parents_without_rows, lines.total_rows) == ("success", 1, 3)


@pytest.mark.parametrize(("statuses", "status"), [("", "error"), ("\n      empty_statuses: [409]", "success")])
async def test_further_statuses_can_mean_no_rows(tmp_path: Path, statuses: str, status: str) -> None:
    source = Orders()

    def script(asked: Asked) -> Any:
        return Answer("conflict", status=409) if asked.path == "/orders/2/lines" else source(asked)

    async with shop(tmp_path, script, family(lines=f"primary_key: line{statuses}")) as made:
        assert (await made.sync())["lines"].status == status


async def test_keys_go_into_the_path_whatever_is_in_them(tmp_path: Path) -> None:
    keys = ["a/b", "ü?x=1", "100%", "{x}"]

    def script(asked: Asked) -> Any:
        return [{"id": key} for key in keys] if asked.path == "/orders" else [{"line": 1, "v": asked.raw_path}]

    async with shop(tmp_path, script, family()) as made:
        await made.sync()
        wanted = {"a/b": "a%2Fb", "ü?x=1": "%C3%BC%3Fx%3D1", "100%": "100%25", "{x}": "%7Bx%7D"}
        assert dict(made.rows("SELECT _orders_id, v FROM lake.lines")) == {
            key: f"/orders/{text}/lines" for key, text in wanted.items()
        }


def visited(made: Shop) -> list[str]:
    seen = sorted(asked.path.split("/")[2] for asked in made.api.asked if asked.path.endswith("/lines"))
    made.api.asked.clear()
    return seen


async def test_children_of_an_incremental_parent_are_those_it_listed(tmp_path: Path) -> None:
    source = Orders()
    async with shop(tmp_path, source, family(INCREMENTAL)) as made:
        await made.sync()
        assert visited(made) == ["1", "2"]
        source.change(1, [{"line": 1, "v": "new"}])
        await made.sync()
        assert visited(made) == ["1", "2"]  # 2 stands at the boundary
        assert made.rows(LINES) == [(1, 1, "new"), (1, 2, "b"), (2, 1, "c")]
        await made.sync()
        assert visited(made) == ["1"]


async def test_every_parent_is_visited_where_its_cursor_tells_nothing_of_its_children(tmp_path: Path) -> None:
    source = Orders()
    yaml = family(INCREMENTAL).replace("param: order_id}", "param: order_id, every: true}")
    async with shop(tmp_path, source, yaml) as made:
        await made.sync()
        visited(made)
        source.change(1, [{"line": 1, "v": "new"}])
        await made.sync()
        visited(made)
        source.lines["2"] = [{"line": 1, "v": "silent"}]  # order 2 is far behind the cursor, and as it was
        await made.sync()
        assert visited(made) == ["1", "2"]
        assert made.rows(LINES) == [(1, 1, "new"), (1, 2, "b"), (2, 1, "silent")]


async def test_only_changed_parents_are_visited_and_only_their_rows_are_deleted(tmp_path: Path) -> None:
    source = Orders()
    async with shop(tmp_path, source, ONLY_CHANGED) as made:
        await made.sync()
        assert visited(made) == ["1", "2"]
        await made.sync()
        assert visited(made) == []
        source.change(1, [{"line": 2, "v": "B"}])
        lines = (await made.sync())["lines"]
        assert visited(made) == ["1"]
        assert (lines.updated, lines.deleted) == (1, 1)
        assert made.rows(LINES) == [(1, 2, "B"), (2, 1, "c")]


async def test_replacing_the_children_of_changed_parents_leaves_the_others(tmp_path: Path) -> None:
    source = Orders()
    yaml = ONLY_CHANGED.replace("primary_key: line", "write_disposition: replace").replace("deletes: hard", "")
    async with shop(tmp_path, source, yaml) as made:
        await made.sync()
        source.change(1, [{"line": 7, "v": "x"}])
        await made.sync()
        assert made.rows(LINES) == [(1, 7, "x"), (2, 1, "c")]
        source.change(2, [])
        await made.sync()
        assert made.rows(LINES) == [(1, 7, "x")]


async def test_a_complete_listing_of_parents_deletes_the_children_of_those_gone(tmp_path: Path) -> None:
    source = Orders()
    async with shop(tmp_path, source, family(", deletes: hard", "primary_key: line\n      deletes: hard")) as made:
        await made.sync()
        del source.orders[1]
        await made.sync()
        assert made.rows(LINES) == [(2, 1, "c")]


async def test_a_child_that_failed_visits_all_that_it_missed(tmp_path: Path) -> None:
    source = Orders()
    async with shop(tmp_path, source, family(INCREMENTAL)) as made:
        await made.sync()
        source.change(1, [{"line": 1, "v": "missed"}])
        source.change(2, [{"line": 1, "v": "too"}])
        source.broken = {"/orders/1/lines"}
        tables = await made.sync()
        assert (tables["orders"].status, tables["lines"].status) == ("success", "error")
        assert made.rows(LINES) == [(1, 1, "a"), (1, 2, "b"), (2, 1, "c")]
        source.broken = set()
        visited(made)
        await made.sync()
        assert visited(made) == ["1", "2"]
        assert made.rows(LINES) == [(1, 1, "missed"), (1, 2, "b"), (2, 1, "too")]
        await made.sync()
        assert visited(made) == ["2"]  # caught up: only the boundary


async def test_parents_synced_alone_are_not_forgotten_by_their_children(tmp_path: Path) -> None:
    source = Orders()
    async with shop(tmp_path, source, family(INCREMENTAL)) as made:
        await made.sync()
        source.change(1, [{"line": 1, "v": "new"}])
        source.change(2, [{"line": 1, "v": "newer"}])
        await made.sync("orders")
        source.change(2, [{"line": 1, "v": "newest"}])
        await made.sync()
        assert made.rows(LINES) == [(1, 1, "new"), (1, 2, "b"), (2, 1, "newest")]


async def test_a_failed_parent_leaves_its_children_alone(tmp_path: Path) -> None:
    source = Orders()
    async with shop(tmp_path, source, family()) as made:
        await made.sync()
        source.broken = {"/orders"}
        tables = await made.sync()
        assert (tables["orders"].status, tables["lines"].status) == ("error", "skipped")
        assert tables["lines"].notes == ["its parent orders failed"]
        assert made.rows(LINES) == [(1, 1, "a"), (1, 2, "b"), (2, 1, "c")]


async def test_an_interrupted_childs_run_asks_again_for_parents_that_changed_since(tmp_path: Path) -> None:
    source = Orders()
    async with shop(tmp_path, source, family(INCREMENTAL)) as made:
        source.broken = {"/orders/2/lines"}
        made.define(family(INCREMENTAL), "concurrency: 1")
        assert (await made.sync())["lines"].status == "error"
        source.change(1, [{"line": 1, "v": "changed meanwhile"}, {"line": 2, "v": "b"}])
        source.broken = set()
        await made.sync()
        assert made.rows(LINES) == [(1, 1, "changed meanwhile"), (1, 2, "b"), (2, 1, "c")]


async def test_an_interrupted_childs_run_goes_on_where_nothing_changed(tmp_path: Path) -> None:
    source = Orders()
    async with shop(tmp_path, source, family(INCREMENTAL), "concurrency: 1") as made:
        source.broken = {"/orders/2/lines"}
        await made.sync()
        source.broken = set()
        visited(made)
        lines = (await made.sync())["lines"]
        assert visited(made) == ["2"]
        assert (lines.resumed, lines.rows) == (True, 3)
        assert made.rows(LINES) == [(1, 1, "a"), (1, 2, "b"), (2, 1, "c")]


async def test_a_child_without_its_parents_table_says_how_to_get_it(tmp_path: Path) -> None:
    async with shop(tmp_path, Orders(), family()) as made:
        lines = (await made.sync("lines"))["lines"]
        assert lines.error is not None
        assert lines.error["hint"] == "dinobase sync --resources orders,lines"


async def test_a_field_that_parents_do_not_have_is_named(tmp_path: Path) -> None:
    async with shop(tmp_path, Orders(), family().replace("field: id", "field: uid")) as made:
        tables = await made.sync()
        assert tables["lines"].error is not None or tables["orders"].error is not None
        errors = [t.error["message"] for t in tables.values() if t.error]
        assert any("no field `uid`" in message for message in errors)


async def test_a_field_named_as_the_parents_column_keeps_a_column_of_its_own_and_is_said(tmp_path: Path) -> None:
    source = Orders()
    source.lines["1"] = [{"line": 1, "v": "a", "_orders_id": "own"}, {"line": 2, "v": "b", "_orders_id": 1}]
    async with shop(tmp_path, source, family()) as made:
        await made.sync()
        assert made.rows(LINES) == [(1, 1, "a"), (1, 2, "b"), (2, 1, "c")]
        assert made.rows("SELECT line, _orders_idx FROM lake.lines WHERE _orders_idx IS NOT NULL") == [(1, "own")]
        assert [e.reason for e in made.events if e.kind == "note" and "_orders_id" in e.reason] != []


async def test_a_parents_nested_field_is_the_column_of_its_path_and_the_join_names_it(tmp_path: Path) -> None:
    yaml = """
    resources:
    - {name: routes, primary_key: id, path: routes}
    - name: stops
      primary_key: id
      path: "routes/{route}/stops"
      parent: {resource: routes, field: FIELD, param: route}
    """.replace("path: routes", "endpoint: {path: routes}").replace(
        'path: "routes/{route}/stops"', 'endpoint: {path: "routes/{route}/stops"}'
    )

    def script(asked: Asked) -> Any:
        return [{"id": 1, "flight": {"id": "a"}, "flight_id": "b"}] if asked.path == "/routes" else [{"id": 5}]

    for field in ("flight.id", "flight__id"):
        (tmp_path / field).mkdir()
        async with shop(tmp_path / field, script, yaml.replace("FIELD", field)) as made:
            await made.sync()
            assert made.api.asked[1].path == "/routes/a/stops"
            assert made.rows("SELECT _routes_flight_id, id FROM lake.stops") == [("a", 5)]
            join = related(made.connector, "shop", "stops", lambda _schema, _table: True)[0].join
            assert join == "shop.stops._routes_flight_id = shop.routes.flight__id"
            left, right = (side.replace("shop.", "") for side in join.split(" = "))
            assert made.rows(f"SELECT count(*) FROM lake.stops JOIN lake.routes ON {left} = {right}") == [(1,)]
