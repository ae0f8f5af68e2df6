"""`maintain` of several lakes: one that is damaged is said and keeps no other from being worked on."""

from __future__ import annotations

import pytest

from tests.acceptance.cli_process import Cli, plain
from tests.acceptance.conftest import TOKEN


@pytest.fixture
def two(connected: Cli) -> Cli:
    other = (connected.root / "connectors" / "acme.yaml").read_text().replace("name: acme", "name: zulu")
    (connected.root / "connectors" / "zulu.yaml").write_text(other)
    connected.ok("add", "zulu", "--api-key", TOKEN, "--no-check")
    connected.ok("sync")
    return connected


def test_a_damaged_lake_is_said_and_the_others_are_worked_on(two: Cli) -> None:
    (two.root / "lakes" / "acme.db").write_bytes(b"no database" * 1000)
    done = two("maintain")
    assert done.code == 1
    acme, zulu = done.json["connectors"]
    assert (acme["name"], acme["error"]["code"].partition(".")[0]) == ("acme", "lake")
    assert (zulu["name"], zulu["error"], zulu["versions"] > 0) == ("zulu", None, True)
    assert "acme" in done.err
    alone = two("maintain", "acme")
    assert (alone.code, alone.json["error"]["code"]) == (1, acme["error"]["code"])


def test_on_a_terminal_every_lake_is_one_line(two: Cli) -> None:
    shown = two.terminal("maintain", width=80)
    lines = [line.split() for line in plain(shown.out).splitlines()]
    assert ["lake", "merged", "rewritten", "expired", "removed", "orphans", "kept"] in lines
    assert [words[0] for words in lines if words and words[0] in {"acme", "zulu"}] == ["acme", "zulu"]
