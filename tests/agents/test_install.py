from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from dinobase.agents import install
from dinobase.agents.clients import CLIENTS, Client, Command, client
from dinobase.cli.catalogue import COMMANDS
from dinobase.core.errors import DinobaseError, UnknownName
from dinobase.mcp.handlers import TOOLS
from tests.acceptance.cli_process import Cli

START = Command("/opt/dinobase", ["serve"], {"DINOBASE_DIR": "/data"})
OTHER = {"command": "npx", "args": ["-y", "other"]}


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "APPDATA", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)


def entry(one: Client, home: Path) -> Any:
    text = one.file(home).read_text()
    found = tomllib.loads(text) if one.syntax == "toml" else json.loads(text)
    for key in one.keys:
        found = found[key]
    return found


@pytest.mark.parametrize("one", CLIENTS, ids=lambda one: one.name)
def test_a_client_is_set_up_in_its_own_file(one: Client, tmp_path: Path) -> None:
    done = install.install(one, tmp_path, START)
    assert done.changes[0] == install.Change(str(one.file(tmp_path)), "created")
    found = entry(one, tmp_path)
    assert (found["command"], found["args"], found["env"]) == ("/opt/dinobase", ["serve"], {"DINOBASE_DIR": "/data"})


@pytest.mark.parametrize("one", CLIENTS, ids=lambda one: one.name)
def test_doing_it_twice_changes_nothing(one: Client, tmp_path: Path) -> None:
    install.install(one, tmp_path, START)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    done = install.install(one, tmp_path, START)
    assert {change.change for change in done.changes} == {"unchanged"}
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize("one", [one for one in CLIENTS if one.syntax == "json"], ids=lambda one: one.name)
def test_other_servers_stay_and_the_file_is_kept_beside_it(one: Client, tmp_path: Path) -> None:
    file = one.file(tmp_path)
    file.parent.mkdir(parents=True, exist_ok=True)
    before = json.dumps({"first": 1, one.keys[0]: {"other": OTHER}, "last": [1, 2]}, indent=4)
    file.write_text(before)
    done = install.install(one, tmp_path, START)
    backup = done.changes[0].backup
    assert backup is not None
    assert Path(backup).read_text() == before
    found = json.loads(file.read_text())
    assert list(found) == ["first", one.keys[0], "last"]
    assert found[one.keys[0]]["other"] == OTHER
    install.uninstall(one, tmp_path)
    assert json.loads(file.read_text()) == json.loads(before)


def test_taking_it_out_leaves_no_file_of_ours(tmp_path: Path) -> None:
    one = client("claude-code")
    install.install(one, tmp_path, START)
    assert sorted(file.parent.name for file in tmp_path.rglob("SKILL.md")) == [
        "build-connector",
        "dinobase",
        "indexing-semantic-layer",
    ]
    install.uninstall(one, tmp_path)
    assert list(tmp_path.rglob("SKILL.md")) == []
    assert json.loads(one.file(tmp_path).read_text()) == {"mcpServers": {}}


def test_taking_it_out_of_what_never_had_it_does_nothing(tmp_path: Path) -> None:
    assert install.uninstall(client("cursor"), tmp_path).changes == []


def test_skills_that_another_client_uses_too_stay(tmp_path: Path) -> None:
    install.install(client("codex"), tmp_path, START)
    install.install(client("cursor"), tmp_path, START)
    install.uninstall(client("codex"), tmp_path)
    assert len(list(tmp_path.rglob("SKILL.md"))) == 3
    install.uninstall(client("cursor"), tmp_path)
    assert list(tmp_path.rglob("SKILL.md")) == []


def test_a_skill_that_somebody_has_changed_is_kept(tmp_path: Path) -> None:
    one = client("claude-code")
    install.install(one, tmp_path, START)
    mine = tmp_path / ".claude" / "skills" / "dinobase" / "SKILL.md"
    mine.write_text("mine")
    done = install.uninstall(one, tmp_path)
    assert mine.read_text() == "mine"
    assert install.Change(str(mine), "kept, as it was changed") in done.changes


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    one = client("cursor")
    one.file(tmp_path).parent.mkdir()
    one.file(tmp_path).write_text("{broken")
    with pytest.raises(DinobaseError, match="cannot be changed: line 1") as failed:
        install.install(one, tmp_path, START)
    assert failed.value.error_code == "install.file"
    assert one.file(tmp_path).read_text() == "{broken"


def test_a_link_into_somebodys_dotfiles_stays_a_link(tmp_path: Path) -> None:
    one = client("cursor")
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    one.file(tmp_path).parent.mkdir()
    one.file(tmp_path).symlink_to(real)
    install.install(one, tmp_path, START)
    assert one.file(tmp_path).is_symlink()
    assert "dinobase" in real.read_text()


@pytest.mark.parametrize(
    ("platform", "name", "place"),
    [
        ("linux", "claude-desktop", ".config/Claude/claude_desktop_config.json"),
        ("darwin", "claude-desktop", "Library/Application Support/Claude/claude_desktop_config.json"),
        ("win32", "claude-desktop", "AppData/Roaming/Claude/claude_desktop_config.json"),
        ("darwin", "vscode", "Library/Application Support/Code/User/mcp.json"),
        ("linux", "zed", ".config/zed/settings.json"),
        ("darwin", "zed", ".config/zed/settings.json"),
        ("win32", "zed", "AppData/Roaming/Zed/settings.json"),
    ],
)
def test_each_platform_has_its_own_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, name: str, place: str
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    assert client(name).file(tmp_path) == tmp_path / place


def test_an_unknown_client_names_the_nearest() -> None:
    with pytest.raises(UnknownName) as failed:
        client("claude-cod")
    assert failed.value.hint == "Did you mean claude-code?"


def test_the_command_line_sets_up_prints_and_takes_back(cli: Cli) -> None:
    done = cli.ok("install", "cursor")
    assert done["installed"] is True
    file = cli.root.parent / ".cursor" / "mcp.json"
    found = json.loads(file.read_text())["mcpServers"]["dinobase"]
    assert found["env"] == {"DINOBASE_DIR": str(cli.root)}
    assert json.loads(cli("mcp-config", "cursor").out) == {"mcpServers": {"dinobase": found}}
    assert cli.ok("install", "cursor", "--uninstall")["installed"] is False
    assert cli("install", "emacs").code == 2


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "workspace", {})


@pytest.mark.parametrize("folder", sorted(install.SKILLS.iterdir()), ids=lambda folder: folder.name)
def test_a_skill_names_itself_and_only_what_is_there(folder: Path) -> None:
    import re

    import yaml

    _, head, body = (folder / "SKILL.md").read_text().split("---\n", 2)
    facts = yaml.safe_load(head)
    assert facts["name"] == folder.name
    assert len(facts["description"]) <= 1024
    commands = {command.name for command in COMMANDS}
    assert set(re.findall(r"dinobase ([a-z-]+)", body)) - {"connector"} <= commands
    tools = {tool.name for tool in TOOLS}
    named = set(re.findall(r"`([a-z_]+)`", body)) & {
        "query",
        "describe",
        "refresh",
        "status",
        "history",
        "search",
        "diff",
    }
    assert named <= tools
