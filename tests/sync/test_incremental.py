"""Incremental listings: what the server is asked with, which cursor is committed, which rows are there then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.api.extract.api import Script
from tests.sync.shop import Answer, Asked, by_case, resources, shop

EMPTY: list[list[Any]] = [[], [], []]
PAST = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)


def resource(incremental: str, more: str = "primary_key: id") -> str:
    return f"""
    resources:
    - name: items
      {more}
      endpoint: {{params: {{since: "{{incremental.start_value}}"}}}}
      incremental: {{cursor_path: at, {incremental}}}
    """


# incremental, the cursors of two syncs' records, the start values that the server received in three syncs
STARTS: list[tuple[str, list[list[Any]], list[str | None]]] = [
    ("", [["2024-03-02T00:00:00Z", "2024-03-01T00:00:00Z"], []], [None, "2024-03-02T00:00:00Z"]),
    ("initial_value: '2024-01-01'", [["2024-03-02T00:00:00Z"], []], ["2024-01-01", "2024-03-02T00:00:00Z"]),
    # instants, not strings: 01:00+02:00 is before 00:30Z; the source's own text is sent
    ("", [["2024-03-02T01:00:00+02:00", "2024-03-02T00:30:00Z"], []], [None, "2024-03-02T00:30:00Z"]),
    ("", [["2024-03-02 10:00:00", "2024-03-02 09:00:00.5"], []], [None, "2024-03-02 10:00:00"]),
    ("", [["2024-03-02", "2024-03-10"], []], [None, "2024-03-10"]),
    ("", [[9, 10], [11, 2]], [None, "10", "11"]),
    ("", [["9", "10"], []], [None, "10"]),  # numbers in quotes are numbers
    ("", [[1.5, 1700000000], []], [None, "1700000000"]),
    ("", [["01HXA", "01HXB"], []], [None, "01HXB"]),  # one shape: ordered as text
    ("", [["a", "bcd"], ["a", "zz"]], [None, None, None]),  # no order: everything, each time
    ("", [[None, "2024-03-02T00:00:00Z"], [None]], [None, "2024-03-02T00:00:00Z", "2024-03-02T00:00:00Z"]),
    ("lookback: 1h", [["2024-03-02T10:00:00Z"], []], [None, "2024-03-02T09:00:00Z"]),
    ("lookback: 1d", [["2024-03-02"], []], [None, "2024-03-01"]),
    ("lookback: '5'", [[100], []], [None, "95"]),
    ("lookback: 1m", [[1700000060], []], [None, "1700000000"]),
    ("lookback: 1m", [[1700000060000], []], [None, "1700000000000"]),
    ("format: unix", [["2024-03-02T00:00:00.900Z"], []], [None, "1709337600"]),
    ("format: unix_ms", [["2024-03-02T00:00:00.900Z"], []], [None, "1709337600900"]),
    ("format: date", [["2024-03-02T23:00:00-02:00"], []], [None, "2024-03-03"]),
    ("format: iso", [[1709337600], []], [None, "2024-03-02T00:00:00Z"]),
    # e-mail dates and .NET's are instants too: Sat is before Tue, whatever their letters say
    (
        "",
        [["Tue, 05 Mar 2024 00:30:00 +0200", "Sat, 02 Mar 2024 10:00:00 +0000"], []],
        [None, "Tue, 05 Mar 2024 00:30:00 +0200"],
    ),
    ("format: iso", [["Sat, 02 Mar 2024 10:00:00 +0000"], []], [None, "2024-03-02T10:00:00Z"]),
    ("lookback: 1h", [["Sat, 02 Mar 2024 10:00:00 GMT"], []], [None, "Sat, 02 Mar 2024 09:00:00 GMT"]),
    ("format: iso, lookback: 1h", [["/Date(1709337600000+0000)/", "/Date(999)/"], []], [None, "2024-03-01T23:00:00Z"]),
    ("format: http", [["/Date(1709337600000+0000)/"], []], [None, "Sat, 02 Mar 2024 00:00:00 GMT"]),
    (
        "format: unix, initial_value: '2024-01-01T00:00:00Z', lookback: 1h",
        [["2024-03-02T00:00:00Z"], []],
        ["1704067200", "1709334000"],
    ),
]


async def test_the_next_sync_asks_from_the_greatest_committed_cursor(tmp_path: Path, subtests: pytest.Subtests) -> None:
    def answers(cursors: list[list[Any]]) -> Script:
        ids = count()
        pages = iter([[{"id": next(ids), "at": at} for at in page] for page in [*cursors, *EMPTY]])
        return lambda _: next(pages)

    facts = 'primary_key: id, endpoint: {{params: {{since: "{{incremental.start_value}}"}}}}, incremental: {{{}}}'
    yaml = resources(*[facts.format(f"cursor_path: at, {more}") for more, _, _ in STARTS])
    async with shop(tmp_path, by_case([answers(cursors) for _, cursors, _ in STARTS]), yaml) as made:
        for _ in range(3):
            assert {table.error for table in (await made.sync()).values()} == {None}
        for number, (incremental, cursors, wanted) in enumerate(STARTS):
            with subtests.test(f"{incremental}: {cursors}"):
                asked = [asked.params.get("since") for asked in made.asked(f"/r{number}")]
                assert asked == [*wanted, wanted[-1]][:3]
                ids = made.column(f"SELECT id FROM lake.r{number} ORDER BY 1")
                assert ids == list(range(sum(map(len, cursors))))


async def test_an_unordered_listing_commits_at_most_the_moment_at_which_it_began(tmp_path: Path) -> None:
    def script(asked: Asked) -> Any:
        rows = [{"id": 1, "at": "2019-12-31T00:00:00Z"}, {"id": 2, "at": "2020-01-01T00:00:01Z"}]
        return Answer(rows, headers={"Date": PAST})

    async with shop(tmp_path, script, resource("")) as made:
        await made.sync()
        assert made.memory("items")["cursor"] == "2019-12-31T00:00:00Z"
        assert made.column("SELECT count(*) FROM lake.items") == [2]
        made.define(resource("order: asc"))
        await made.sync()
        assert made.memory("items")["cursor"] == "2020-01-01T00:00:01Z"


async def test_epochs_are_capped_too_where_their_unit_is_known(tmp_path: Path) -> None:
    begun = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
    rows = [{"id": 1, "at": begun - 5}, {"id": 2, "at": begun + 5}]
    yaml = resource("", "primary_key: id\n      columns: {at: {unit: epoch_s}}")
    async with shop(tmp_path, lambda _: Answer(rows, headers={"Date": PAST}), yaml) as made:
        await made.sync()
        assert made.memory("items")["cursor"] == str(begun - 5)


async def test_a_failed_sync_moves_no_cursor(tmp_path: Path) -> None:
    answers = iter([[{"id": 1, "at": 1}], Answer("no", status=400), [{"id": 2, "at": 2}], []])
    async with shop(tmp_path, lambda _: next(answers), resource("")) as made:
        statuses = [(await made.sync())["items"].status for _ in range(4)]
        assert statuses == ["success", "error", "success", "unchanged"]
        assert [asked.params.get("since") for asked in made.api.asked] == [None, "1", "1", "2"]


async def test_full_refresh_starts_over(tmp_path: Path) -> None:
    async with shop(tmp_path, lambda _: [{"id": 1, "at": 5}], resource("initial_value: 1")) as made:
        await made.sync()
        await made.sync(full_refresh=True)
        table = (await made.sync())["items"]
        assert [asked.params.get("since") for asked in made.api.asked] == ["1", "1", "5"]
        assert (table.mode, table.status) == ("incremental", "unchanged")


async def test_deletes_are_looked_for_in_full_listings_alone(tmp_path: Path) -> None:
    now = [{"id": 1, "at": 1}, {"id": 2, "at": 2}]
    async with shop(tmp_path, lambda _: now, resource("", "primary_key: id\n      deletes: hard")) as made:
        await made.sync()
        now = [{"id": 2, "at": 2}]
        await made.sync()
        assert made.column("SELECT count(*) FROM lake.items") == [2]
        await made.sync(full_refresh=True)
        assert made.column("SELECT id FROM lake.items") == [2]


APPEND = "write_disposition: append"


@pytest.mark.parametrize("incremental", ["initial_value: 0", "initial_value: 0, lookback: '3'"])
async def test_an_append_drops_what_is_there_already(tmp_path: Path, incremental: str) -> None:
    events: list[dict[str, Any]] = [{"n": 1, "at": 1}, {"n": 2, "at": 5}, {"n": 2, "at": 5, "x": ["b"]}]

    def script(asked: Asked) -> Any:
        return [event for event in events if int(str(event["at"])) >= int(asked.params["since"])]

    async with shop(tmp_path, script, resource(incremental, APPEND)) as made:
        await made.sync()
        assert (await made.sync())["items"].inserted == 0
        events += [{"n": 3, "at": 5}, {"n": 4, "at": 6}]
        assert (await made.sync())["items"].inserted == 2
        assert made.column("SELECT n FROM lake.items ORDER BY 1") == [1, 2, 2, 3, 4]


async def test_an_append_whose_cursor_has_no_order_repeats_nothing(tmp_path: Path) -> None:
    events = [{"n": 1, "at": "x"}, {"n": 2, "at": "yy"}, {"n": 3, "at": None}]
    async with shop(tmp_path, lambda _: events, resource("", APPEND)) as made:
        await made.sync()
        assert (await made.sync())["items"].inserted == 0
        assert made.column("SELECT count(*) FROM lake.items") == [3]


async def test_full_refresh_of_an_append_replaces_it(tmp_path: Path) -> None:
    async with shop(tmp_path, lambda _: [{"n": 1, "at": 1}], resource("initial_value: 0", APPEND)) as made:
        await made.sync()
        await made.sync(full_refresh=True)
        assert made.column("SELECT count(*) FROM lake.items") == [1]


async def test_windows_ask_for_one_span_after_another(tmp_path: Path) -> None:
    start = (datetime.now(UTC) - timedelta(days=65)).replace(microsecond=0)
    yaml = f"""
    resources:
    - name: items
      primary_key: id
      endpoint: {{params: {{from: "{{incremental.start_value}}", to: "{{incremental.end_value}}"}}}}
      incremental: {{cursor_path: at, initial_value: "{start:%Y-%m-%dT%H:%M:%SZ}", window: 30d}}
    """

    def script(asked: Asked) -> Any:
        return [{"id": asked.params["from"], "at": asked.params["from"]}]

    async with shop(tmp_path, script, yaml) as made:
        await made.sync()
        spans = [(asked.params["from"], asked.params["to"]) for asked in made.api.asked]
        assert len(spans) == 3
        assert spans[0][0] == f"{start:%Y-%m-%dT%H:%M:%SZ}"
        assert all(one[1] == two[0] for one, two in pairwise(spans))
        assert made.column("SELECT count(*) FROM lake.items") == [3]
        assert made.memory("items")["cursor"] == spans[2][0]


async def test_a_capped_listing_is_begun_again_at_its_last_cursor(tmp_path: Path) -> None:
    def script(asked: Asked) -> Any:
        since, page = int(asked.params["since"]), int(asked.params["p"])
        return [{"id": n, "at": n} for n in range(9)][since:][(page - 1) * 2 : page * 2]

    yaml = """
    resources:
    - name: items
      primary_key: id
      endpoint: {params: {since: "{incremental.start_value}"}, paginator: {type: page_number, page_param: p}}
      incremental: {cursor_path: at, initial_value: 0, order: asc, restart_after: 4}
    """
    async with shop(tmp_path, script, yaml) as made:
        await made.sync()
        seen = [(asked.params["since"], asked.params["p"]) for asked in made.api.asked]
        assert seen[:5] == [("0", "1"), ("0", "2"), ("3", "1"), ("3", "2"), ("6", "1")]
        assert made.column("SELECT id FROM lake.items ORDER BY 1") == list(range(9))
        assert made.memory("items")["cursor"] == "8"


async def test_a_token_from_the_body_is_the_next_start(tmp_path: Path) -> None:
    yaml = """
    resources:
    - name: items
      primary_key: id
      endpoint: {params: {token: "{incremental.start_value}"}, data_selector: data}
      incremental: {token_path: sync.next}
    """
    tokens = iter("abc")
    async with shop(tmp_path, lambda _: {"data": [{"id": 1}], "sync": {"next": next(tokens)}}, yaml) as made:
        for _ in range(3):
            await made.sync()
        assert [asked.params.get("token") for asked in made.api.asked] == [None, "a", "b"]
        assert made.memory("items")["cursor"] == "c"


async def test_a_cursor_that_no_record_has_is_said_and_everything_is_listed_again(tmp_path: Path) -> None:
    async with shop(tmp_path, lambda _: [{"id": 1}], resource("")) as made:
        await made.sync()
        table = (await made.sync())["items"]
        assert [asked.params for asked in made.api.asked] == [{}, {}]
        assert table.notes == ["no record has `at`, which `incremental.cursor_path` names"]


async def test_another_cursor_path_begins_anew_and_is_said(tmp_path: Path) -> None:
    rows = [{"id": 1, "createdAt": 7, "changed": {"at": 900}}, {"id": 2, "createdAt": 8, "changed": {"at": 800}}]

    def by(path: str) -> str:
        return resource("initial_value: 5").replace("cursor_path: at", f"cursor_path: {path}")

    async with shop(tmp_path, lambda _: rows, by("changed.at")) as made:
        await made.sync()
        made.define(by("createdAt"))
        table = (await made.sync())["items"]
        assert (table.mode, made.memory("items")["cursor"]) == ("full", "8")
        assert table.notes == ["its cursor was changed__at and is created_at now: everything is listed anew"]
        made.define(by("created_at"))  # the same field by the column's name
        assert (await made.sync())["items"].notes == []
        made.define(by("no_such"))
        await made.sync()
        made.define(by("createdAt"))
        await made.sync()
        assert [asked.params["since"] for asked in made.api.asked] == ["5", "5", "8", "5", "5"]


async def test_an_append_by_another_cursor_path_adds_what_is_new_alone(tmp_path: Path) -> None:
    events = [{"n": 1, "at": 10, "seq": 1}, {"n": 2, "at": 11, "seq": 2}]
    async with shop(tmp_path, lambda _: events, resource("initial_value: 0", APPEND)) as made:
        await made.sync()
        made.define(resource("initial_value: 0", APPEND).replace("cursor_path: at", "cursor_path: seq"))
        events.append({"n": 3, "at": 12, "seq": 3})
        await made.sync()
        assert made.column("SELECT n FROM lake.items ORDER BY 1") == [1, 2, 3]
        assert made.memory("items")["cursor"] == "3"
