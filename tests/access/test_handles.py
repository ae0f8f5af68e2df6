"""A kept result shows no more than its query would show now: also where it was learnt since what is personal data."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from dinobase.core.errors import UnknownName
from dinobase.core.settings import Paths
from dinobase.query.budget import run_within
from dinobase.workspace import Workspace
from tests.access.conftest import SECRET, build


def kept(paths: Paths, identity: str, sql: str) -> str:
    found = run_within(Workspace(paths).engine(identity), f"{sql}, range(500) ORDER BY 1", 200)
    assert found.handle is not None
    return found.handle.table


def test_a_result_from_before_a_column_was_called_personal_is_gone_where_that_is_masked(tmp_path: Path) -> None:
    paths = build(Paths(tmp_path), "ada", SECRET, 1, [(2, "Bob", 250)])
    config = yaml.safe_load(paths.config.read_text())
    paths.config.write_text(yaml.safe_dump({**config, "access": {"bot": {"pii": "mask"}}}))
    names = kept(paths, "bot", "SELECT name FROM shop.customers")
    of_names = kept(paths, "bot", f"SELECT name AS other FROM {names}")
    people = kept(paths, "bot", "SELECT id FROM crm.people")
    own = kept(paths, "cli", "SELECT name FROM shop.customers")
    seen = f"SELECT DISTINCT name FROM {names} ORDER BY 1"
    assert Workspace(paths).engine("bot").run(seen).rows == [("Ada Lovelace",), ("Bob",), ("Cyd",)]
    Workspace(paths).annotate([{"target": "shop.customers.name", "key": "pii", "value": "name"}], origin="person")
    for handle in (names, of_names):
        with pytest.raises(UnknownName, match="Results are kept for an hour"):
            Workspace(paths).engine("bot").run(f"SELECT * FROM {handle}")
    assert Workspace(paths).engine("bot").run(f"SELECT max(id) FROM {people}").rows == [(8,)]
    assert Workspace(paths).engine("cli").run(f"SELECT max(name) FROM {own}").rows == [("Cyd",)]
