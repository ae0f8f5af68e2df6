"""A person's approval on the command line: asked for on a terminal, by a code, with a passphrase; never by a pipe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.cli_process import Cli, plain
from tests.acceptance.write_shapes import CONNECTOR, PHRASE, Crm
from tests.servers.vendor import serving

DELETE = "DELETE FROM crm.people WHERE id = 2"


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[tuple[Cli, Crm]]:
    cli, server = Cli(tmp_path / "workspace", {}), Crm()
    with serving(server):
        (cli.root / "connectors").mkdir(parents=True)
        (cli.root / "connectors" / "crm.yaml").write_text(CONNECTOR.replace("URL", server.url))
        (cli.root / "config.yaml").write_text("# mine\nconnectors:\n  crm: {type: crm}\n")
        cli.ok("sync")
        yield cli, server


def _code(shown: str) -> str:
    return str(json.JSONDecoder().raw_decode(shown[shown.index("{") :])[0]["code"])


def test_a_person_approves_by_a_code_and_the_agent_sends(crm: tuple[Cli, Crm]) -> None:
    cli, server = crm
    name = cli.ok("query", DELETE)["mutation_id"]
    piped = cli("confirm", name, "--yes")
    assert (piped.code, piped.json["error"]["code"]) == (2, "write.needs_human")
    piped = cli("mutations", "approve-code", name)
    assert (piped.code, piped.json["error"]["code"]) == (2, "write.needs_human")
    declined = cli.terminal("mutations", "approve-code", name, answers=[("to confirm", "no")])
    assert declined.code == 2
    shown = plain(cli.terminal("mutations", "approve-code", name, "--format", "json", answers=[("yes", "yes")]).out)
    assert "P2" in shown  # what is deleted is shown before it is approved
    wrong = cli("confirm", name, "--code", "AAAAA-AAAAA-AAAAA-AAAAA")
    assert (wrong.code, wrong.json["error"]["code"]) == (2, "write.code")
    assert sorted(server.people) == [1, 2]
    assert cli.ok("confirm", name, "--code", _code(shown))["status"] == "executed"
    assert sorted(server.people) == [1]


def test_several_are_approved_by_one_code_and_sent_with_it(crm: tuple[Cli, Crm]) -> None:
    cli, server = crm
    names = [cli.ok("query", DELETE.replace("2", n))["mutation_id"] for n in "12"]
    command = ("mutations", "approve-code", *names, "--format", "json")
    shown = plain(cli.terminal(*command, answers=[("yes", "yes")]).out)
    assert "P1" in shown
    assert "P2" in shown
    one = cli("confirm", names[0], "--code", _code(shown))
    assert (one.code, one.json["error"]["code"]) == (2, "write.code")
    assert sorted(server.people) == [1, 2]
    assert cli("confirm", *names, "--code", _code(shown)).code == 0
    assert server.people == {}


def test_the_approval_key_is_set_changed_asked_for_and_removed(crm: tuple[Cli, Crm]) -> None:
    cli, server = crm
    piped = cli("approval-key", "set", typed=f"{PHRASE}\n{PHRASE}\n")
    assert (piped.code, (cli.root / "config.yaml").read_text().count("approval_key")) == (2, 0)
    new, once = ("New approval key: ", PHRASE), ("Once more: ", PHRASE)
    assert cli.terminal("approval-key", "set", answers=[new, (once[0], "another one")]).code == 2
    assert cli.terminal("approval-key", "set", answers=[(new[0], "short"), (once[0], "short")]).code == 2
    shown = cli.terminal("approval-key", "set", answers=[new, once])
    assert shown.code == 0
    assert PHRASE not in shown.out
    text = (cli.root / "config.yaml").read_text()
    assert text.startswith("# mine\n")
    assert "approval_key: scrypt:" in text
    assert PHRASE not in text

    name = cli.ok("query", DELETE)["mutation_id"]
    yes, asked = ("to confirm", "yes"), "Approval key: "
    assert cli.terminal("confirm", name, answers=[yes, (asked, "not the key")]).code == 2
    assert sorted(server.people) == [1, 2]
    assert cli.terminal("confirm", name, answers=[yes, (asked, PHRASE)]).code == 0
    assert sorted(server.people) == [1]

    so_far = "Approval key so far: "
    other = "another long phrase"
    wrong = cli.terminal("approval-key", "set", answers=[(so_far, "x"), (new[0], other), (once[0], other)])
    assert wrong.code == 2
    changed = cli.terminal("approval-key", "set", answers=[(so_far, PHRASE), (new[0], other), (once[0], other)])
    assert (changed.code, "changed" in changed.out) == (0, True)
    assert cli.terminal("approval-key", "remove", answers=[(so_far, PHRASE)]).code == 2
    assert cli.terminal("approval-key", "remove", answers=[(so_far, other)]).code == 0
    assert "approval_key" not in (cli.root / "config.yaml").read_text()
    assert cli.terminal("approval-key", "remove").code == 2


def test_forget_asks_on_a_terminal_and_a_pipe_needs_yes(crm: tuple[Cli, Crm]) -> None:
    cli, _ = crm
    piped = cli("forget", "crm.people", "2")
    assert (piped.code, "--yes" in piped.json["error"]["hint"]) == (2, True)
    assert cli.terminal("forget", "crm.people", "2", answers=[("[y/N]", "n")]).code == 2
    assert cli.ok("query", "SELECT count(*) AS n FROM crm.people")["rows"] == [{"n": 2}]
    assert cli.terminal("forget", "crm.people", "2", answers=[("[y/N]", "y")]).code == 0
    assert cli.ok("query", "SELECT id FROM crm.people")["rows"] == [{"id": 1}]
    assert cli("forget", "cmr.people", "2", "--yes").json["error"]["hint"] == "Did you mean `crm`?"
