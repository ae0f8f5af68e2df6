"""Children: one series of requests per parent row, at once, each stream in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dinobase.core.errors import FetchError
from dinobase.core.values import ParentRow
from dinobase.extract import runner
from tests.api.extract.api import Answer, Asked, Bench, collect, parents, rows, serving

KIDS: dict[str, Any] = {
    "name": "kids",
    "endpoint": {"path": "parents/{pid}/kids", "data_selector": "data"},
    "parent": {"resource": "items", "field": "id", "param": "pid"},
}


async def test_each_parent_is_asked_for_and_its_rows_carry_its_key(bench: Bench) -> None:
    async with serving(lambda a: {"data": [{"path": a.path}, {}]}) as api:
        batches = await bench.batches(api, KIDS, read={"parents": parents("a", 7, "x/y")})
    by_stream = {b.stream: rows([b]) for b in batches}
    assert by_stream == {
        0: [{"_parents_id": "a", "path": "/v1/parents/a/kids"}, {"_parents_id": "a"}],
        1: [{"_parents_id": 7, "path": "/v1/parents/7/kids"}, {"_parents_id": 7}],
        2: [{"_parents_id": "x/y", "path": "/v1/parents/x/y/kids"}, {"_parents_id": "x/y"}],
    }
    assert "/v1/parents/x%2Fy/kids" in {a.raw_path for a in api.asked}


async def test_a_parents_values_go_into_params_and_body_too_and_ancestors_into_the_path(bench: Bench) -> None:
    endpoint = {
        "path": "orgs/{org}/repos/{pid}/issues",
        "method": "POST",
        "params": {"repo": "{pid}"},
        "body": {"in": ["{org}", "{pid}"]},
    }
    async with serving(lambda _: []) as api:
        row = ParentRow({"org": "acme", "pid": 5}, {"_repos_id": 5, "_orgs_id": "acme"})
        await bench.batches(api, {**KIDS, "endpoint": endpoint}, read={"parents": [row]})
    asked = api.asked[0]
    assert (asked.path, asked.params, asked.json) == (
        "/v1/orgs/acme/repos/5/issues", {"repo": "5"}, {"in": ["acme", "5"]}
    )  # fmt: skip


@pytest.mark.parametrize(("status", "extra"), [(404, []), (410, []), (409, [409])])
async def test_a_parent_that_is_gone_has_no_rows_and_is_counted(bench: Bench, status: int, extra: list[int]) -> None:
    def answer(asked: Asked) -> Any:
        return Answer({"error": "gone"}, status) if "/b/" in asked.path else {"data": [{"id": 1}]}

    async with serving(answer) as api:
        batches = await bench.batches(
            api, {**KIDS, "empty_statuses": extra}, read={"parents": parents("a", "b", "c"), "first_stream": 10}
        )
    assert sorted((b.stream, b.missing, len(b.records), b.done) for b in batches) == [
        (10, False, 1, True), (11, True, 0, True), (12, False, 1, True)
    ]  # fmt: skip


async def test_a_404_without_a_parent_is_an_error(bench: Bench) -> None:
    async with serving(lambda _: Answer({}, 404)) as api:
        with pytest.raises(FetchError, match="status 404"):
            await bench.rows(api, {"empty_statuses": [409]})


async def test_children_run_at_once_but_no_more_than_concurrency(bench: Bench) -> None:
    async def answer(_: Asked) -> Any:
        await asyncio.sleep(0.01)
        return {"data": [{"id": 1}]}

    async with serving(answer) as api:
        batches = await bench.batches(api, KIDS, client={"concurrency": 5}, read={"parents": parents(*range(40))})
    assert len(batches) == 40
    assert api.most_at_once == 5


async def test_pages_of_a_child_come_in_order_and_end_with_done(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("c", 0))
        return {"data": [{"n": at}], "next": str(at + 1) if at < 4 else None}

    async with serving(answer) as api:
        paginator = {"type": "cursor", "cursor_path": "next", "cursor_param": "c"}
        batches = await bench.batches(api, KIDS, client={"paginator": paginator}, read={"parents": parents(*range(9))})
    for stream in range(9):
        own = [b for b in batches if b.stream == stream]
        assert [r["n"] for r in rows(own)] == [0, 1, 2, 3, 4]
        assert [b.done for b in own] == [False] * 4 + [True]


async def test_done_streams_are_not_asked_for_again_and_half_done_ones_go_on(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("c", 0))
        return {"data": [{"n": at}], "next": str(at + 1) if at < 2 else None}

    async with serving(answer) as api:
        facts: dict[str, Any] = {
            "client": {"paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "c"}}
        }
        whole = await bench.batches(api, KIDS, read={"parents": parents("a", "b", "c")}, **facts)
        half = next(b for b in whole if b.stream == 1)
        api.asked.clear()
        read = {"parents": parents("a", "b", "c"), "done_streams": {0}, "resume": {1: half.resume}}
        rest = await bench.batches(api, KIDS, read=read, **facts)
    assert sorted((b.stream, r["n"]) for b in rest for r in rows([b])) == [(1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]


async def test_the_first_error_ends_the_resource(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        return Answer({"error": "bad"}, 400) if "/3/" in asked.path else {"data": []}

    async with serving(answer) as api:
        with pytest.raises(FetchError, match="status 400"):
            await bench.batches(api, KIDS, client={"concurrency": 2}, read={"parents": parents(*range(100))})
    assert len(api.asked) < 20


async def test_a_reader_that_stops_early_leaves_nothing_behind(bench: Bench) -> None:
    async with serving(lambda _: {"data": [{"id": 1}]}) as api, bench.session(api, resources=[KIDS]) as session:
        reading = runner.read(session, session.connector.resources[0], parents=parents(*range(1000)))
        async for _ in reading:
            break
        await reading.aclose()
        asked = len(api.asked)
        await asyncio.sleep(0.02)
    assert len(api.asked) == asked < 40
    assert len([t for t in asyncio.all_tasks() if "merging" in repr(t.get_coro())]) == 0


async def test_the_next_page_is_on_its_way_before_a_page_is_handed_over(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("c", 0))
        return {"data": [{"n": at}], "next": str(at + 1) if at < 4 else None}

    resource = {"endpoint": {"data_selector": "data"}}
    client = {"paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "c"}}
    async with serving(answer) as api, bench.session(api, resources=[resource], client=client) as session:
        sent: list[int] = []
        async for batch in runner.read(session, session.connector.resources[0]):
            sent.append(session.counters["items"].requests - len(sent) - 1)
            if batch.done:
                assert rows([batch]) == [{"n": 4}]
    assert sent == [1, 1, 1, 1, 0]


async def test_pages_of_a_known_total_are_fetched_at_once_and_land_in_order(bench: Bench) -> None:
    async def answer(asked: Asked) -> Any:
        at = int(asked.params["offset"])
        await asyncio.sleep(0.01 if at % 20 else 0.03)
        return {"data": [{"n": at + k} for k in range(10)], "total": 200}

    resource = {"endpoint": {"data_selector": "data"}}
    client = {"paginator": {"type": "offset", "limit": 10, "total_path": "total"}, "concurrency": 6}
    async with serving(answer) as api:
        assert [r["n"] for r in await bench.rows(api, resource, client=client)] == list(range(200))
    assert api.most_at_once == 6
    assert len(api.asked) == 20


async def test_two_resources_share_the_concurrency_of_the_instance(bench: Bench) -> None:
    async def answer(_: Asked) -> Any:
        await asyncio.sleep(0.01)
        return {"data": []}

    resources = [KIDS, {**KIDS, "name": "pets"}]
    async with serving(answer) as api, bench.session(api, resources=resources, client={"concurrency": 3}) as session:
        await asyncio.gather(*(collect(session, r, parents=parents(*range(15))) for r in session.connector.resources))
    assert api.most_at_once == 3
