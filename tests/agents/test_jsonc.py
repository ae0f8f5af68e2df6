from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinobase.agents import jsonc

PATH = ("mcpServers", "dinobase")
ENTRY = {"command": "dinobase", "args": ["serve"]}

ZED = """\
// Zed settings
{
    "theme": "One Dark", // dark
    /* servers */
    "context_servers": {
        // "old": {"command": "x"},
        "other": {"command": "uvx", "args": ["a"]},
    },
    "vim_mode": true,
}
"""


def test_comments_order_and_trailing_commas_stay() -> None:
    changed = jsonc.put(ZED, ("context_servers", "dinobase"), ENTRY)
    lines = changed.split("\n")
    assert [line for line in ZED.split("\n") if line not in lines] == []
    assert jsonc.read(changed)["context_servers"]["dinobase"] == ENTRY
    assert '        "dinobase": {\n            "command": "dinobase",' in changed


def test_what_was_put_is_taken_out_again() -> None:
    changed = jsonc.put(ZED, ("context_servers", "dinobase"), ENTRY)
    assert jsonc.read(jsonc.drop(changed, ("context_servers", "dinobase"))) == jsonc.read(ZED)


def test_an_entry_is_replaced_where_it_stands() -> None:
    text = '{"mcpServers": {"dinobase": {"command": "old"}, "b": 1}, "c": 2}'
    changed = jsonc.put(text, PATH, ENTRY)
    assert list(jsonc.read(changed)["mcpServers"]) == ["dinobase", "b"]
    assert changed.endswith(', "b": 1}, "c": 2}')


@pytest.mark.parametrize("text", ["", "  \n", "{}", "{ }", '{"mcpServers": {}}', "{\n  // nothing yet\n}\n"])
def test_an_empty_file_gets_the_objects_on_the_way(text: str) -> None:
    changed = jsonc.put(text, PATH, ENTRY)
    assert jsonc.read(changed) == {"mcpServers": {"dinobase": ENTRY}}
    assert ("// nothing yet" in changed) is ("// nothing yet" in text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1"),
        ('{\n  "a" 1}', "line 2: a colon is missing"),
        ('{"a": 1 "b": 2}', "a comma or `}` is missing"),
        ("[1]", "an object should stand here"),
        ('{"a": }', "a value should stand here"),
        ("{'a': 1}", "double quotes"),
        ("{} {}", "more after the end"),
        ('{"mcpServers": []}', "an object should stand here"),
    ],
)
def test_what_is_no_json_is_not_changed(text: str, said: str) -> None:
    with pytest.raises(jsonc.NotJsonError, match=said):
        jsonc.put(text, PATH, ENTRY)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), _VALUES, max_size=4), st.sampled_from([None, 2, "\t"]))
def test_any_json_is_read_as_json_reads_it_and_only_gains_the_entry(data: dict[str, Any], indent: Any) -> None:
    data.pop("mcpServers", None)
    text = json.dumps(data, indent=indent)
    assert jsonc.read(text) == data
    changed = jsonc.put(text, PATH, ENTRY)
    assert jsonc.read(changed) == {**data, "mcpServers": {"dinobase": ENTRY}}
    assert jsonc.put(changed, PATH, ENTRY) == changed
    assert jsonc.read(jsonc.drop(changed, PATH)) == {**data, "mcpServers": {}}
