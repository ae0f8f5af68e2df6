"""A changed connector file loads or is reported with places that are in the file; it never breaks the reader."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dinobase.spec.load import load_text

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "tests" / "data" / "acme.yaml", ROOT / "dinobase" / "sync" / "sources" / "configs" / "hubspot.yaml"]
TREES = [yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader) for path in FILES]

ODD: list[Any] = [
    None, True, 5, -1, 2.5, "", "{x}", "{", "a b", "[", "$", "1h", [], {}, [1], ["a"], [{}], {"a": 1},
    {"type": "cursor"}, {"type": "bearer"}, {"type": 5}, {"name": "x"}, [[[]]], {"name": []}, "id", "orders",
]  # fmt: skip


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths of all values in a tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path] * bool(path) + [inner for key, value in items for inner in places(value, (*path, key))]


PLACES = [places(tree) for tree in TREES]


def changed(tree: Any, path: tuple[Any, ...], how: str, value: Any) -> None:
    """Change a tree at a path, where that is still there."""
    for part in path[:-1]:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    try:
        if how == "delete":
            del tree[last]
        elif how == "rename" and isinstance(tree, dict):
            tree[f"{last}x"] = tree.pop(last)
        else:
            tree[last] = value
    except (KeyError, IndexError, TypeError):
        return


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draw a file with one to four faults."""
    number = draw(st.integers(0, len(TREES) - 1))
    tree = copy.deepcopy(TREES[number])
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(PLACES[number]))
        changed(tree, path, draw(st.sampled_from(["delete", "rename", "set", "set"])), draw(st.sampled_from(ODD)))
    return yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False).encode()


@settings(max_examples=150 if os.environ.get("DINOBASE_TORTURE") else 60, deadline=None)
@given(files())
def test_a_changed_file_loads_or_is_reported_in_its_own_lines(raw: bytes) -> None:
    loaded = load_text(raw, "acme.yaml")
    lines = raw.decode().split("\n")
    assert (loaded.connector is None) == bool(loaded.errors)
    for problem in (*loaded.errors, *loaded.warnings):
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        assert problem.code.startswith(("spec.", "yaml."))
        assert problem.message
    assert list(loaded.errors) == sorted(loaded.errors, key=lambda p: (p.line, p.column))
