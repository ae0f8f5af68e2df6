"""Records are cut out byte for byte; what cannot be records is an error that says what was there."""

from __future__ import annotations

import json

import pytest

from dinobase.kinds.body import MalformedError, read
from dinobase.kinds.select import Selector
from dinobase.kinds.tags import with_tags


def cut(body: bytes, selector: str | None, content_type: str = "") -> list[bytes]:
    return [bytes(r) for r in Selector(selector).records(read(body, content_type))]


@pytest.mark.parametrize(
    ("selector", "body", "records"),
    [
        ("data", b'{"data":[{"id":1},{"id":2}]}', [b'{"id":1}', b'{"id":2}']),
        ("data[*]", b'{"data":[{"id":1}]}', [b'{"id":1}']),
        ("data[]", b'{"data":[{"id":1}]}', [b'{"id":1}']),
        ("$", b'[{"id":1}]', [b'{"id":1}']),
        ("$", b'{"id":1}', [b'{"id":1}']),
        ("$[*]", b'[{"id":1}]', [b'{"id":1}']),
        ("a.b", b'{"a":{"b":[{"id":1}]}}', [b'{"id":1}']),
        ("data", b'{"data":{"id":1}}', [b'{"id":1}']),
        ("data", b'{"data":null}', []),
        ("data", b'{"data":[]}', []),
        ("data", b"", []),
        ("data", b"null", []),
        ("data", b"[]", []),
        ("data", b"{}", []),
        ("data", b" \n {} \n", []),
        ("ids", b'{"ids":[1,"a",null]}', [b'{"value":1}', b'{"value":"a"}', b'{"value":null}']),
        ("ids", b'{"ids":[true,[2],{"id":1}]}', [b'{"value":true}', b'{"value":[2]}', b'{"id":1}']),
        ("data[*].attributes", b'{"data":[{"attributes":{"a":1}},{"attributes":{"a":2}}]}', [b'{"a":1}', b'{"a":2}']),
        ("data[*].attributes", b'{"data":[]}', []),
        ("groups[*].items", b'{"groups":[{"items":[{"i":1}]},{"items":[{"i":2}]}]}', [b'{"i":1}', b'{"i":2}']),
        ("data[?@.kind=='x']", b'{"data":[{"kind":"x"},{"kind":"y"}]}', [b'{"kind":"x"}']),
        ("data[?@.kind=='x']", b'{"data":[{"kind":"y"}]}', []),
        (None, b'[{"id":1}]', [b'{"id":1}']),
        (None, b"[1]", [b'{"value":1}']),
        (None, b'{"total":2,"items":[{"id":1}],"tags":["a"]}', [b'{"id":1}']),
        (None, b'{"items":[],"total":0}', []),
        (None, b"", []),
    ],
)  # fmt: skip
def test_the_selector_finds_the_records(selector: str | None, body: bytes, records: list[bytes]) -> None:
    assert cut(body, selector) == records


@pytest.mark.parametrize(
    ("selector", "body", "said"),
    [
        ("data", b'{"results":[],"n":0}', "`data` (data_selector) matches nothing; the body has the keys `results`"),
        ("data.items", b'{"data":{"rows":[]}}', "matches nothing; the body has the keys `data`"),
        ("data", b'[{"id":1}]', "the body has an array of 1 elements at its top"),
        ("data", b'{"data":"soon"}', '`data` (data_selector) is `"soon"`, neither an array nor an object'),
        ("data", b'{"data":7}', "is `7`, neither"),
        ("data[*].atributes", b'{"data":[{"attributes":{}}]}', "matches nothing"),
        ("$..items", b'{"rows":[{"id":1}]}', "matches nothing"),
        ("$", b'"text"', "neither an array nor an object"),
        (None, b'{"a":[{"x":1}],"b":[{"y":1}]}', "lists at the top are `a`, `b`"),
        (None, b'{"message":"no such user"}', "lists at the top are none; the body has the keys `message`"),
        (None, b'{"error":"no such user"}', 'the answer says error: "no such user"'),
        (None, b"5", "the body is `5`"),
        ("data", b'{"data":null,"error":{"code":7}}', 'the answer says error: {"code":7}'),
        (None, b'{"items":[],"errors":["down"]}', "the answer says errors"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_an_error_that_lists_what_is(selector: str | None, body: bytes, said: str) -> None:
    with pytest.raises(MalformedError) as caught:
        cut(body, selector)
    assert said in caught.value.message


def test_the_list_that_the_first_page_settled_on_stays_the_one() -> None:
    selector = Selector(None)
    assert len(selector.records(read(b'{"items":[{"i":1}],"warnings":[]}'))) == 1
    assert list(selector.records(read(b'{"items":[],"warnings":[{"w":1}]}'))) == []


RECORD = (
    b'{"big":123456789012345678901234567890,"dec":0.1234567890123456789,"huge":1e400,"dup":1,"dup":2,'
    b'"esc":"\\u00e9\\/","sp" : [ 1 ,2 ],"uni":"\xc3\xa9"}'
)


def test_records_are_the_apis_own_bytes() -> None:
    assert cut(b'{"data":[' + RECORD + b"]}", "data") == [RECORD]


def test_lone_surrogates_pass_untouched_beside_true_pairs_and_backslashes() -> None:
    record = b'{"a":"\\ud800","b":"\\ud83d\\ude00","c":"\\\\ud800","d":"\\\\\\udfff"}'
    assert cut(b'{"data":[' + record + b"]}", "data") == [record]
    assert cut(b"[" + record + b"]", None) == [record]
    assert cut(record, "$") == [record]
    assert cut(b'{"data":[{"x":' + record + b"}]}", "data[*].x") == [record]


def test_a_pretty_printed_record_comes_on_one_line() -> None:
    assert cut(b'{\n  "data": [\r\n    {\n      "a": "x\\ny"\n    }\n  ]\n}\n', "data") == [
        b'{       "a": "x\\ny"     }'
    ]


def test_five_megabyte_strings_pass() -> None:
    record = b'{"a":"' + b"x" * 5_000_000 + b'"}'
    assert cut(b'{"data":[' + record + b"]}", "data") == [record]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<!DOCTYPE html><html><head><title>Log in</title></head></html>", "HTML or XML page titled `Log in`"),
        (b"<html>", "HTML or XML page where JSON"),
        (b'{"data":[{"id":1},', "ends too early"),
        (b'{"data":[{"id":1', "ends too early"),
        (b'{"data":[NaN]}', "not valid JSON"),
        (b'{"data":[{"a":Infinity}]}', "not valid JSON"),
        (b'{"data":[{"a":-Infinity}]}', "not valid JSON"),
        (b'{"data":[{"a":1,}]}', "not valid JSON"),
        (b"{'data':[]}", "not valid JSON"),
        (b'{"data":[]}garbage', "not valid JSON"),
        (b'{"data":["a\nb"]}', "not valid JSON"),
        (b'{"data":["\x01"]}', "not valid JSON"),
        (b'{"data":[01]}', "not valid JSON"),
        (b'{"data":["\\x41"]}', "not valid JSON"),
        (b"Internal error", "not valid JSON"),
        (b"\x1f\x8b\x08\x00garbage", "not utf-8"),
        ('{"data":["é"]}'.encode("latin-1"), "says no charset"),
        (b'{"data":[' + b"[" * 5000 + b"]" * 5000 + b"]}", "nested too deeply"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested too deeply"),
    ],
)
def test_a_bad_body_is_a_clear_error(body: bytes, said: str) -> None:
    with pytest.raises(MalformedError) as caught:
        cut(body, "data")
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'\xef\xbb\xbf{"data":[{"a":"\xc3\xa9"}]}', "application/json"),
        ('{"data":[{"a":"é"}]}'.encode("latin-1"), "application/json; charset=ISO-8859-1"),
        ('{"data":[{"a":"é"}]}'.encode("cp1252"), 'application/json; charset="windows-1252"'),
        ('{"data":[{"a":"é"}]}'.encode("utf-16"), "application/json"),
        ('{"data":[{"a":"é"}]}'.encode("utf-16-le"), "application/json"),
        ('{"data":[{"a":"é"}]}'.encode(), "application/json; charset=UTF8"),
    ],
)
def test_other_encodings_become_utf_8(body: bytes, content_type: str) -> None:
    assert cut(body, "data", content_type) == ['{"a":"é"}'.encode()]


def test_a_charset_that_the_bytes_are_not_is_an_error() -> None:
    with pytest.raises(MalformedError, match="not utf-8 as it says"):
        cut(b'{"data":["\xe9"]}', "data", "application/json; charset=utf-8")
    with pytest.raises(MalformedError, match="charset `klingon`"):
        cut(b'{"data":["\xe9"]}', "data", "application/json; charset=klingon")


def test_tags_go_first_into_every_record() -> None:
    records = [b'{"id":1}', b"{}", b"{ }"]
    assert with_tags(records, b'"_p_id":7') == [b'{"_p_id":7,"id":1}', b'{"_p_id":7}', b'{"_p_id":7}']
    assert with_tags(records, b"") is records


def test_a_field_of_a_tags_name_gets_another_and_is_told() -> None:
    told: list[tuple[str, str]] = []
    records = [
        b'{"_p_id":"mine","id":1}',
        b'{"_p_id": 7 ,"id":2}',
        b'{"x":{"_p_id":1},"t":"\\"_p_id\\""}',
        b'{"\\u005fp_id":null,"_p_id_":3}',
    ]
    tagged = with_tags(records, b'"_p_id":7', lambda key, renamed: told.append((key, renamed)))
    assert [json.loads(bytes(record)) for record in tagged] == [
        {"_p_id": 7, "_p_id_": "mine", "id": 1},
        {"_p_id": 7, "id": 2},
        {"_p_id": 7, "x": {"_p_id": 1}, "t": '"_p_id"'},
        {"_p_id": 7, "_p_id__": None, "_p_id_": 3},
    ]
    assert told == [("_p_id", "_p_id_"), ("_p_id", "_p_id__")]
    assert json.loads(bytes(with_tags([b'{"_p_id":1,"t":"\\ud800"}'], b'"_p_id":7')[0]))["_p_id"] == 7
