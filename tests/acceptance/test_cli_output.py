"""Formats, terminals, pipes, errors and exit codes: what a person or a program meets whatever the command."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.cli_process import COMMAND, Cli, plain
from tests.acceptance.conftest import TOKEN
from tests.servers.json_api import JsonApi

WIDE = "SELECT " + ", ".join(f"{n} AS column_{n}" for n in range(30)) + " FROM range(20)"


def test_version_and_help_go_to_stdout(cli: Cli) -> None:
    assert cli("--version").out.startswith("dinobase 0.")
    done = cli("--help")
    assert (done.code, done.err) == (0, "")
    for text in ("Start:", "Exit codes:", "130  interrupted", "DINOBASE_DIR"):
        assert text in done.out


def test_no_arguments_print_the_help(cli: Cli) -> None:
    assert cli().out == cli("--help").out == cli("help").out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["conectors"], "`dinobase connectors`"),
        (["--versio"], "--version"),
        (["sync", "--ful-refresh"], "`--full-refresh`"),
        (["status", "--format", "jsn"], "`json`"),
        (["connector", "valdate", "x"], "`validate`"),
        (["sync", "--format"], "--help"),
        (["query"], "dinobase query"),
        (["query", "SELECT 1", "--fromat", "csv"], "dinobase query"),
    ],
)
def test_a_wrong_word_is_exit_2_with_the_nearest_right_one(cli: Cli, words: list[str], hint: str) -> None:
    done = cli(*words)
    assert done.code == 2
    assert hint in done.json["error"]["hint"]
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1


def test_a_failure_is_one_json_object_on_stdout_and_one_line_on_stderr(cli: Cli) -> None:
    done = cli("describe", "stripe.customers")
    assert done.code == 2
    assert set(done.json) == {"error"}
    assert set(done.json["error"]) == {"code", "message", "hint", "context"}
    assert done.err.count("\n") == 1


def test_on_a_terminal_a_failure_is_a_line_and_no_json(cli: Cli) -> None:
    shown = cli.terminal("describe", "stripe.customers")
    assert shown.code == 2
    assert plain(shown.out).startswith("error: ")
    assert "{" not in shown.out


def test_format_json_on_a_terminal_prints_a_failure_as_json_too(cli: Cli) -> None:
    shown = cli.terminal("describe", "stripe.customers", "--format", "json", env={"NO_COLOR": "1"})
    assert '"code": "unknown.connector"' in shown.out


def test_csv_that_fails_leaves_stdout_empty(cli: Cli) -> None:
    done = cli("query", "SELECT nope", "--format", "csv")
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("words", [["connectors", "--available"], ["doctor"], ["query", "SELECT 1 AS a, NULL AS b"]])
def test_every_format_prints_the_same_rows(cli: Cli, words: list[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(cli(*words, "--format", "csv").out)))
    lines = [json.loads(line) for line in cli(*words, "--format", "ndjson").out.splitlines()]
    assert rows
    assert [list(row) for row in rows] == [list(line) for line in lines]
    markdown = cli(*words, "--format", "markdown").out.splitlines()
    assert len(markdown) == len(rows) + 2
    assert len(cli(*words, "--format", "table").out.splitlines()) >= len(rows) + 2


def test_piped_output_has_no_escape_codes_and_a_terminal_has(cli: Cli) -> None:
    assert "\x1b" not in cli("doctor", "--format", "table").out
    assert "\x1b[32mok" in cli.terminal("doctor").out


def test_no_color_holds_on_a_terminal_and_force_color_in_a_pipe(cli: Cli) -> None:
    assert "\x1b[" not in cli.terminal("doctor", env={"NO_COLOR": "1"}).out
    assert "\x1b[32mok" in cli("doctor", "--format", "table", env={"FORCE_COLOR": "1"}).out
    assert "\x1b[" not in cli("doctor", "--format", "table", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out


def test_a_dumb_terminal_gets_no_colours(cli: Cli) -> None:
    assert "\x1b[" not in cli.terminal("doctor", env={"TERM": "dumb"}).out


@pytest.mark.parametrize("width", [40, 80, 132])
def test_tables_fit_the_terminal(cli: Cli, width: int) -> None:
    text = "'" + "word " * 60 + "'"
    shown = plain(cli.terminal("query", f"SELECT 7 AS id, {text} AS text, NULL AS nothing", width=width).out)
    assert max(map(len, shown.splitlines())) <= width
    assert "…" in shown
    assert "NULL" in shown


def test_columns_overrides_the_width(cli: Cli) -> None:
    shown = cli.terminal("query", "SELECT repeat('x', 300) AS a", env={"COLUMNS": "50"}).out
    assert max(map(len, plain(shown).splitlines())) <= 50


def test_numbers_stand_right_and_text_left(cli: Cli) -> None:
    shown = plain(cli.terminal("query", "SELECT * FROM (VALUES (7, 'a'), (1000, 'bcd')) AS t(n, s)").out)
    assert "    7   a\n" in shown
    assert " 1000   bcd\n" in shown


def test_many_columns_and_few_rows_turn_to_one_record_under_another(cli: Cli) -> None:
    shown = plain(cli.terminal("query", WIDE.replace("range(20)", "range(2)")).out)
    assert " 1 of 2 " in shown
    assert "column_29  29\n" in shown


def test_many_columns_and_many_rows_lose_columns_with_a_note(cli: Cli) -> None:
    shown = plain(cli.terminal("query", WIDE).out)
    assert "of 30 columns fit" in shown
    assert "column_29" not in shown


def test_control_characters_in_data_are_shown_and_not_sent_to_the_terminal(cli: Cli) -> None:
    shown = cli.terminal("query", r"SELECT chr(27) || '[31mred' || chr(10) || chr(7) AS a, '[bold]x' AS b")
    assert "␛[31mred↵" in shown.out
    assert "\x1b[31mred" not in shown.out
    assert "[bold]x" in shown.out


def test_a_reader_that_goes_away_is_no_error(cli: Cli) -> None:
    env = cli.environment()
    process = subprocess.Popen(
        [*COMMAND, "query", "SELECT * FROM range(3000000)", "--max-rows", "0", "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 0


@pytest.mark.parametrize("word", [b"\xff\xfe", "caf\u00e9".encode("latin-1")])
def test_words_that_are_no_text_are_refused_like_others(cli: Cli, word: bytes) -> None:
    done = subprocess.run([*COMMAND, word], capture_output=True, env=cli.environment(), check=False)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "usage.command"
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [["query", "SELECT 'caf\udce9'"], ["metric", "add", "m", "--sql", "SELECT 'caf\udce9' AS a"]]
)
def test_a_text_in_another_encoding_is_named_as_such(cli: Cli, words: list[str]) -> None:
    done = subprocess.run([*COMMAND, *map(os.fsencode, words)], capture_output=True, env=cli.environment(), check=False)
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["code"]) == (2, "usage")
    assert r"caf\udce9" in error["message"]


@pytest.mark.parametrize("words", [["query", "SELECT 1"], ["connectors"]])
def test_closed_ends_are_no_error(cli: Cli, words: list[str]) -> None:
    line = " ".join(f"'{word}'" for word in [*COMMAND, *words])
    done = subprocess.run(["sh", "-c", f"{line} >&- 2>&-"], env=cli.environment(), check=False)
    assert done.returncode == 0


def test_a_full_disk_behind_stdout_is_a_failure(cli: Cli) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "connectors", "--available"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=cli.environment(),
            check=False,
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_nobody_expected_is_a_short_message_and_a_file_without_secrets(connected: Cli, api: JsonApi) -> None:
    config = connected.root / "config.yaml"
    config.unlink()
    config.mkdir()  # a folder where a file should be: EISDIR
    done = connected("status")
    assert done.code == 1
    assert "Traceback" not in done.out + done.err
    assert done.json["error"]["code"] == "system.error"


def test_a_crash_names_a_file_with_the_traceback(cli: Cli, tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(
        "import dinobase.workspace.doctor as d\n"
        "from dinobase.core.secrets import register\n"
        f"def broken(paths):\n    raise RuntimeError('boom ' + register({TOKEN!r}))\n"
        "d.checkup = broken\n"
    )
    path = f"{hook}{os.pathsep}{cli.environment()['PYTHONPATH']}"
    done = cli("doctor", env={"PYTHONPATH": path})
    assert done.code == 1
    assert "Traceback" not in done.out + done.err
    report = next((cli.root / "state").glob("crash-*.txt"))
    assert str(report) in done.json["error"]["hint"]
    text = report.read_text()
    assert "boom ***" in text
    assert "in broken" in text
    assert TOKEN not in text + done.out + done.err


def test_help_loads_no_heavy_library(cli: Cli) -> None:
    code = (
        "import sys\nimport dinobase.cli.main\nfrom dinobase.cli.run import guarded\n"
        "assert guarded(['--help']) == 0\n"
        "heavy = {'duckdb', '_duckdb', 'aiohttp', 'pydantic', 'yaml', 'rich', 'msgspec', 'keyring', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([COMMAND[0], "-c", code], capture_output=True, text=True, env=cli.environment(), check=True)
    assert done.stderr == "[]\n"
