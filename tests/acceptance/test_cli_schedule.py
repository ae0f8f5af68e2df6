"""`sync --schedule`, `serve --sync` and `schedule` as real processes beside servers on loopback."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest

from tests.acceptance.cli_process import COMMAND, Cli
from tests.servers.json_api import JsonApi, Seen, serve

WAIT = 100.0  # for what must happen; the machine may be busy
FILE = """\
name: {name}
client: {{base_url: "{url}", retry: {{attempts: 1}}}}
resources:
- {{name: items, primary_key: id, endpoint: {{data_selector: data}}}}
"""
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def good() -> Iterator[JsonApi]:
    with serve(JsonApi()) as api:
        api.tables["items"] = [{"id": 1}, {"id": 2}]
        yield api


@pytest.fixture
def bad() -> Iterator[JsonApi]:
    with serve(JsonApi()) as api:
        yield api  # every request is answered with 404


@pytest.fixture
def both(cli: Cli, good: JsonApi, bad: JsonApi) -> Cli:
    """Two connectors that are due each second, one of which fails."""
    (cli.root / "connectors").mkdir(parents=True)
    for name, api in (("good", good), ("bad", bad)):
        (cli.root / "connectors" / f"{name}.yaml").write_text(FILE.format(name=name, url=api.url))
    settings(cli, good="1s", bad="1s")
    return cli


def settings(cli: Cli, **intervals: str) -> None:
    entries = "".join(f'  {name}: {{type: {name}, sync_interval: "{when}"}}\n' for name, when in intervals.items())
    (cli.root / "config.yaml").write_text(f"connectors:\n{entries}")


@contextmanager
def scheduler(cli: Cli, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a scheduler for as long as the block lasts."""
    with subprocess.Popen(
        [*COMMAND, *(words or ("sync", "--schedule"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=cli.environment(),
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=WAIT)


def until(what: Callable[[], Any]) -> Any:
    """Wait for what another process does."""
    ends = time.monotonic() + WAIT
    while not (found := what()):
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.05)
    return found


def told(cli: Cli) -> dict[str, Any]:
    try:
        return dict(json.loads((cli.root / "state" / "scheduler.json").read_text()))
    except FileNotFoundError:
        return {"status": "", "connectors": {}}


def runs(cli: Cli) -> list[dict[str, Any]]:
    sql = "SELECT connector, status, started_at, finished_at FROM _dinobase.sync_runs ORDER BY started_at"
    return list(cli.ok("query", sql)["rows"])


def test_each_is_synced_again_and_again_and_one_that_fails_stops_no_other(
    both: Cli, good: JsonApi, bad: JsonApi
) -> None:
    with scheduler(both) as process:
        until(lambda: len(good.asked("items")) >= 3 and len(bad.asked("items")) >= 2)
        until(lambda: told(both)["connectors"]["bad"]["failures"] >= 2)
        shown = both.ok("schedule")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=WAIT)
    assert (process.returncode, out) == (0, "")
    assert "good: success, 2 rows" in err
    assert "bad: error, 0 rows: the API answered with status 404" in err
    assert shown["scheduler"]["status"] == "running"
    by_name = {one["name"]: one for one in shown["connectors"]}
    assert by_name["good"]["failures"] == 0, err
    assert by_name["bad"]["failures"] >= 1
    assert told(both)["status"] == "stopped"
    tables = both.ok("query", "SELECT DISTINCT status, rows, requests > 0 AS asked FROM _dinobase.sync_run_tables")[
        "rows"
    ]
    assert {"status": "success", "rows": 2, "asked": True} in tables


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_interrupts_the_sync_that_runs_and_ends_the_scheduler(
    both: Cli, good: JsonApi, sent: signal.Signals, code: int
) -> None:
    settings(both, good="1h")
    stays = threading.Event()
    good.before = lambda _: None if stays.wait(WAIT) else pytest.fail("nobody let it go on")
    try:
        with scheduler(both) as process:
            until(lambda: good.asked("items"))
            process.send_signal(sent)
            out, err = process.communicate(timeout=WAIT)
    finally:
        stays.set()
    assert process.returncode == code
    assert "good: interrupted" in err
    assert (json.loads(out)["error"]["code"] if out else "") == ("interrupted" if code else "")
    assert both.ok("status")["connectors"][0]["status"] == "interrupted"


def test_of_two_schedulers_one_works_and_the_other_takes_over_and_no_connector_is_synced_twice_at_once(
    both: Cli, good: JsonApi
) -> None:
    settings(both, good="1s")
    busy = threading.Lock()
    twice: list[Seen] = []

    def alone(seen: Seen) -> None:
        if not busy.acquire(blocking=False):
            twice.append(seen)
            return
        time.sleep(0.2)
        busy.release()

    good.before = alone
    with scheduler(both) as first:
        until(lambda: told(both)["status"] == "running")
        with scheduler(both) as second:
            assert second.stderr is not None
            assert "standing by" in second.stderr.readline()
            both("sync", "good")  # beside both: it waits for nobody, and is refused while one of theirs runs
            asked = len(good.asked("items"))
            until(lambda: len(good.asked("items")) > asked)
            first.send_signal(signal.SIGKILL)
            first.communicate(timeout=WAIT)
            until(lambda: told(both)["pid"] == second.pid)
            asked = len(good.asked("items"))
            until(lambda: len(good.asked("items")) > asked + 1)
    assert twice == []
    assert second.returncode == 0
    done = [run for run in runs(both) if run["finished_at"]]
    assert all(a["finished_at"] <= b["started_at"] for a, b in pairwise(done))


def test_what_is_due_now_can_be_synced_once(both: Cli, good: JsonApi) -> None:
    settings(both, good="1h", bad="never")
    assert both("sync", "--schedule", "--once").code == 0
    assert len(good.asked("items")) == 1
    assert both("sync", "--schedule", "--once").code == 0
    assert len(good.asked("items")) == 1  # it is due in an hour
    settings(both, good="1h", bad="1s")
    done = both("sync", "--schedule", "--once")
    assert (done.code, done.err) == (1, "bad: error, 0 rows: the API answered with status 404\n")


def test_a_changed_config_is_taken_up_and_a_faulty_one_is_said(both: Cli, good: JsonApi, bad: JsonApi) -> None:
    settings(both, good="1h")
    with scheduler(both) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "good: success, 2 rows\n"
        (both.root / "config.yaml").write_text("connectors: {good: {type: good, sync_interval: soon}}\n")
        assert "stays as it was" in process.stderr.readline()
        settings(both, good="1h", bad="1h")
        assert process.stderr.readline().startswith("bad: error")
    assert (len(good.asked("items")), len(bad.asked("items"))) == (1, 1)


def test_health_is_numbers_without_names(both: Cli) -> None:
    with scheduler(both, "sync", "--schedule", "--health-port", "0") as process:
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/healthz", process.stderr.readline())
        assert found
        body = until(lambda: _failing(found[0]))
    assert body["status"] == "running"
    assert (body["connectors"], body["failing"]) == (2, 1)
    assert set(body) == {"status", "heard_at", "connectors", "running", "failing", "late"}


def _failing(url: str) -> Any:
    status, body = get(url)
    return body if status == 200 and body["failing"] else None


def get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=WAIT) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_server_on_http_syncs_beside_and_ends_in_order(both: Cli, good: JsonApi) -> None:
    settings(both, good="1s")
    with scheduler(both, "serve", "--http", "--port", "0", "--sync") as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        url = next(m[0] for line in lines if (m := re.search(r"http://127\.0\.0\.1:\d+", line)))
        until(lambda: len(good.asked("items")) >= 2)
        assert get(f"{url}/healthz")[0] == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=WAIT)
    assert process.returncode == 0
    assert told(both)["status"] == "stopped"


@pytest.mark.parametrize("terminated", [False, True])
def test_a_server_on_stdio_syncs_for_as_long_as_its_client_stays(both: Cli, good: JsonApi, *, terminated: bool) -> None:
    settings(both, good="1s")
    with scheduler(both, "serve", "--sync") as process:
        until(lambda: len(good.asked("items")) >= 2)
        if terminated:
            process.terminate()
            process.wait(WAIT)  # its client has not closed the pipe
        out, _ = process.communicate("", timeout=WAIT)
    assert (process.returncode, out) == (0, "")
    assert told(both)["status"] == "stopped"


@pytest.mark.parametrize(
    "words", [["--once"], ["--schedule", "good"], ["--schedule", "--dry-run"], ["--schedule", "--health-port", "x"]]
)
def test_what_does_not_go_together_is_refused(both: Cli, words: list[str]) -> None:
    done = both("sync", *words)
    assert done.code == 2
    assert done.json["error"]["code"].startswith("usage")


def test_a_config_with_a_fault_is_refused_at_the_start(both: Cli) -> None:
    settings(both, good="61 * * * *")
    done = both("sync", "--schedule")
    assert done.code == 2
    assert "cron expression" in done.err


def test_what_is_printed_for_systemd_and_cron_runs_this_workspace_and_is_put_nowhere(both: Cli) -> None:
    home = both.root.parent
    before = sorted(home.rglob("*"))
    printed = both("schedule", "install", "--format", "table").out
    assert f'Environment="DINOBASE_DIR={both.root}"' in printed
    assert sorted(home.rglob("*")) == before
    settings(both, good="1h")
    line = both.ok("schedule", "install")["cron"].removeprefix("* * * * * ")
    env = {name: value for name, value in both.environment().items() if name != "DINOBASE_DIR"}
    assert subprocess.run(["/bin/sh", "-c", line], env=env, cwd=home, timeout=WAIT, check=False).returncode == 0
    assert both.ok("schedule")["connectors"][0]["status"] == "success"


def test_people_see_what_is_due_when(both: Cli) -> None:
    settings(both, good="0 6 * * *", bad="never")
    shown = both("schedule", "--format", "table").out
    assert re.search(r"bad +never +never", shown)
    assert re.search(r"good +0 6 \* \* \* +now +", shown)
    assert "dinobase sync --schedule" in shown
