"""How changes are asked for: start and end values, windows, restarts at a cap, tokens from the body."""

from __future__ import annotations

from typing import Any

import pytest

from dinobase.core.errors import FetchError, RequestError
from tests.api.extract.api import Answer, Asked, Bench, rows, serving

CHANGED = {"cursor_path": "updated", "initial_value": "2026-01-01"}


def since(**facts: Any) -> dict[str, Any]:
    params = {"since": "{incremental.start_value}", "until": "{incremental.end_value}"}
    incremental = {**CHANGED, **facts}
    return {"endpoint": {"data_selector": "data", "params": params}, "incremental": incremental}


async def asked_with(bench: Bench, resource: dict[str, Any], **read: Any) -> list[dict[str, str]]:
    async with serving(lambda _: {"data": []}) as api:
        await bench.batches(api, resource, read=read)
    return [a.params for a in api.asked]


async def test_the_first_run_asks_from_the_initial_value(bench: Bench) -> None:
    assert await asked_with(bench, since()) == [{"since": "2026-01-01"}]


async def test_a_later_run_asks_from_the_start_value(bench: Bench) -> None:
    assert await asked_with(bench, since(), start_value="2026-02-01", end_value="2026-03-01") == [
        {"since": "2026-02-01", "until": "2026-03-01"}
    ]


async def test_without_any_value_the_parameter_is_left_out(bench: Bench) -> None:
    assert await asked_with(bench, since(initial_value=None)) == [{}]


@pytest.mark.parametrize(
    ("form", "sent"),
    [("unix", "1767225600"), ("unix_ms", "1767225600000"), ("date", "2026-01-01"), ("iso", "2026-01-01T00:00:00Z")],
)
async def test_a_format_says_how_the_value_is_written(bench: Bench, form: str, sent: str) -> None:
    assert await asked_with(bench, since(format=form)) == [{"since": sent}]


async def test_a_start_value_goes_into_path_and_body(bench: Bench) -> None:
    resource = since()
    resource["endpoint"] = {"path": "changes/{incremental.start_value}", "method": "POST", "data_selector": "data"}
    resource["endpoint"]["body"] = {"filters": [{"gte": "{incremental.start_value}"}]}
    async with serving(lambda _: {"data": []}) as api:
        await bench.batches(api, resource)
    assert api.asked[0].path == "/v1/changes/2026-01-01"
    assert api.asked[0].json == {"filters": [{"gte": "2026-01-01"}]}


async def test_a_window_asks_for_one_span_after_another_up_to_now(bench: Bench) -> None:
    sent = await asked_with(bench, since(window="60d"))
    assert sent == [
        {"since": "2026-01-01", "until": "2026-03-02"},
        {"since": "2026-03-02", "until": "2026-05-01"},
        {"since": "2026-05-01", "until": "2026-05-02"},
    ]


async def test_the_spans_of_a_window_are_one_stream_that_resumes_anywhere(bench: Bench) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("c", 0))
        return {"data": [{"s": asked.params["since"], "n": at}], "next": "1" if at == 0 else None}

    client = {"paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "c"}}
    async with serving(answer) as api:
        whole = await bench.batches(api, since(window="60d"), client=client)
        assert [b.done for b in whole] == [False] * 5 + [True]
        for number, batch in enumerate(whole[:-1], 1):
            await bench.clock.sleep(3600)  # a resumed run keeps the first run's end
            rest = await bench.batches(api, since(window="60d"), client=client, read={"resume": batch.resume})
            assert rows(rest) == rows(whole[number:])


async def test_a_listing_that_the_body_says_how_to_go_on_from_is_asked_for_up_to_now(bench: Bench) -> None:
    facts = since(cursor_path="", token_path="next")
    assert await asked_with(bench, facts) == [{"since": "2026-01-01", "until": "2026-05-02"}]
    assert await asked_with(bench, facts, start_value="tok-1") == [{"since": "tok-1"}]


async def test_a_window_needs_a_moment_to_begin_at(bench: Bench) -> None:
    with pytest.raises(RequestError, match="`abc` is no moment"):
        await asked_with(bench, since(window="30d", initial_value="abc"))


RECORDS = [{"id": n, "updated": f"2026-01-{n:02}"} for n in range(1, 12)]


def capped(asked: Asked) -> Any:
    """Give at most 4 records of a listing, 2 a page, as search APIs do with 10,000."""
    found = [r for r in RECORDS if str(r["updated"]) >= asked.params["since"]]
    at = int(asked.params["offset"])
    if at >= 4:
        return Answer({"error": "past the window"}, 400)
    return {"data": found[at : at + 2], "total": len(found)}


async def test_a_listing_that_ends_at_the_apis_cap_begins_again_from_its_last_cursor(bench: Bench) -> None:
    client = {"paginator": {"type": "offset", "limit": 2, "total_path": "total"}}
    async with serving(capped) as api:
        batches = await bench.batches(api, since(order="asc", restart_after=4), client=client)
        seen = [r["id"] for r in rows(batches)]
        assert sorted(set(seen)) == list(range(1, 12))
        assert [a.params["since"] for a in api.asked[::2]] == ["2026-01-01", "2026-01-04", "2026-01-07", "2026-01-10"]
        for number, batch in enumerate(batches[:-1], 1):
            read = {"resume": batch.resume}
            rest = await bench.batches(api, since(order="asc", restart_after=4), client=client, read=read)
            assert rows(rest) == rows(batches[number:])


async def test_a_cap_filled_by_one_cursor_value_is_an_error_and_no_loop(bench: Bench) -> None:
    same = [{"id": n, "updated": "2026-01-01"} for n in range(9)]

    def answer(asked: Asked) -> Any:
        at = int(asked.params["offset"])
        return {"data": same[at : at + 2], "total": 9}

    client = {"paginator": {"type": "offset", "limit": 2, "total_path": "total"}}
    async with serving(answer) as api:
        with pytest.raises(FetchError, match="cannot go on from there") as caught:
            await bench.batches(api, since(order="asc", restart_after=4), client=client)
    assert caught.value.error_code == "fetch.restart"


NEWEST: dict[str, Any] = {
    "endpoint": {"data_selector": "data", "params": {"sort": "-updated"}},
    "incremental": {"cursor_path": "updated", "order": "desc"},
}
DAYS = [{"id": n, "updated": f"2026-01-{n:02d}T00:00:00Z"} for n in range(12, 0, -1)]


def newest_first(asked: Asked) -> Any:
    at = int(asked.params.get("offset", asked.params.get("after", 0)))
    return {"data": DAYS[at : at + 3], "next": str(at + 3) if at + 3 < len(DAYS) else None, "total": len(DAYS)}


@pytest.mark.parametrize(
    "paginator",
    [
        {"type": "cursor", "cursor_path": "next", "cursor_param": "after"},
        {"type": "offset", "limit": 3},
        {"type": "offset", "limit": 3, "total_path": "total"},
    ],
)
@pytest.mark.parametrize(
    ("start", "pages"),
    [
        (None, 4),
        ("2026-01-11T00:00:00Z", 1),
        ("2026-01-10T00:00:00Z", 2),  # as old as the start: others may be too, on the next page
        ("2026-01-06T02:00:00+02:00", 3),  # moments are compared, not texts
        ("1767916800", 2),
        ("2025-01-01", 4),
        ("no moment", 4),
    ],
)
async def test_a_listing_with_the_newest_first_ends_at_the_page_that_goes_back_behind_the_start(
    bench: Bench, paginator: dict[str, Any], start: str | None, pages: int
) -> None:
    async with serving(newest_first) as api:
        client = {"paginator": paginator}
        found = rows(await bench.batches(api, NEWEST, client=client, read={"start_value": start}))
    assert found == DAYS[: pages * 3]
    assert len(api.asked) == pages + (pages == 4 and "total_path" not in paginator and paginator["type"] == "offset")


@pytest.mark.parametrize("order", [[DAYS[1], DAYS[0], *DAYS[2:]], DAYS[::-1]])
async def test_a_listing_that_has_not_the_newest_first_after_all_is_read_whole_and_that_is_said(
    bench: Bench, order: list[dict[str, Any]]
) -> None:
    def answer(asked: Asked) -> Any:
        at = int(asked.params.get("after", 0))
        return {"data": order[at : at + 3], "next": str(at + 3) if at + 3 < len(order) else None}

    client = {"paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "after"}}
    async with serving(answer) as api:
        found = rows(await bench.batches(api, NEWEST, client=client, read={"start_value": "2026-01-11T00:00:00Z"}))
    assert found == order
    said = [event.reason for event in bench.events if event.kind == "note"]
    assert said == ["its listing has not the newest `updated` first: it is read whole"]


async def test_a_page_whose_last_record_has_no_cursor_does_not_end_a_listing_with_the_newest_first(
    bench: Bench,
) -> None:
    def answer(asked: Asked) -> Any:
        found = newest_first(asked)
        return {**found, "data": [*found["data"][:-1], {"id": found["data"][-1]["id"], "updated": None}]}

    client = {"paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "after"}}
    async with serving(answer) as api:
        await bench.batches(api, NEWEST, client=client, read={"start_value": "2026-01-11T00:00:00Z"})
    assert len(api.asked) == 4


async def test_a_sync_token_is_handed_over_with_its_page_and_sent_next_time(bench: Bench) -> None:
    resource = since(cursor_path="", initial_value=None, token_path="next_sync_token")
    async with serving(lambda _: {"data": [{"id": 1}], "next_sync_token": "tok/2"}) as api:
        (batch,) = await bench.batches(api, resource)
        await bench.batches(api, resource, read={"start_value": batch.token})
    assert batch.token == "tok/2"
    assert [a.params for a in api.asked] == [{}, {"since": "tok/2"}]


async def test_a_delta_link_is_the_next_request_itself(bench: Bench) -> None:
    resource = {
        "endpoint": {"path": "users/delta", "data_selector": "data", "params": {"select": "id"}},
        "incremental": {"token_path": "['@odata.deltaLink']"},
    }
    async with serving(lambda _: {"data": [], "@odata.deltaLink": f"{api.url}/v1/users/delta?token=a%2Fb"}) as api:
        (batch,) = await bench.batches(api, resource)
        await bench.batches(api, resource, read={"start_value": batch.token})
    assert [a.raw_path for a in api.asked] == ["/v1/users/delta?select=id", "/v1/users/delta?token=a%2Fb"]


async def test_a_listing_goes_on_where_the_last_one_ended_at_a_place_of_its_own(bench: Bench) -> None:
    pager = {"type": "cursor", "cursor_path": "cursor", "cursor_body_path": "cursor", "has_more_path": "more"}
    resource = {
        "endpoint": {
            "path": "list",
            "method": "POST",
            "body": {"recursive": True},
            "data_selector": "data",
            "paginator": {**pager, "continue_path": "/v1/list/continue"},
        },
        "incremental": {"token_path": "cursor"},
    }
    answers = iter([("a", True), ("b", False), ("c", False)])

    def answer(_: Asked) -> Any:
        cursor, more = next(answers)
        return {"data": [{"id": cursor}], "cursor": cursor, "more": more}

    async with serving(answer) as api:
        *_, last = await bench.batches(api, resource)
        await bench.batches(api, resource, read={"start_value": last.token})
    assert [(a.path, a.body) for a in api.asked] == [
        ("/v1/list", b'{"recursive":true}'),
        ("/v1/list/continue", b'{"cursor":"a"}'),
        ("/v1/list/continue", b'{"cursor":"b"}'),
    ]


async def test_a_delta_link_to_another_host_is_an_error(bench: Bench) -> None:
    resource = {"endpoint": {"path": "users/delta"}, "incremental": {"token_path": "delta"}}
    async with serving(lambda _: []) as api, serving(lambda _: []) as other:
        with pytest.raises(FetchError) as caught:
            await bench.batches(api, resource, read={"start_value": f"{other.url}/x"})
    assert caught.value.error_code == "fetch.other_host"
    assert other.asked == []


async def test_each_batch_carries_the_servers_date(bench: Bench) -> None:
    async with serving(lambda _: Answer([], headers={"Date": "Fri, 01 May 2026 12:00:00 GMT"})) as api:
        (batch,) = await bench.batches(api)
    assert batch.server_date == bench.clock.moment
