"""A page's records are taken all at once only where a typed read of them is exact."""

from __future__ import annotations

import pytest

from dinobase.kinds.body import read
from dinobase.kinds.select import Elements, Selector
from dinobase.load.check import Checker, has_long_number
from dinobase.load.schema import JSON, Column, TableSchema

SCHEMA = TableSchema(
    (
        Column("id", ("id",), "BIGINT"),
        Column("s", ("s",), "VARCHAR"),
        Column("j", ("j",), JSON),
    )
)


@pytest.mark.parametrize(
    "array",
    [
        '[{"id":1,"s":"x"},{"id":2},{"j":[1]}]',
        '[{"id":1}, {"id":2}\n,{"id":3}]',
        '[{"id":1,"s":"},{"},{"j":[{"a":1},{"b":2}]},{"s":"[]"}]',
    ],
)
def test_records_that_a_typed_read_keeps_are_taken_at_once(array: str) -> None:
    checker = Checker(SCHEMA)
    found = checker.cut(array.encode())
    assert found is not None
    assert (found.text, len(found), found.by) == (array[1:-1].encode(), 3, checker)
    assert b",".join(bytes(record) for record in found) in array.encode().replace(b", ", b",").replace(b"\n", b"")


@pytest.mark.parametrize(
    "array",
    [
        "[]",
        '[{"id":1},{"id":2,"new":1}]',
        '[{"id":1},{"id":"2"}]',
        '[{"id":1},{"id":1.5}]',
        '[{"id":1},5]',
        '[{"id":1},null]',
        '[{"id":1},{"j":0.12345678901234567890}]',
        '[{"id":1},{"id":9223372036854775808}]',
        '[{"id":1}',
    ],
)
def test_others_are_cut_out_one_by_one(array: str) -> None:
    assert Checker(SCHEMA).cut(array.encode()) is None


def test_nothing_is_taken_before_there_are_columns() -> None:
    assert Checker(TableSchema()).cut(b'[{"id":1}]') is None


@pytest.mark.parametrize(
    ("path", "body", "rows"),
    [
        ("data", '{"data":[{"id":1},{"id":2}],"n":1}', 2),
        ("a.b", '{"a":{"b":[{"id":1}]}}', 1),
        ("$", '[{"id":1},{"id":2}]', 2),
        ("data[*]", '{"data":[{"id":1}]}', 1),
    ],
)
def test_the_selector_takes_the_array_that_its_path_leads_to(path: str, body: str, rows: int) -> None:
    found = Selector(path, Checker(SCHEMA).cut).records(read(body.encode()))
    assert isinstance(found, Elements)
    assert len(found) == rows


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("data", '{"data":{"id":1}}'),
        ("data", '{"data":[1,2]}'),
        ("data", '{"data":null}'),
        ("data", r'{"data":[{"s":"\ud800"}]}'),
        ("pages[*].data[*]", '{"pages":[{"data":[{"id":1}]},{"data":[{"id":2}]}]}'),
    ],
)
def test_the_selector_cuts_out_what_is_no_such_array(path: str, body: str) -> None:
    plain = Selector(path).records(read(body.encode()))
    found = Selector(path, Checker(SCHEMA).cut).records(read(body.encode()))
    assert not isinstance(found, Elements)
    assert [bytes(record) for record in found] == [bytes(record) for record in plain]


def test_without_a_path_the_list_that_was_settled_on_is_taken_at_once() -> None:
    selector = Selector(None, Checker(SCHEMA).cut)
    body = read(b'{"rows":[{"id":1}],"n":1}')
    assert len(selector.records(body)) == 1
    assert isinstance(selector.records(body), Elements)


def test_a_large_page_is_looked_through_once_however_many_records_it_has() -> None:
    array = b"[%b]" % b",".join(b'{"id":%d,"s":"%d"}' % (n, n) for n in range(200_000))
    found = Checker(SCHEMA).cut(array)
    assert found is not None
    assert bytes(found.text) == array[1:-1]
    assert sum(len(memoryview(record)) + 1 for record in found) == len(array) - 1


@pytest.mark.parametrize("bad", ['{"id":"x"}', '{"late":1}', '{"j":0.12345678901234567890}', "null", "[]"])
@pytest.mark.parametrize("place", [0, 90_000, 199_999])
def test_one_record_of_a_large_page_that_a_typed_read_would_change_is_seen(bad: str, place: int) -> None:
    records = [b'{"id":%d,"s":"some text"}' % n for n in range(200_000)]
    records[place] = bad.encode()
    assert Checker(SCHEMA).cut(b"[%b]" % b",".join(records)) is None


@pytest.mark.parametrize("shift", range(-40, 41))
def test_digits_that_no_double_keeps_are_found_where_a_large_text_is_taken_apart(shift: int) -> None:
    number = b',"x":-1.2345678901234567,'
    text = b"a" * ((1 << 20) - len(number) // 2 + shift) + number + b"a" * 100
    assert has_long_number(text)
    assert has_long_number(memoryview(text))
    assert not has_long_number(text.replace(number, b',"x":-1.23456789,"y":"12"'))
