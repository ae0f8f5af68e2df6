"""Servers that die, hang, shout and lie: each is an error that says so, and the other tools go on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dinobase.core.errors import DinobaseError
from dinobase.core.values import Event
from tests.mcp_sources.servers import define, log, raw, rows, synced, workspace

GIVEN = {"RAW_LOG", "RAW_TOOLS"}
HOUSEHOLD = {"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"}
SYSTEM = {"LC_CTYPE", "PWD", "SHLVL", "_", "OLDPWD"}  # what a shell and Python set by themselves


def test_a_process_gets_what_it_is_given_and_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOBASE_TEST_SECRET", "not-yours")
    made = workspace(tmp_path)
    define(tmp_path, "raw", raw(tmp_path, "get_environment"))
    made.add("raw")
    synced(made, "raw")
    names = {name for (name,) in rows(made, "SELECT name FROM raw.get_environment")}
    assert names >= GIVEN
    assert names - GIVEN - HOUSEHOLD - SYSTEM == set()


def test_a_tool_that_kills_its_server_takes_no_other_with_it(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    credentials = [{"name": "token", "env": "RAW_TEST_TOKEN"}]
    server = raw(tmp_path, "list_good", "read_die", "list_fine", env={"RAW_TOKEN": "{token}"})
    define(tmp_path, "raw", server, credentials=credentials)
    made.add("raw", given={"token": "s3cr3t-cheese"})
    tables = synced(made, "raw")
    assert {name: table.status for name, table in tables.items()} == {
        "list_good": "success",
        "read_die": "error",
        "list_fine": "success",
    }
    error = tables["read_die"].error
    assert error is not None
    assert error["code"] == "mcp.lost"
    assert "fatal: out of cheese with ***" in error["message"]
    assert "s3cr3t-cheese" not in json.dumps(error)
    assert rows(made, "SELECT count(*) FROM raw.list_fine") == [(2,)]


def test_a_tool_that_never_answers_is_given_up_and_the_others_are_asked_anew(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    define(tmp_path, "raw", raw(tmp_path, "list_good", "read_hang", "list_fine", timeout=2))
    made.add("raw")
    tables = synced(made, "raw")
    assert [tables[name].status for name in ("list_good", "list_fine")] == ["success", "success"]
    error = tables["read_hang"].error
    assert error is not None
    assert error["code"] == "mcp.timeout"
    assert error["message"].startswith("read_hang: no answer in 2 s")


def test_what_is_no_message_on_stdout_is_passed_over_and_told(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    define(tmp_path, "raw", raw(tmp_path, env={"RAW_JUNK": "1"}))
    made.add("raw")
    notes: list[str] = []

    def observe(event: Event) -> None:
        if event.kind == "note":
            notes.append(event.reason)

    assert made.sync(["raw"], observe=observe).status == "success"
    assert rows(made, "SELECT id FROM raw.list_good ORDER BY id") == [(1,), (2,)]
    assert any("lines of the server's stdout are no messages, such as: Welcome to the raw server!" in n for n in notes)


def test_an_answer_past_the_limit_is_not_read(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    define(tmp_path, "raw", raw(tmp_path, "list_good", "read_huge", max_answer_mb=1))
    made.add("raw")
    tables = synced(made, "raw")
    assert tables["list_good"].status == "success"
    error = tables["read_huge"].error
    assert error is not None
    assert error["code"] == "mcp.too_long"
    assert error["message"].endswith("an answer is longer than 1 MB")


@pytest.mark.parametrize(
    ("tool", "code", "message"),
    [
        ("get_error", "mcp.tool_error", "the tool `get_error` answers with an error: no such shelf"),
        ("read_nonsense", "mcp.malformed", "read_nonsense: the answer cannot be used"),
    ],
)
def test_what_a_tool_says_instead_of_rows_is_in_the_error(tmp_path: Path, tool: str, code: str, message: str) -> None:
    made = workspace(tmp_path)
    define(tmp_path, "raw", raw(tmp_path, tool, "list_good"))
    made.add("raw")
    tables = synced(made, "raw")
    error = tables[tool].error
    assert error is not None
    assert error["code"] == code
    assert error["message"].startswith(message)
    assert error["context"]["url"] == f"mcp://raw/{tool}"
    assert tables["list_good"].status == "success"


def test_a_failed_tool_leaves_its_table_as_it_was(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    define(tmp_path, "raw", raw(tmp_path), resources=[{"name": "goods", "tool": "list_good"}])
    made.add("raw")
    synced(made, "raw")
    define(tmp_path, "raw", raw(tmp_path, "get_error"), resources=[{"name": "goods", "tool": "get_error"}])
    assert synced(made, "raw")["goods"].status == "error"
    define(tmp_path, "raw", raw(tmp_path, "list_fine"), resources=[{"name": "goods", "tool": "list_good"}])
    gone = synced(made, "raw")["goods"].error
    assert gone is not None
    assert (gone["code"], gone["hint"]) == ("mcp.no_tool", "It has: list_fine.")
    assert rows(made, "SELECT count(*) FROM raw.goods") == [(2,)]


@pytest.mark.parametrize(
    ("server", "code"),
    [
        ({"transport": "stdio", "command": "there-is-no-such-program --x"}, "mcp.command"),
        ({"transport": "stdio", "command": "sh -c 'echo this is the end >&2; exit 3'"}, "mcp.lost"),
        ({"transport": "streamable_http", "url": "http://127.0.0.1:9/mcp", "timeout": 5}, "mcp.unreachable"),
        ({"transport": "sse", "url": "http://127.0.0.1:9/sse", "timeout": 5}, "mcp.unreachable"),
    ],
)
def test_what_cannot_be_met_is_not_added(tmp_path: Path, server: dict[str, str], code: str) -> None:
    made = workspace(tmp_path)
    define(tmp_path, "gone", server)
    with pytest.raises(DinobaseError) as caught:
        made.add("gone")
    assert caught.value.error_code == code
    assert caught.value.message.startswith("`gone` was not added: ")
    if code == "mcp.lost":
        assert "it said: this is the end" in caught.value.message
    assert made.config().connectors == {}


def test_a_server_that_does_not_greet_is_not_waited_for(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    define(tmp_path, "raw", raw(tmp_path, env={"RAW_MUTE": "1"}, timeout=1))
    with pytest.raises(DinobaseError) as caught:
        made.add("raw")
    assert caught.value.error_code == "mcp.timeout"
    assert ended(log(tmp_path))


def test_no_process_outlives_a_sync(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    define(tmp_path, "raw", raw(tmp_path, "list_good", "read_die"))
    made.add("raw")
    synced(made, "raw")
    lines = log(tmp_path)
    assert len([line for line in lines if line.startswith("start")]) >= 3
    assert ended(lines)


def ended(lines: list[str]) -> bool:
    """Tell whether every process that noted its start is gone."""
    alive = []
    for line in lines:
        if line.startswith("start"):
            try:
                os.kill(int(line.split()[1]), 0)
            except ProcessLookupError:
                continue
            alive.append(line)
    return not alive


def test_a_secret_that_a_tool_repeats_is_masked(tmp_path: Path) -> None:
    made = workspace(tmp_path)
    define(
        tmp_path,
        "raw",
        raw(tmp_path, "get_secret", env={"RAW_TOKEN": "{token}"}),
        credentials=[{"name": "token", "env": "RAW_TEST_TOKEN"}],
    )
    made.add("raw", given={"token": "s3cr3t-cheese"})
    error = synced(made, "raw")["get_secret"].error
    assert error is not None
    assert error["message"] == "the tool `get_secret` answers with an error: refused: ***"
