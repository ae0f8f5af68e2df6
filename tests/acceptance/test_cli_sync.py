"""`sync`, `status`, `connectors`, `query` after one another, piped and on a terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dinobase.cli import run
from tests.acceptance.cli_process import Cli, plain
from tests.acceptance.conftest import TOKEN
from tests.servers.json_api import Fault, JsonApi, Seen


def tables_of(report: dict[str, Any]) -> dict[str, tuple[str, int, int]]:
    return {t["name"]: (t["status"], t["rows"], t["total_rows"]) for t in report["connectors"][0]["tables"]}


def test_a_sync_brings_the_selected_tables_and_reports_them(connected: Cli) -> None:
    report = connected.ok("sync")
    assert report["status"] == "success"
    assert tables_of(report) == {"users": ("success", 5, 5), "orders": ("success", 3, 3)}
    rows = connected.ok("query", "SELECT id, name, address__city FROM acme.users ORDER BY id LIMIT 1")["rows"]
    assert rows == [{"id": 1, "name": "user 1", "address__city": "Oslo"}]


def test_resources_with_a_plus_add_to_the_set_for_one_run(connected: Cli) -> None:
    report = connected.ok("sync", "acme", "--resources", "+audit")
    assert set(tables_of(report)) == {"users", "orders", "audit"}
    assert set(tables_of(connected.ok("sync"))) == {"users", "orders"}


def test_an_unknown_resource_is_exit_2_and_nothing_is_asked(connected: Cli, api: JsonApi) -> None:
    done = connected("sync", "acme", "--resources", "user")
    assert done.code == 2
    assert "users" in done.json["error"]["hint"]
    assert api.requests == []


def test_a_second_sync_asks_from_the_cursor_on_and_a_full_refresh_starts_over(connected: Cli, api: JsonApi) -> None:
    connected.ok("sync")
    api.requests.clear()
    connected.ok("sync")
    assert api.asked("orders")[0].params["since"] == "2024-03-01T00:00:00Z"
    api.requests.clear()
    connected.ok("sync", "--full-refresh")
    assert api.asked("orders")[0].params["since"] == "2024-01-01"


def test_a_dry_run_says_what_would_be_asked_and_asks_nothing(connected: Cli, api: JsonApi) -> None:
    connected.ok("sync")
    api.requests.clear()
    planned = connected.ok("sync", "--dry-run")
    assert api.requests == []
    orders = next(t for t in planned["connectors"][0]["tables"] if t["name"] == "orders")
    assert (orders["mode"], orders["start_value"]) == ("incremental", "2024-03-01T00:00:00Z")


def test_one_failed_resource_makes_exit_1_and_the_others_land(connected: Cli, api: JsonApi) -> None:
    api.fail("orders", Fault(400, b'{"message": "no such filter"}'))
    done = connected("sync")
    assert done.code == 1
    assert done.json["status"] == "partial"
    by_name = {t["name"]: t for t in done.json["connectors"][0]["tables"]}
    assert by_name["users"]["status"] == "success"
    assert by_name["orders"]["status"] == "error"
    assert by_name["orders"]["error"]["context"]["status"] == 400
    assert "no such filter" in json.dumps(by_name["orders"]["error"])
    status = connected.ok("status")["connectors"][0]
    assert {t["name"]: t["status"] for t in status["tables"]} == {"orders": "error", "users": "success"}


def test_a_connector_that_cannot_start_does_not_stop_another(connected: Cli) -> None:
    broken = (connected.root / "connectors" / "acme.yaml").read_text().replace("name: acme", "name: broken")
    (connected.root / "connectors" / "broken.yaml").write_text(broken)
    connected.ok("add", "broken", "--api-key", TOKEN, "--no-check")
    (connected.root / "connectors" / "broken.yaml").write_text("name: broken\nclint: {}\n")
    done = connected("sync")
    assert done.code == 1
    assert {c["name"]: c["status"] for c in done.json["connectors"]} == {"acme": "success", "broken": "error"}
    assert connected("sync", "broken").code == 2


def test_status_and_connectors_say_how_fresh_everything_is(connected: Cli) -> None:
    assert connected.ok("status")["connectors"][0]["is_stale"] is True
    connected.ok("sync")
    entry = connected.ok("connectors")["connectors"][0]
    assert entry["tables"] == [{"name": "orders", "rows": 3}, {"name": "users", "rows": 5}]
    assert entry["is_stale"] is False
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", entry["last_sync"])


def test_a_lake_that_cannot_be_read_is_said_of_its_connector_and_hides_no_other(connected: Cli) -> None:
    other = (connected.root / "connectors" / "acme.yaml").read_text().replace("name: acme", "name: zulu")
    (connected.root / "connectors" / "zulu.yaml").write_text(other)
    connected.ok("add", "zulu", "--api-key", TOKEN, "--no-check")
    connected.ok("sync")
    (connected.root / "lakes" / "zulu.db").write_bytes(b"no database" * 1000)
    acme, zulu = connected.ok("status")["connectors"]
    assert (acme["status"], [t["rows"] for t in acme["tables"]]) == ("success", [3, 5])
    assert zulu["status"] == "error"
    assert "zulu" in zulu["error"] or "database" in zulu["error"]
    assert [c["name"] for c in connected.ok("connectors")["connectors"]] == ["acme", "zulu"]


def test_on_a_terminal_a_sync_shows_progress_and_ends_with_a_table(connected: Cli) -> None:
    shown = connected.terminal("sync")
    assert shown.code == 0
    text = plain(shown.out)
    assert "rows/s" in text
    assert re.search(r"acme\.users +success +5 +5", text)
    assert "\x1b[32msuccess" in shown.out


def test_on_a_terminal_a_failure_shows_where_and_what_the_api_said(connected: Cli, api: JsonApi) -> None:
    api.fail("users", Fault(400, b'{"message": "no [such] filter"}'))
    shown = connected.terminal("sync", width=100)
    assert shown.code == 1
    text = plain(shown.out)
    assert "✗ acme.users: " in text
    assert f"{api.url}users" in text
    assert "no [such] filter" in text


def test_a_wait_for_the_rate_limit_is_shown_with_its_countdown(connected: Cli, api: JsonApi) -> None:
    api.fail("users", Fault(429, b"{}", {"Retry-After": "2"}))
    shown = plain(connected.terminal("sync").out)
    assert re.search(r"waiting [12] s", shown)


def test_piped_a_sync_keeps_stdout_for_json_and_says_the_rest_on_stderr(connected: Cli) -> None:
    done = connected("sync")
    assert done.json["status"] == "success"
    assert "acme.users: success, 5 rows" in done.err
    assert "\x1b" not in done.out + done.err


@contextmanager
def held(api: JsonApi, path: str) -> Iterator[None]:
    """Keep the answers to a path back until the block ends: a sync cannot be over before that."""
    ended = threading.Event()

    def keep_back(seen: Seen) -> None:
        if seen.path == path:
            ended.wait(60)

    api.before = keep_back
    try:
        yield
    finally:
        ended.set()


@pytest.mark.parametrize(("faults", "at"), [(0, "acme.users"), (1, "waiting")], ids=["a request", "a wait"])
def test_ctrl_c_ends_a_sync_with_130_and_without_a_traceback(
    connected: Cli, api: JsonApi, faults: int, at: str
) -> None:
    api.fail("users", *[Fault(429, b"{}", {"Retry-After": "5"})] * faults)
    with held(api, "users"):
        shown = connected.terminal("sync", interrupt_at=at)
    assert shown.code == 130
    assert "Traceback" not in shown.out
    assert "Interrupted" in shown.out


INTERRUPTED_AT = """
import os, signal, sys
from importlib.abc import MetaPathFinder
class Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from dinobase.cli.main import main
main(["sync"])
"""


@pytest.mark.parametrize("module", ["dinobase.cli.run", "dinobase.cli.commands.sync", "aiohttp", "_duckdb"])
def test_ctrl_c_while_modules_are_read_is_an_interruption_like_any_other(connected: Cli, module: str) -> None:
    command = [sys.executable, "-c", INTERRUPTED_AT, module]
    environment = connected.environment()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "error: Interrupted." in done.stderr) == (130, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_module_that_ctrl_c_kept_from_loading_is_no_crash(capsys: pytest.CaptureFixture[str]) -> None:
    def cut_short() -> int:
        raise ImportError("initialization failed") from KeyboardInterrupt()

    assert run.guard(cut_short, "json") == 130
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "interrupted"


def test_a_run_that_was_killed_is_said_to_be_interrupted(connected: Cli, api: JsonApi) -> None:
    states: list[str] = []
    command = [sys.executable, "-m", "dinobase", "sync"]
    running: list[subprocess.Popen[bytes]] = []

    def look_and_kill(_: Seen) -> None:
        states.append(connected.ok("status")["connectors"][0]["status"])
        running[0].kill()

    api.before = look_and_kill
    quiet = subprocess.DEVNULL
    running.append(subprocess.Popen(command, env=connected.environment(), stdout=quiet, stderr=quiet))
    running[0].wait(60)
    assert "running" in states  # the other resource may look when the kill is done
    assert connected.ok("status")["connectors"][0]["status"] == "interrupted"


def test_remove_drops_the_tables_unless_they_are_kept(connected: Cli) -> None:
    connected.ok("sync")
    removed = connected.ok("remove", "acme", "--yes", "--keep-data")
    assert removed["data"] == "kept"
    connected.ok("add", "acme", "--api-key", TOKEN, "--no-check")
    assert connected.ok("query", "SELECT count(*) AS n FROM acme.users")["rows"] == [{"n": 5}]
    assert connected.ok("remove", "acme", "--yes")["data"] == "dropped"
    assert not (connected.root / "lakes" / "acme.db").exists()
    assert not (connected.root / "lakes" / "acme").exists()


def test_a_catalog_that_does_not_answer_is_said_of_each_connector_and_is_no_crash(connected: Cli) -> None:
    config = connected.root / "config.yaml"
    config.write_text(f'{config.read_text()}storage: {{catalog: "postgresql://me:pgpw-4711@127.0.0.1:1/none"}}\n')
    done = connected("sync")
    assert done.code == 1
    assert [c["error"]["code"] for c in done.json["connectors"]] == ["lake.catalog"]
    assert "pgpw-4711" not in done.out + done.err
    assert not list((connected.root / "state").glob("crash-*"))


@pytest.mark.parametrize("command", ["query", "describe"])
def test_a_table_that_was_synced_without_a_row_is_said_to_be_that(connected: Cli, api: JsonApi, command: str) -> None:
    api.tables["users"] = []
    connected.ok("sync")
    error = connected(command, "FROM acme.users" if command == "query" else "acme.users").json["error"]
    assert error["code"] == "unknown.table"
    assert re.fullmatch(r"acme\.users was synced at \d{4}-\S+Z and has had no rows yet.*", error["message"])
    assert error["hint"] == "`dinobase connector test acme` shows what the API answers."
    misspelt = connected(command, "FROM acme.user" if command == "query" else "acme.ordrs").json["error"]
    assert misspelt["message"].startswith("There is no table")


def test_a_connector_that_was_synced_without_a_row_is_said_to_be_that(connected: Cli, api: JsonApi) -> None:
    assert "has no tables yet" in connected("describe", "acme").json["error"]["message"]
    api.tables["users"] = api.tables["orders"] = []
    connected.ok("sync")
    assert "was synced at" in connected("describe", "acme").json["error"]["message"]
