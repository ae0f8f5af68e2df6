"""The bullets under `resources` that concern one listing: parameters, keys, dispositions, deletes, shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sync.shop import Answer, Asked, by_case, resources, shop

SELECTORS = [
    ("data", '{"data": [{"id": 1}, {"id": 2}]}', [1, 2]),
    ("$", '[{"id": 1}, {"id": 2}]', [1, 2]),
    ("$.a.b", '{"a": {"b": [{"id": 1}]}}', [1]),
    ("a[*].b[*]", '{"a": [{"b": [{"id": 1}]}, {"b": [{"id": 2}]}]}', [1, 2]),
    ("data", '{"data": {"id": 3}}', [3]),  # an object is one record
    ("$", '{"id": 4, "more": []}', [4]),
    (None, '[{"id": 1}]', [1]),
    (None, '{"count": 1, "results": [{"id": 1}]}', [1]),  # the one list of objects
    (None, '{"tags": ["a"], "results": [{"id": 1}]}', [1]),
    ("data", '{"data": null}', []),
    ("data", '{"data": []}', []),
    ("data", "null", []),
    ("data", "[]", []),
    ("data", "{}", []),
    ("data", "", []),
]
WRONG = [
    ("dta", '{"data": [{"id": 1}], "n": 1}', "`data`"),
    (None, '{"a": [{"id": 1}], "b": [{"id": 2}]}', "`a`, `b`"),
    (None, '{"a": 1}', "`a`"),
    ("n", '{"n": 1}', "`1`"),
]


def listing(selector: str | None) -> str:
    return "primary_key: id, endpoint: " + (f"{{data_selector: '{selector}'}}" if selector else "{}")


async def test_records_are_found_where_the_selector_leads(tmp_path: Path, subtests: pytest.Subtests) -> None:
    yaml = resources(*[listing(selector) for selector, _, _ in SELECTORS])
    async with shop(tmp_path, by_case([lambda _, b=b: Answer(b.encode()) for _, b, _ in SELECTORS]), yaml) as made:  # type: ignore[misc]  # bound at once
        tables = await made.sync()
        for number, (selector, body, ids) in enumerate(SELECTORS):
            with subtests.test(f"{selector} in {body}"):
                table = tables[f"r{number}"]
                assert (table.error, table.rows) == (None, len(ids))
                assert table.status == ("success" if ids else "unchanged")
                if ids:
                    assert made.column(f"SELECT id FROM lake.r{number} ORDER BY id") == ids


async def test_a_selector_that_leads_nowhere_says_what_is_there(tmp_path: Path, subtests: pytest.Subtests) -> None:
    yaml = resources(*[listing(selector) for selector, _, _ in WRONG])
    async with shop(tmp_path, by_case([lambda _, b=b: Answer(b.encode()) for _, b, _ in WRONG]), yaml) as made:  # type: ignore[misc]  # bound at once
        tables = await made.sync()
        for number, (selector, body, named) in enumerate(WRONG):
            with subtests.test(f"{selector} in {body}"):
                table = tables[f"r{number}"]
                assert table.status == "error"
                assert table.error is not None
                assert named in table.error["message"]
                assert table.error["context"]["resource"] == table.name


async def test_no_content_means_no_records(tmp_path: Path) -> None:
    async with shop(tmp_path, lambda _: Answer(b"", status=204), resources(listing("data"))) as made:
        assert (await made.sync())["r0"].error is None


async def test_parameters_merge_key_by_key_and_null_removes_one(tmp_path: Path) -> None:
    yaml = """
    resource_defaults:
      primary_key: id
      endpoint: {params: {limit: 100, sort: id, expand: [a, b]}, headers: {X-One: "1", X-Two: "2"}}
    resources:
    - {name: plain}
    - name: own
      endpoint: {path: "v2//own/", params: {sort: null, limit: 5, state: open, live: true}, headers: {X-Two: "3"}}
    - {name: placed, endpoint: {path: "shops/{shop}/items", params: {shop: "a/b c"}}}
    """
    async with shop(tmp_path, lambda _: [{"id": 1}], yaml) as made:
        await made.sync()
        asked = {a.path: a for a in made.api.asked}
        assert asked["/plain"].query == [("limit", "100"), ("sort", "id"), ("expand", "a"), ("expand", "b")]
        assert sorted(asked["/v2//own/"].query) == sorted(
            [("limit", "5"), ("expand", "a"), ("expand", "b"), ("state", "open"), ("live", "true")]
        )
        own = asked["/v2//own/"].headers
        assert (own["x-one"], own["x-two"]) == ("1", "3")
        assert [a.raw_path.split("?")[0] for a in made.api.asked if "shops" in a.path] == ["/shops/a%2Fb%20c/items"]


async def test_a_composite_key_takes_the_apis_own_names_paths_and_column_names(tmp_path: Path) -> None:
    sent = [[{"shopId": 1, "line": {"no": n}, "v": v} for n, v in rows] for rows in ([(1, "a"), (2, "b")], [(2, "c")])]
    pages = iter(sent)
    for key in ("[shopId, line.no]", "[shop_id, line__no]", "['$.shopId', '$.line.no']"):
        root = tmp_path / str(abs(hash(key)))
        root.mkdir()
        pages = iter(sent)
        yaml = f"resources: [{{name: items, primary_key: {key}}}]"
        async with shop(root, lambda _, p=pages: next(p), yaml) as made:  # type: ignore[misc]  # bound at once
            await made.sync()
            table = (await made.sync())["items"]
            assert (table.inserted, table.updated, table.total_rows) == (0, 1, 2)
            rows = made.rows("SELECT shop_id, line__no, v FROM lake.items ORDER BY 2")
            assert rows == [(1, 1, "a"), (1, 2, "c")]


Listings = list[list[dict[str, Any]]]
FIRST = [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 2, "v": "B"}]
SECOND = [{"id": 2, "v": "B"}, {"id": 3, "v": "c"}]
DISPOSITIONS = [
    ("primary_key: id", [(1, "a"), (2, "B")], [(1, "a"), (2, "B"), (3, "c")], (1, 0, 0)),
    ("primary_key: id, deletes: hard", [(1, "a"), (2, "B")], [(2, "B"), (3, "c")], (1, 0, 1)),
    ("primary_key: id, write_disposition: replace", [(1, "a"), (2, "B")], [(2, "B"), (3, "c")], (1, 0, 1)),
    ("write_disposition: replace", [(1, "a"), (2, "B"), (2, "b")], [(2, "B"), (3, "c")], (2, 0, 3)),
    (
        "write_disposition: append",
        [(1, "a"), (2, "B"), (2, "b")],
        [(1, "a"), (2, "B"), (2, "B"), (2, "b"), (3, "c")],
        (2, 0, 0),
    ),
]


async def test_write_dispositions(tmp_path: Path, subtests: pytest.Subtests) -> None:
    now = FIRST
    async with shop(tmp_path, lambda _: now, resources(*[facts for facts, _, _, _ in DISPOSITIONS])) as made:
        await made.sync()
        before = [made.rows(f"SELECT id, v FROM lake.r{n} ORDER BY ALL") for n in range(len(DISPOSITIONS))]
        now = SECOND
        tables = await made.sync()
        after = [made.rows(f"SELECT id, v FROM lake.r{n} ORDER BY ALL") for n in range(len(DISPOSITIONS))]
        again = await made.sync()
        for number, (facts, first, second, counts) in enumerate(DISPOSITIONS):
            with subtests.test(facts):
                table = tables[f"r{number}"]
                assert (before[number], after[number]) == (first, second)
                assert (table.inserted, table.updated, table.deleted) == counts
                assert (table.rows, table.total_rows) == (2, len(second))
                assert again[f"r{number}"].status == ("success" if "append" in facts else "unchanged")


async def test_soft_deletes_are_stamped_and_taken_back(tmp_path: Path) -> None:
    now = [{"id": 1}, {"id": 2}]
    async with shop(tmp_path, lambda _: now, "resources: [{name: items, primary_key: id, deletes: soft}]") as made:
        await made.sync()
        now = [{"id": 1}]
        table = (await made.sync())["items"]
        assert (table.deleted, table.total_rows) == (1, 1)
        query = "SELECT id, _dinobase_deleted_at IS NULL FROM lake.items ORDER BY id"
        assert made.rows(query) == [(1, True), (2, False)]
        assert (await made.sync())["items"].status == "unchanged"
        now = [{"id": 1}, {"id": 2}]
        await made.sync()
        assert made.rows(query) == [(1, True), (2, True)]


@pytest.mark.parametrize(("deletes", "left"), [("ignore", 2), ("soft", 2), ("hard", 0)])
async def test_an_empty_complete_listing_says_that_all_rows_are_gone(tmp_path: Path, deletes: str, left: int) -> None:
    now: list[dict[str, int]] = [{"id": 1}, {"id": 2}]
    yaml = f"resources: [{{name: items, primary_key: id, deletes: {deletes}}}]"
    async with shop(tmp_path, lambda _: now, yaml) as made:
        await made.sync()
        now = []
        await made.sync()
        assert made.column("SELECT count(*) FROM lake.items") == [left]
        if deletes == "soft":
            assert made.column("SELECT count(_dinobase_deleted_at) FROM lake.items") == [2]


async def test_unselected_resources_run_only_when_asked_for(tmp_path: Path) -> None:
    yaml = """
    resource_defaults: {primary_key: id}
    resources: [{name: items}, {name: orders}, {name: audit_logs, selected: false}]
    """
    async with shop(tmp_path, lambda _: [{"id": 1}], yaml) as made:
        assert list(await made.sync()) == ["items", "orders"]
        assert list(await made.sync("audit_logs")) == ["audit_logs"]
        assert list(await made.sync("+audit_logs")) == ["items", "orders", "audit_logs"]
        assert list(await made.sync(kept=["orders"])) == ["orders"]
        assert list(await made.sync("items", kept=["orders"])) == ["items"]
        assert len(made.asked("/audit_logs")) == 2


async def test_a_failed_resource_keeps_its_table_and_stops_no_other(tmp_path: Path) -> None:
    broken = False

    def script(asked: Asked) -> Any:
        if broken and asked.path == "/items" and asked.params.get("p") == "2":
            return Answer({"error": "no"}, status=400)
        return [{"id": int(asked.params.get("p", 1)) * 10 + broken}] if asked.params.get("p", "1") < "3" else []

    yaml = """
    resource_defaults: {write_disposition: replace}
    resources:
    - {name: items, endpoint: {paginator: {type: page_number, page_param: p}}}
    - {name: orders}
    """
    async with shop(tmp_path, script, yaml) as made:
        await made.sync()
        broken = True
        tables = await made.sync()
        assert made.report is not None
        assert made.report.status == "partial"
        assert tables["orders"].status == "success"
        assert made.column("SELECT id FROM lake.items ORDER BY 1") == [10, 20]
        assert made.column("SELECT id FROM lake.orders ORDER BY 1") == [11]
        assert tables["items"].error is not None
        facts = tables["items"].error["context"]
        assert (facts["resource"], facts["status"]) == ("items", 400)


SHAPE = {
    "id": 1,
    "customerId": 7,
    "address": {"city": "B", "geo": {"lat": 1.5, "box": {"n": 1}}},
    "tags": ["x", "y"],
    "items": [{"sku": "a", "qty": 1, "unit-price": {"eur": 2}}, {"sku": "b", "qty": 2}],
    "properties": {"email": "e", "id": "inner"},
    "metadata": {"2024-01-01": 1, "2024-01-02": 2},
}


async def test_records_become_columns_lists_json_and_views(tmp_path: Path) -> None:
    async with shop(tmp_path, lambda _: [SHAPE], "resources: [{name: orders, primary_key: id}]") as made:
        await made.sync()
        assert made.types("orders") == {
            "id": "BIGINT",
            "customer_id": "BIGINT",
            "address__city": "VARCHAR",
            "address__geo__lat": "DOUBLE",
            "address__geo__box": "JSON",
            "tags": "VARCHAR[]",
            "items": "JSON",
            "properties__email": "VARCHAR",
            "properties__id": "VARCHAR",
            "metadata": "JSON",
        }
        rows = made.rows("SELECT _orders_id, _index, sku, qty, unit_price FROM lake.orders__items ORDER BY 2")
        assert rows == [(1, 0, "a", 1, '{"eur":2}'), (1, 1, "b", 2, None)]


async def test_nesting_and_lifting_are_the_connectors_choice(tmp_path: Path) -> None:
    yaml = """
    resources:
    - {name: flat, primary_key: id, max_nesting: 1}
    - {name: deep, primary_key: id, max_nesting: 4}
    - {name: lifted, primary_key: id, lift: [properties]}
    """
    async with shop(tmp_path, lambda _: [SHAPE], yaml) as made:
        await made.sync()
        assert {"address", "properties"} <= made.types("flat").keys()
        assert made.types("flat")["address"] == "JSON"
        assert "address__geo__box__n" in made.types("deep")
        assert {"email", "properties__id"} <= made.types("lifted").keys()  # `id` was taken
        assert made.rows("SELECT id, email, properties__id FROM lake.lifted") == [(1, "e", "inner")]


async def test_declared_types_win_over_what_the_values_look_like(tmp_path: Path) -> None:
    yaml = """
    resources:
    - name: items
      primary_key: id
      columns:
        price: {type: "DECIMAL(18,2)"}
        zip: {type: VARCHAR}
        meta: {type: JSON}
        address.since: {type: DATE}
        n: {type: INTEGER}
        gone: {type: BIGINT}
      relationships: [{columns: [zip], to: places, to_columns: [zip]}]
    - {name: places, primary_key: id}
    """
    record = {"id": 1, "price": "12.30", "zip": 10115, "meta": {"a": 1}, "address": {"since": "2024-01-01"}, "n": "x"}
    async with shop(tmp_path, lambda _: [record], yaml) as made:
        table = (await made.sync())["items"]
        kinds = made.types("items")
        assert (kinds["price"], kinds["zip"], kinds["meta"]) == ("DECIMAL(18,2)", "VARCHAR", "JSON")
        assert (kinds["address__since"], kinds["n"]) == ("DATE", "VARCHAR")
        assert made.rows("SELECT CAST(price AS VARCHAR), zip, meta, n FROM lake.items") == [
            ("12.30", "10115", '{"a":1}', "x")
        ]
        assert table.notes == ["n: a value does not fit the declared INTEGER; it is kept as text"]


async def test_what_changed_in_the_columns_is_reported(tmp_path: Path) -> None:
    now: list[dict[str, Any]] = [{"id": 1, "a": 1}]
    async with shop(tmp_path, lambda _: now, "resources: [{name: items, primary_key: id}]") as made:
        await made.sync()
        now = [{"id": 2, "a": "x", "b": True}]
        table = (await made.sync())["items"]
        assert table.notes == ["a: BIGINT is VARCHAR now", "new column b (BOOLEAN)"]
        assert made.rows("SELECT id, a, b FROM lake.items ORDER BY id") == [(1, "1", None), (2, "x", True)]
