"""Bad answers of a server: each ends in correct rows or an error that names resource and place, never a wrong table."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sync.shop import Answer, Asked, by_case, resources, shop

YAML = "resources: [{name: items, primary_key: id, endpoint: {data_selector: data}}]"
GZIP = gzip.compress(json.dumps({"data": [{"id": n} for n in range(500)]}).encode())
HTML = b"<!doctype html><html><head><title>Sign in</title></head></html>"


def data(records: str) -> bytes:
    return f'{{"data": {records}}}'.encode()


# what the server says, what the error message has in it
REFUSED: list[tuple[str, Answer, str]] = [
    ("an HTML page", Answer(HTML, headers={"Content-Type": "text/html"}), "HTML"),
    ("an HTML page that says it is JSON", Answer(HTML), "Sign in"),
    ("a truncated gzip", Answer(GZIP[:-20], headers={"Content-Encoding": "gzip"}), ""),
    ("something that is no gzip", Answer(b"plain", headers={"Content-Encoding": "gzip"}), ""),
    ("JSON that ends too early", Answer(b'{"data": [{"id": 1}, {"id": '), "ends too early"),
    ("JSON and more", Answer(data('[{"id": 1}]') + b"}"), "not valid JSON"),
    ("single quotes", Answer(b"{'data': []}"), "not valid JSON"),
    ("an error in a 200", Answer({"error": {"message": "no such account"}}), "`error`"),
    ("an error beside null data", Answer({"data": None, "errors": ["boom"]}), "boom"),
    ("NaN", Answer(data('[{"id": 1, "v": NaN}]')), "not valid JSON"),
    ("-Infinity", Answer(data('[{"id": 1, "v": -Infinity}]')), "not valid JSON"),
    ("a control character in a string", Answer(data('[{"id": 1, "v": "a\nb"}]')), "not valid JSON"),
    ("Latin-1 that says nothing", Answer(data('[{"id": 1, "v": "é"}]').decode().encode("latin-1")), "not utf-8"),
    (
        "a charset that nobody knows",
        Answer(data('[{"id": 1, "v": "é"}]'), headers={"Content-Type": "a/b; charset=x-y"}),
        "x-y",
    ),
    ("text where the records are", Answer({"data": "none"}), "`data`"),
    ("a number where the records are", Answer({"data": 5}), "`data`"),
    ("only a number", Answer(b"5"), "`data`"),
    ("another key", Answer({"dta": []}), "`dta`"),
    ("records without their key", Answer(data('[{"id": 1}, {"v": 2}]')), "1 record(s) have no id"),
    ("no record with its key", Answer(data('[{"v": 1}, {"v": 2}]')), "have no id"),
    ("a key that is null", Answer(data('[{"id": 1}, {"id": null}]')), "1 record(s) have no id"),
    ("a page of scalars without a key", Answer(data("[1, 2]")), "have no id"),
    ("an array of arrays without a key", Answer(data("[[1], [2]]")), "have no id"),
    ("records that are null", Answer(data('[null, {"id": 1}]')), "have no id"),
    ("records without a field", Answer(data("[{}, {}]")), "have no id"),
    ("10,000 fields", Answer(data(json.dumps([{"id": 1, **{f"k{n}": n for n in range(10_000)}}]))), "10002 columns"),
    ("nested without end", Answer(data('[{"id": 1, "v": ' + "[" * 5000 + "]" * 5000 + "}]")), "nested too deeply"),
]


KEYED = "primary_key: id, endpoint: {data_selector: data}"


async def test_a_bad_answer_is_an_error_and_the_table_stays_as_it_was(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    good = Answer(data('[{"id": 7, "v": "good"}]'))
    answers: list[Answer] = [good] * len(REFUSED)
    yaml = resources(*[KEYED] * len(REFUSED))
    async with shop(tmp_path, lambda asked: answers[int(asked.path[2:])], yaml) as made:
        await made.sync()
        answers = [answer for _, answer, _ in REFUSED]
        bad = await made.sync()
        answers = [Answer(data('[{"id": 8, "v": "better"}]'))] * len(REFUSED)
        assert {table.status for table in (await made.sync()).values()} == {"success"}
        for number, (title, _, named) in enumerate(REFUSED):
            with subtests.test(title):
                table = bad[f"r{number}"]
                assert table.status == "error"
                assert table.error is not None
                assert named in table.error["message"]
                assert table.error["context"]["resource"] == table.name
                assert table.error["code"] != "internal"
                assert made.column(f"SELECT v FROM lake.{table.name} ORDER BY id") == ["good", "better"]


BIG = "x" * 5_000_000
MAP = {f"k{n}": n for n in range(1000)}
DIGITS = "1234567890123456789012345678901234567890"
Value = Callable[[Any], bool]


def is_(wanted: Any) -> Value:
    return lambda got: bool(got == wanted and type(got) is type(wanted))


# the records, the column looked at, what its rows must be in order of `id`
KEPT: list[tuple[str, str, str, list[Any]]] = [
    ("no number at all: 1e400", '[{"id": 1, "v": 1e400}, {"id": 2, "v": 1.5}]', "v", ["1e400", "1.5"]),
    ("nearly nothing: 1e-400", '[{"id": 1, "v": 1e-400}, {"id": 2, "v": 0.5}]', "v", ["1e-400", "0.5"]),
    ("a key twice", '[{"id": 1, "v": 1, "v": 2}]', "v", [2]),
    ("a key twice, null last", '[{"id": 1, "v": 1, "v": null}, {"id": 2, "v": 3}]', "v", [None, 3]),
    ("half a surrogate pair", r'[{"id": 1, "v": "a\ud800b"}]', "v", ["a\ufffdb"]),
    ("both halves", r'[{"id": 1, "v": "\ud83d\ude00"}]', "v", ["😀"]),
    ("half a pair as a key", r'[{"id": 1, "\udc00v": 1}]', "_v", [1]),
    ("five million characters", json.dumps([{"id": 1, "v": BIG}]), "v", [BIG]),
    ("800 levels", '[{"id": 1, "v": ' + "[" * 800 + "]" * 800 + "}]", "v", ["[" * 800 + "]" * 800]),
    ("NUL in a text", r'[{"id": 1, "v": "a\u0000b"}]', "v", ["a\0b"]),
    ("NUL in a key", r'[{"id": 1, "v\u0000w": 1}]', "v_w", [1]),
    ("quotes in a key", r'[{"id": 1, "v\"w\\": 1}]', "v_wx", [1]),
    ("keys that differ by case", '[{"id": 1, "v": 1, "V": 2}, {"id": 2, "V": 3}]', "v", [1, None]),
    ("an empty key", '[{"id": 1, "": 5}]', "x", [5]),
    ("40 digits", f'[{{"id": 1, "v": {DIGITS}}}, {{"id": 2, "v": 1}}]', "v", [DIGITS, "1"]),
    ("20 digits", f'[{{"id": 1, "v": {DIGITS[:20]}}}, {{"id": 2, "v": 1}}]', "v", [Decimal(DIGITS[:20]), Decimal(1)]),
    ("long decimals", '[{"id": 1, "v": 0.1234567890123456789}]', "v", ["0.1234567890123456789"]),
    ("-0", '[{"id": 1, "v": -0}, {"id": 2, "v": 1}]', "v", [0, 1]),
    ("1.0 beside 1", '[{"id": 1, "v": 1.0}, {"id": 2, "v": 1}]', "v", [1.0, 1.0]),
    ("2^53+1 beside 1.5", '[{"id": 1, "v": 9007199254740993}, {"id": 2, "v": 1.5}]', "v", ["9007199254740993", "1.5"]),
    ("the text Infinity", '[{"id": 1, "v": "Infinity"}, {"id": 2, "v": "-inf"}]', "v", ["Infinity", "-inf"]),
    (
        "a day that is not",
        '[{"id": 1, "v": "2024-02-30"}, {"id": 2, "v": "2024-02-29"}]',
        "v",
        ["2024-02-30", "2024-02-29"],
    ),
    ("times of a day", '[{"id": 1, "v": "12:30:00"}]', "v", ["12:30:00"]),
    ("true beside 1", '[{"id": 1, "v": true}, {"id": 2, "v": 1}]', "v", ["true", "1"]),
    ("true beside text", '[{"id": 1, "v": true}, {"id": 2, "v": "true"}]', "v", ["true", "true"]),
    ("leading zeros", '[{"id": 1, "v": "007"}, {"id": 2, "v": 7}]', "v", ["007", "7"]),
    ("mixed arrays", '[{"id": 1, "v": [1, "a", null, true]}]', "v", [["1", "a", None, "true"]]),
    ("arrays in arrays", '[{"id": 1, "v": [[1], [2]]}, {"id": 2, "v": 3}]', "v", ["[[1],[2]]", "3"]),
    ("an array beside a text", '[{"id": 1, "v": ["a"]}, {"id": 2, "v": "a"}]', "v", ['["a"]', '"a"']),
    ("an object beside a text", '[{"id": 1, "v": {"w": 1}}, {"id": 2, "v": "a"}]', "v__w", [1, None]),
    ("empty objects", '[{"id": 1, "v": {}}, {"id": 2, "v": {}}]', "v", ["{}", "{}"]),
    ("nothing but nulls", '[{"id": 1, "v": null}, {"id": 2, "v": null}]', "v", [None, None]),
    ("spaces around", '[{"id": 1, "v": "  a "}]', "v", ["  a "]),
    ("a thousand keys of a map", json.dumps([{"id": 1, "v": MAP}]), "v", [json.dumps(MAP, separators=(",", ":"))]),
    ("a column with a reserved name", '[{"id": 1, "_dinobase_deleted_at": 5}]', "id", [1]),
    ("names that SQL owns", '[{"id": 1, "select": 1, "rowid": 2, "table": 3}]', "rowid", [2]),
]


async def test_odd_values_are_kept_as_they_came(tmp_path: Path, subtests: pytest.Subtests) -> None:
    answers = [Answer(data(records)) for _, records, _, _ in KEPT]
    yaml = resources(*[KEYED] * len(KEPT))
    async with shop(tmp_path, lambda asked: answers[int(asked.path[2:])], yaml) as made:
        first, second = await made.sync(), await made.sync()
        for number, (title, _, column, wanted) in enumerate(KEPT):
            with subtests.test(title):
                name = f"r{number}"
                assert (first[name].status, first[name].error) == ("success", None)
                got = made.column(f'SELECT "{column}" FROM lake.{name} ORDER BY id')
                assert [(type(value), value) for value in got] == [(type(value), value) for value in wanted]
                assert (second[name].status, second[name].inserted, second[name].updated) == ("unchanged", 0, 0)


ENCODED = [
    ("a byte order mark", b"\xef\xbb\xbf" + data('[{"id": 1, "v": "\u00e9"}]'), "application/json"),
    ("Latin-1 that says so", '{"data": [{"id": 1, "v": "é"}]}'.encode("latin-1"), "application/json; charset=latin-1"),
    ("UTF-16", '{"data": [{"id": 1, "v": "é"}]}'.encode("utf-16"), "application/json"),
    ("line breaks between tokens", b'{"data": [\r\n{"id":\n1,\r"v": "\xc3\xa9"}\n]}', "application/json"),
    ("the wrong type", data('[{"id": 1, "v": "\u00e9"}]'), "text/plain"),
]


async def test_encodings_end_in_the_same_rows(tmp_path: Path, subtests: pytest.Subtests) -> None:
    answers = [Answer(body, headers={"Content-Type": kind}) for _, body, kind in ENCODED]
    yaml = resources(*[KEYED] * len(ENCODED))
    async with shop(tmp_path, lambda asked: answers[int(asked.path[2:])], yaml) as made:
        tables = await made.sync()
        for number, (title, *_) in enumerate(ENCODED):
            with subtests.test(title):
                assert tables[f"r{number}"].error is None
                assert made.rows(f"SELECT id, v FROM lake.r{number}") == [(1, "é")]


PAGED = "primary_key: id, endpoint: {{data_selector: data, paginator: {}}}"
CURSOR = PAGED.format("{type: cursor, cursor_path: next, cursor_param: c}")
LINK = PAGED.format("{type: json_link, next_url_path: next}")
LOOPS: list[tuple[str, str, Callable[[Asked], Any], str]] = [
    ("a cursor for ever", CURSOR, lambda a: {"data": [{"id": len(a.query)}], "next": "x"}, "fetch.loop"),
    (
        "two cursors in a circle",
        CURSOR,
        lambda a: {"data": [{"id": a.params.get("c", "")}], "next": "b" if a.params.get("c") == "a" else "a"},
        "fetch.loop",
    ),
    (
        "the same page for ever",
        PAGED.format("{type: page_number, page_param: p}"),
        lambda _: {"data": [{"id": 1}]},
        "fetch.loop",
    ),
    ("a link to itself", LINK, lambda _: {"data": [{"id": 1}], "next": "/r3"}, "fetch.loop"),
    (
        "a link to another host",
        LINK,
        lambda _: {"data": [{"id": 1}], "next": "http://127.0.0.2:9/items"},
        "fetch.other_host",
    ),
    ("a link that is none", LINK, lambda _: {"data": [{"id": 1}], "next": "file:///etc/passwd"}, "fetch.other_host"),
    (
        "a broken second page",
        CURSOR,
        lambda a: {"data": [{"id": 1}], "next": "x"} if not a.query else Answer(b"{"),
        "fetch.malformed",
    ),
    (
        "a refused second page",
        CURSOR,
        lambda a: {"data": [{"id": 1}], "next": "x"} if not a.query else Answer("no", status=403),
        "fetch.refused",
    ),
]


async def test_a_listing_that_goes_wrong_lands_nothing(tmp_path: Path, subtests: pytest.Subtests) -> None:
    script = by_case([script for _, _, script, _ in LOOPS])
    async with shop(tmp_path, script, resources(*[facts for _, facts, _, _ in LOOPS])) as made:
        runs = [await made.sync() for _ in range(2)]  # the second begins with what the first left behind
        for number, (title, _, _, code) in enumerate(LOOPS):
            with subtests.test(title):
                for tables in runs:
                    table = tables[f"r{number}"]
                    assert table.error is not None
                    assert table.error["code"] == code
                    assert table.error["context"]["resource"] == table.name
                assert len(made.asked(f"/r{number}")) < 20
        assert made.column("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'r%'") == [0]


DRIFTS: list[tuple[str, str, str, list[Any], str]] = [
    ("a key that becomes text", '[{"id": 1, "v": 1}]', '[{"id": "1", "v": 2}, {"id": "b", "v": 3}]', [2, 3], "VARCHAR"),
    ("a key that becomes a number", '[{"id": "1", "v": 1}]', '[{"id": 1, "v": 2}]', [2], "VARCHAR"),
    ("a key that grows", '[{"id": 1, "v": 1}]', '[{"id": 18446744073709551616, "v": 2}]', [1, 2], "DECIMAL(38,0)"),
]


@pytest.mark.parametrize(("first", "second", "values", "kind"), [row[1:] for row in DRIFTS], ids=[r[0] for r in DRIFTS])
async def test_a_primary_key_may_change_its_type(
    tmp_path: Path, first: str, second: str, values: list[Any], kind: str
) -> None:
    now = first
    async with shop(tmp_path, lambda _: Answer(data(now)), YAML) as made:
        await made.sync()
        now = second
        assert (await made.sync())["items"].error is None
        assert made.types("items")["id"] == kind
        assert made.column("SELECT v FROM lake.items ORDER BY v") == values


async def test_pages_of_scalars_arrays_and_nulls_are_tables_of_one_column(tmp_path: Path) -> None:
    yaml = "resources: [{name: items, endpoint: {data_selector: data}}]"
    for records, wanted in [('[1, "a"]', ["1", "a"]), ("[[1], [2, 3]]", [[1], [2, 3]]), ("[null, 2]", [None, 2])]:
        root = tmp_path / str(len(records))
        root.mkdir()
        async with shop(root, lambda _, r=records: Answer(data(r)), yaml) as made:  # type: ignore[misc]  # bound at once
            assert (await made.sync())["items"].error is None
            assert made.column("SELECT value FROM lake.items ORDER BY value NULLS FIRST") == wanted
