from __future__ import annotations

import tomllib

import pytest

from dinobase.agents import toml

PATH = ("mcp_servers", "dinobase")
ENTRY = {"command": "/bin/dino base", "args": ["serve"], "env": {"DINOBASE_DIR": "C:\\data"}}
CODEX = """\
# mine
model = "o5"  # the big one

[mcp_servers.other]
command = "uvx"

[mcp_servers.other.env]
A = "[mcp_servers.dinobase]"

[projects."/home/me"]
trust_level = "trusted"
"""


def test_a_table_is_added_and_the_rest_stays_as_it_is() -> None:
    changed = toml.put(CODEX, PATH, ENTRY)
    assert changed.startswith(CODEX)
    assert tomllib.loads(changed)["mcp_servers"]["dinobase"] == ENTRY


def test_putting_twice_is_putting_once_and_taking_out_leaves_what_was_there() -> None:
    once = toml.put(CODEX, PATH, ENTRY)
    assert toml.put(once, PATH, ENTRY) == once
    assert toml.drop(once, PATH).rstrip() == CODEX.rstrip()


def test_an_old_table_goes_with_those_below_it() -> None:
    old = toml.put("", PATH, {**ENTRY, "env": {"OLD": "1"}}) + "\n[tail]\nx = 1\n"
    changed = tomllib.loads(toml.put(old, PATH, ENTRY))
    assert changed == {"tail": {"x": 1}, "mcp_servers": {"dinobase": ENTRY}}


@pytest.mark.parametrize(
    "text", ['mcp_servers = {dinobase = {command = "x"}}\n', 'mcp_servers.dinobase.command = "x"\n']
)
def test_another_spelling_of_the_table_is_not_touched(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        toml.put(text, PATH, ENTRY)


def test_what_is_no_toml_is_not_changed() -> None:
    with pytest.raises(tomllib.TOMLDecodeError):
        toml.put("a = ", PATH, ENTRY)
