from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import _duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinobase.access import masks
from dinobase.access.policy import Masking

KEY = "0123456789abcdef" * 4
DB = _duckdb.connect(":memory:", config={"threads": "1"})


def shown(value: Any, kind: str, how: Masking, inside: Sequence[tuple[Sequence[str], Masking]] = ()) -> Any:
    item = masks.column("c", kind, how, inside, KEY)
    row = DB.execute(
        f"SELECT {item} FROM (SELECT CAST(? AS {kind.replace('JSON', 'VARCHAR')}) AS c)", [value]
    ).fetchone()
    return row[0] if row else None


def digest(text: str) -> str:
    return hashlib.sha256((KEY + text).encode()).hexdigest()[:32]


@pytest.mark.parametrize(
    ("value", "kind", "masked", "hashed"),
    [
        ("Ada@X.example\n", "VARCHAR", "***", digest("ada@x.example")),
        (" Ada ", "VARCHAR", "***", digest("Ada")),
        ("", "VARCHAR", "***", digest("")),
        (None, "VARCHAR", None, None),
        (4179, "BIGINT", None, digest("4179")),
        (None, "BIGINT", None, None),
        (["A@x", None], "VARCHAR[]", ["***", None], [digest("a@x"), None]),
        ("2026-01-31", "DATE", None, digest("2026-01-31")),
        ('"A@x"', "JSON", '"***"', f'"{digest("a@x")}"'),
        ('{"a": 1}', "JSON", '"***"', f'"{digest(json.dumps({"a": 1}, separators=(",", ":")))}"'),
        ("{broken", "JSON", '"***"', f'"{digest("{broken")}"'),
        (None, "JSON", None, None),
    ],
)
def test_a_whole_column_is_masked_or_hashed(value: Any, kind: str, masked: Any, hashed: Any) -> None:
    assert shown(value, kind, "mask") == masked
    assert shown(value, kind, "hash") == hashed
    assert masks.column("c", kind, "deny", (), KEY) is None
    assert masks.column("c", kind, "show", (), KEY) == '"c"'


PATH = ("a", "email")


@pytest.mark.parametrize(
    ("text", "masked", "denied"),
    [
        ('{"a":{"email":"x","b":1}}', '{"a":{"b":1,"email":"***"}}', '{"a":{"b":1}}'),
        ('{"a":{"email":{"deep":"x"}}}', '{"a":{"email":"***"}}', '{"a":{}}'),
        ('{"a":[{"email":"x"},{"b":1}]}', '{"a":[{"email":"***"},{"b":1}]}', '{"a":[{},{"b":1}]}'),
        ('[{"a":{"email":"x"}}]', '[{"a":{"email":"***"}}]', '[{"a":{}}]'),
        ('{"a":[[{"email":"x"}]]}', '{"a":["***"]}', '{"a":[null]}'),
        ('{"a":{"email":"x"},"a":{"email":"y"}}', '{"a":{"email":"***"}}', '{"a":{}}'),
        ('{"a":{"email":"x","email":"y"}}', '{"a":{"email":"***"}}', '{"a":{}}'),
        ('{"a":"text"}', '{"a":"***"}', "{}"),
        ('{"a":5}', '{"a":5}', '{"a":5}'),
        ('{"b":{"email":"x"}}', '{"b":{"email":"x"}}', '{"b":{"email":"x"}}'),
        ('"text"', '"***"', None),
        ("null", "null", "null"),
        ("{broken", '"***"', '"***"'),
        ('{"a":{"email":"\\ud800"}}', '"***"', '"***"'),
    ],
)
def test_what_is_declared_inside_json_is_masked_in_its_place(text: str, masked: str, denied: str | None) -> None:
    assert shown(text, "JSON", "show", [(PATH, "mask")]) == masked
    assert shown(text, "JSON", "show", [(PATH, "deny")]) == denied


def test_several_places_are_masked_one_after_another() -> None:
    inside: list[tuple[Sequence[str], Masking]] = [
        (("a", "[]", "x"), "mask"),
        (("a", "[]", "y"), "hash"),
        (("b",), "deny"),
    ]
    text = '{"a":[{"x":"1","y":"2","z":"3"}],"b":4}'
    assert json.loads(shown(text, "JSON", "show", inside)) == {"a": [{"z": "3", "x": "***", "y": digest("2")}]}


def test_a_column_that_is_no_json_is_masked_whole_for_what_is_inside() -> None:
    assert shown(["x"], "VARCHAR[]", "show", [(("[]",), "mask")]) == ["***"]


SECRET = "secret"


def _values(path: tuple[str, ...]) -> st.SearchStrategy[str]:
    """JSON text, keys twice too, whose leaves say `secret` where `a.email` leads to."""
    leaf = json.dumps(SECRET if path[:2] == PATH else "known")
    leaves = st.sampled_from((leaf, "null", "1") if path[:2] != PATH else (leaf, "null"))
    if len(path) > 3:
        return leaves
    members = st.sampled_from(("a", "email", "b")).flatmap(
        lambda key: _values((*path, key)).map(lambda value: f'"{key}": {value}')
    )
    objects = st.lists(members, max_size=3).map(lambda found: "{" + ", ".join(found) + "}")
    return st.one_of(
        leaves, objects, st.lists(st.one_of(objects, leaves), max_size=3).map(lambda v: f"[{', '.join(v)}]")
    )


@settings(max_examples=200, deadline=None)
@given(text=_values(()), how=st.sampled_from(("mask", "hash", "deny")))
def test_no_shape_of_json_keeps_a_value_at_a_declared_place(text: str, how: Masking) -> None:
    found = shown(text, "JSON", "show", [(PATH, how)])
    assert found is None or (SECRET not in found and json.loads(found) is not Ellipsis)
