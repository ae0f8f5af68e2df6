"""Rate limits, retries and dead servers: what is asked again, when, and how it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from dinobase.core.errors import FetchError, FetchRefused
from dinobase.extract import runner
from tests.api.extract.api import Answer, Asked, Bench, collect, parents, rows, serving, serving_bytes

OK = [{"id": 1}]


def saying(*answers: Any) -> Any:
    """Answer with each in turn, then with the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize(
    ("refusal", "seconds"),
    [
        (Answer({}, 429, {"Retry-After": "7"}), 7),
        (Answer({}, 503, {"Retry-After": "7"}), 7),
        (
            Answer({}, 429, {"Retry-After": "Fri, 01 May 2026 12:00:30 GMT", "Date": "Fri, 01 May 2026 12:00:00 GMT"}),
            30,
        ),
        (Answer({}, 429, {"X-RateLimit-Reset": "9"}), 9),
        (Answer({}, 429, {"RateLimit": '"x";r=0;t=5'}), 5),
        (Answer({}, 403, {"Retry-After": "3"}), 3),
        (Answer({}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4"}), 4),
    ],
)
async def test_a_rate_limit_waits_as_long_as_the_server_says(bench: Bench, refusal: Answer, seconds: float) -> None:
    async with serving(saying(refusal, OK)) as api:
        assert await bench.rows(api) == OK
    assert sum(bench.clock.slept) == pytest.approx(seconds, abs=0.01)
    assert [e.kind for e in bench.events] == ["waiting", "page"]


async def test_a_429_that_says_nothing_backs_off(bench: Bench) -> None:
    async with serving(saying(Answer({}, 429), Answer({}, 429), OK)) as api:
        assert await bench.rows(api) == OK
    assert len(bench.clock.slept) == 2
    assert 0.2 < bench.clock.slept[0] <= 0.51 <= bench.clock.slept[1] * 1.1


async def test_a_wait_longer_than_max_wait_fails_and_says_when_to_come_back(bench: Bench) -> None:
    async with serving(saying(Answer({}, 429, {"Retry-After": "3600", "Date": ""}))) as api:
        with pytest.raises(FetchError, match=r"asks to wait 3600 s.*come back after 2026-05-01T13:00:00Z") as caught:
            await bench.rows(api)
    assert caught.value.error_code == "fetch.rate_limited"
    assert bench.clock.slept == []
    async with serving(saying(Answer({}, 429, {"Retry-After": "3600"}), OK)) as api:
        assert await bench.rows(api, client={"retry": {"max_wait": "2h"}}) == OK


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 425])
async def test_a_server_fault_is_tried_again(bench: Bench, status: int) -> None:
    async with serving(saying(Answer({}, status), Answer({}, status), OK)) as api:
        assert await bench.rows(api) == OK
    assert len(api.asked) == 3
    assert len(bench.clock.slept) == 2


async def test_tries_end_at_five_and_at_what_the_connector_says(bench: Bench) -> None:
    async with serving(saying(Answer({"error": "boom"}, 500))) as api:
        with pytest.raises(FetchError, match="status 500 after 5 tries") as caught:
            await bench.rows(api)
        assert len(api.asked) == 5
        assert caught.value.context == {
            "resource": "items", "url": f"{api.url}/v1/items", "status": 500, "body": '{"error": "boom"}'
        }  # fmt: skip
        with pytest.raises(FetchError):
            await bench.rows(api, client={"retry": {"attempts": 2}})
        assert len(api.asked) == 7
    async with serving(saying(Answer({}, 429, {"Retry-After": "0"}))) as api:
        with pytest.raises(FetchError, match="status 429 after 5 tries"):
            await bench.rows(api)
    assert len(api.asked) == 5


async def test_further_statuses_are_tried_again_where_the_connector_says_so(bench: Bench) -> None:
    async with serving(saying(Answer({}, 409), OK)) as api:
        assert await bench.rows(api, client={"retry": {"statuses": [409]}}) == OK


@pytest.mark.parametrize("status", [400, 402, 404, 405, 409, 410, 422])
async def test_any_other_fault_of_ours_stops_the_resource_at_once(bench: Bench, status: int) -> None:
    async with serving(saying(Answer({"error": "x" * 400}, status))) as api:
        with pytest.raises(FetchError, match=f"status {status}") as caught:
            await bench.rows(api)
    assert len(api.asked) == 1
    assert not isinstance(caught.value, FetchRefused)
    assert len(caught.value.context["body"]) == 300


async def test_a_pause_holds_back_all_requests_of_the_instance(bench: Bench) -> None:
    served: list[Any] = []

    def answer(asked: Asked) -> Any:
        served.append(bench.clock.moment)
        return Answer({}, 429, {"Retry-After": "20"}) if len(served) == 1 else OK

    async with serving(answer) as api, bench.session(api, resources=[{"name": "a"}, {"name": "b"}]) as session:
        a, b = session.connector.resources
        await collect(session, a)
        moment = bench.clock.moment
        other = bench.session(api, resources=[{"name": "b"}])
        async with other:  # as another process would
            await other._limiter.pause(20)
            await collect(session, b)
    assert (bench.clock.moment - moment).total_seconds() == pytest.approx(20, abs=0.01)


async def test_bad_luck_among_many_requests_is_not_counted_as_a_dead_server(bench: Bench) -> None:
    def answer(_: Asked) -> Any:
        turn = len(api.asked)
        return OK if turn % 4 == 0 else Answer({}, 429, {"Retry-After": "1"})

    async with serving(answer) as api:
        read = {"parents": parents(*range(40))}
        got = await bench.batches(api, {"endpoint": {"path": "p/{pid}"}}, client={"concurrency": 8}, read=read)
    assert len(rows(got)) == 40


async def test_counters_and_events_tell_what_happened(bench: Bench) -> None:
    async with (
        serving(saying(Answer({}, 500), Answer({}, 429, {"Retry-After": "2"}), OK)) as api,
        bench.session(api) as session,
    ):
        await collect(session, session.connector.resources[0])
    counters = session.counters["items"]
    assert (counters.requests, counters.retries) == (3, 2)
    assert counters.bytes > 0
    assert 2 < counters.waited_s < 3.1
    assert [(e.kind, e.attempt, e.rows) for e in bench.events] == [("retry", 1, 0), ("waiting", 2, 0), ("page", 0, 1)]


async def test_a_server_that_is_not_there_is_tried_and_named(bench: Bench) -> None:
    async with serving(saying(OK)) as api:
        pass
    with pytest.raises(
        FetchError, match=r"127\.0\.0\.1:\d+ cannot be reached: Connection refused \(5 tries\)"
    ) as caught:
        await bench.rows(api)
    assert caught.value.error_code == "fetch.unreachable"
    assert len(bench.clock.slept) == 4


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
WHOLE = HEAD + b'Content-Length: 10\r\n\r\n[{"id":1}]'


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (b"", "fetch.reset"),
        (HEAD + b"Content-Length: 100\r\n\r\n[{", "fetch.truncated"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n40\r\n[{", "fetch.truncated"),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nnogzi", "fetch.truncated"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "fetch.failed"),
    ],
)
async def test_a_broken_answer_is_asked_for_again_and_then_named(bench: Bench, broken: bytes, code: str) -> None:
    async with serving_bytes(broken, WHOLE) as url:
        assert await bench.rows(url) == OK
    async with serving_bytes(broken) as url:
        with pytest.raises(FetchError) as caught:
            await bench.rows(url)
    assert caught.value.error_code == code
    assert caught.value.context["resource"] == "items"


async def test_a_server_that_dies_in_the_middle_of_a_listing_fails_it(bench: Bench) -> None:
    async def answer(asked: Asked) -> Any:
        if "at" in asked.params:
            await asyncio.sleep(30)
        return {"data": OK, "next": "?at=2"}

    resource = {"endpoint": {"data_selector": "data", "paginator": {"type": "json_link", "next_url_path": "next"}}}
    async with serving(answer) as api, bench.session(api, resources=[resource]) as session:
        reading = runner.read(session, session.connector.resources[0])
        assert rows([await anext(reading)]) == OK
        await api.stop()
        with pytest.raises(FetchError) as caught:
            await anext(reading)
    assert caught.value.error_code in {"fetch.reset", "fetch.unreachable"}


async def test_a_slow_server_is_given_up_after_the_timeout(bench: Bench) -> None:
    async def answer(_: Asked) -> Any:
        await asyncio.sleep(5)

    async with serving(answer) as api:
        with pytest.raises(FetchError, match=r"did not answer within 0\.05 s") as caught:
            await bench.rows(api, client={"timeout": 0.05, "retry": {"attempts": 2}})
    assert caught.value.error_code == "fetch.timeout"


async def test_an_unknown_host_is_named_and_not_tried_again(bench: Bench) -> None:
    with pytest.raises(FetchError, match=r"nowhere\.invalid is not known") as caught:
        await bench.rows("http://nowhere.invalid/")
    assert caught.value.error_code == "fetch.dns"


async def test_plain_http_behind_an_https_url_is_a_tls_error(bench: Bench) -> None:
    async with serving(saying(OK)) as api:
        with pytest.raises(FetchError) as caught:
            await bench.rows(api.url.replace("http", "https"))
    assert caught.value.error_code == "fetch.tls"
    assert bench.clock.slept == []


@pytest.mark.parametrize("url", ["localhost:8000/x", "ftp://127.0.0.1/", "http://127.0.0.1:99999/"])
async def test_a_base_url_that_cannot_be_asked_is_named(bench: Bench, url: str) -> None:
    with pytest.raises(FetchError) as caught:
        await bench.rows(url)
    assert caught.value.error_code == "fetch.url"
