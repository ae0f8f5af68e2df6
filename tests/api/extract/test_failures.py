"""Failures that an API tells inside a 200: each is what its word means, and never an empty listing."""

from __future__ import annotations

from typing import Any

import pytest

from dinobase.core.errors import FetchError, FetchRefused
from dinobase.extract import runner
from tests.api.extract.api import Answer, Bench, parents, rows, serving
from tests.api.extract.test_faults import saying

ERRORS = {
    "ok_path": "ok",
    "error_path": "error",
    "statuses": {"ratelimited": 429, "invalid_auth": 401, "not_found": 404, "fatal_error": 500},
}
FINE = {"ok": True, "items": [{"id": 1}]}
ITEMS: dict[str, Any] = {"endpoint": {"data_selector": "items"}}


def no(word: str, **more: Any) -> dict[str, Any]:
    return {"ok": False, "error": word, **more}


@pytest.mark.parametrize("word", ["ratelimited", "fatal_error"])
async def test_what_passes_is_waited_out_and_asked_again(bench: Bench, word: str) -> None:
    async with serving(saying(no(word), no(word), FINE)) as api:
        assert await bench.rows(api, ITEMS, client={"errors": ERRORS}) == [{"id": 1}]
    assert len(bench.clock.slept) == 2


async def test_a_rate_limit_waits_as_long_as_its_header_says(bench: Bench) -> None:
    async with serving(saying(Answer(no("ratelimited"), 200, {"Retry-After": "7"}), FINE)) as api:
        await bench.rows(api, ITEMS, client={"errors": ERRORS})
    assert bench.clock.slept == [pytest.approx(7, abs=0.01)]


async def test_any_other_word_stops_the_resource_and_is_shown(bench: Bench) -> None:
    async with serving(saying(no("missing_scope", needed="channels:read"))) as api:
        with pytest.raises(FetchError) as caught:
            await bench.rows(api, ITEMS, client={"errors": ERRORS})
        assert len(api.asked) == 1
    assert caught.value.error_code == "fetch.error_body"
    assert caught.value.message == "the API answers that it failed: `missing_scope`"
    assert caught.value.context["status"] == 200
    assert "channels:read" in caught.value.context["body"]


async def test_an_empty_list_beside_the_word_is_no_listing(bench: Bench) -> None:
    async with serving(saying(no("team_access_not_granted", items=[]))) as api:
        with pytest.raises(FetchError, match="team_access_not_granted"):
            await bench.rows(api, ITEMS, client={"errors": ERRORS})


async def test_a_word_for_wrong_credentials_is_a_refusal(bench: Bench) -> None:
    async with serving(saying(no("invalid_auth"))) as api:
        with pytest.raises(FetchRefused, match="refused the request: `invalid_auth`"):
            await bench.rows(api, ITEMS, client={"errors": ERRORS})


async def test_a_parent_that_is_not_there_has_no_children(bench: Bench) -> None:
    child = {**ITEMS, "parent": {"resource": "p", "field": "id", "param": "pid"}}
    child["endpoint"] = {"path": "p/{pid}/items", "data_selector": "items"}
    async with serving(lambda asked: no("not_found") if "/p/1/" in asked.path else FINE) as api:
        batches = await bench.batches(api, child, client={"errors": ERRORS}, read={"parents": parents("1", "2")})
    assert rows(batches) == [{"_parents_id": "2", "id": 1}]
    assert [batch.missing for batch in batches].count(True) == 1


@pytest.mark.parametrize(
    ("errors", "body", "word"),
    [
        ({"ok_path": "ok"}, {"ok": False}, "ok: false"),
        ({"ok_path": "ok"}, {"ok": "false"}, "ok: false"),
        ({"ok_path": "ok"}, {"items": []}, None),
        ({"ok_path": "ok", "error_path": "error"}, {"ok": True, "error": "old", "items": []}, None),
        ({"error_path": "error_message"}, {"error_message": "Parse error", "items": []}, "Parse error"),
        ({"error_path": "error"}, {"error": None, "items": []}, None),
        ({"error_path": "error"}, {"error": "", "items": []}, None),
        ({"error_path": "error"}, {"error": False, "items": []}, None),
        ({"error_path": "error"}, {"error": {"code": 7}, "items": []}, '{"code": 7}'),
        ({"error_path": "errors[0].code"}, {"errors": [{"code": 12}]}, "12"),
        ({"error_path": "errors[0].code"}, {"errors": [], "items": []}, None),
    ],
)
async def test_what_counts_as_a_failure(bench: Bench, errors: Any, body: Any, word: str | None) -> None:
    async with serving(saying(body)) as api:
        if word is None:
            assert await bench.rows(api, ITEMS, client={"errors": errors}) == []
        else:
            with pytest.raises(FetchError) as caught:
                await bench.rows(api, ITEMS, client={"errors": errors})
            assert f"`{word}`" in caught.value.message


async def test_what_is_no_json_is_told_as_ever(bench: Bench) -> None:
    async with serving(saying(Answer(b"<html><title>Sign in</title></html>"))) as api:
        with pytest.raises(FetchError, match="titled `Sign in`"):
            await bench.rows(api, ITEMS, client={"errors": ERRORS})


async def test_a_check_that_is_answered_so_has_failed(bench: Bench) -> None:
    async with (
        serving(saying(no("account_inactive"))) as api,
        bench.session(api, client={"errors": ERRORS}, check={"path": "auth.test"}) as session,
    ):
        result = await runner.check(session)
    assert (result.ok, "account_inactive" in result.detail) == (False, True)
