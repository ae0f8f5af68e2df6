"""kill -9 in the middle of a mutation: after `resume` every row was sent once, and the journal says the truth."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dinobase.workspace import Workspace

from .bench import torture

KILLS = 100 if torture() else 3
ROWS = 30

CONNECTOR = """
name: crm
client: {{base_url: "{url}"}}
resources:
- name: people
  endpoint: {{path: people, data_selector: data}}
  primary_key: id
  retrieve: {{path: "people/{{id}}"}}
- name: notes
  endpoint: {{path: notes, data_selector: data}}
  primary_key: id
write_endpoints:
- {{name: update_person, resource: people, method: PATCH, path: "people/{{id}}", response_path: $}}
- name: create_note
  method: POST
  path: notes
  idempotency_header: Idempotency-Key
  response_path: $
"""


class Crm:
    """People can be read back, notes take idempotency keys; `applied` counts what really changed, per row."""

    def __init__(self) -> None:
        self.people = {n: {"id": n, "name": "before"} for n in range(ROWS)}
        self.notes: dict[int, dict[str, Any]] = {}
        self.keys: dict[str, dict[str, Any]] = {}
        self.asked = 0
        self.applied: dict[tuple[Any, ...], int] = {}
        self.lock = threading.Lock()
        self.pause = 0.0

    def answer(self, method: str, path: str, body: bytes, key: str) -> tuple[int, Any]:
        kind, _, identity = path.strip("/").partition("/")
        with self.lock:
            self.asked += 1
            if method == "GET" and not identity:
                rows = self.people if kind == "people" else self.notes
                return 200, {"data": list(rows.values())}
            if method == "GET":
                return 200, self.people[int(identity)]
            data = json.loads(body)
            if method == "PATCH":
                self.people[int(identity)] |= data
                self.applied["person", int(identity), data["name"]] = (
                    self.applied.get(("person", int(identity), data["name"]), 0) + 1
                )
                return 200, self.people[int(identity)]
            if key not in self.keys:
                number = len(self.notes) + 1
                self.notes[number] = self.keys[key] = {"id": number, **data}
                self.applied["note", data["text"]] = self.applied.get(("note", data["text"]), 0) + 1
            return 201, self.keys[key]


@contextmanager
def served(crm: Crm) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            time.sleep(crm.pause)
            status, data = crm.answer(self.command, self.path, body, self.headers.get("Idempotency-Key") or "")
            time.sleep(crm.pause)
            text = json.dumps(data).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except OSError:
                return  # who asked was killed

        do_POST = do_PATCH = do_GET  # noqa: N815 - the standard library finds them by these names

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a killed client is the point
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Cli:
    def __init__(self, root: Path, url: str) -> None:
        import os

        self.root = root
        self.workspace = Workspace.open(root)
        self.env = {**os.environ, "DINOBASE_DIR": str(root), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        (root / "connectors").mkdir(parents=True)
        (root / "connectors" / "crm.yaml").write_text(CONNECTOR.format(url=url))
        (root / "config.yaml").write_text(
            "connectors:\n  crm: {type: crm}\nwrites:\n  default: {approval: agent, max_rows: 1000}\n"
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "dinobase", *words]
        return subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *words: str) -> Any:
        process = self.start(*words)
        out, err = process.communicate(timeout=100)
        assert out, (words, err)
        return json.loads(out)

    def plan(self, sql: str) -> str:
        """Plan in this process: where a kill does no harm, none is started for it."""
        return str(self.workspace.write(sql)["mutation_id"])

    def rows(self, sql: str) -> list[Any]:
        return list(self.workspace.query(sql).rows)

    def status(self, mutation: str) -> str:
        with closing(sqlite3.connect(self.root / "state" / "records.db")) as database:
            sql = "SELECT status FROM mutations WHERE mutation_id = ?"
            return str(database.execute(sql, [mutation]).fetchone()[0])

    def steps(self, mutation: str) -> list[tuple[str, str | None]]:
        with closing(sqlite3.connect(self.root / "state" / "records.db")) as database:
            sql = "SELECT status, record_key FROM mutation_steps WHERE mutation_id = ? ORDER BY step"
            return database.execute(sql, [mutation]).fetchall()


@pytest.mark.timeout(6000)
def test_after_kills_at_random_points_every_row_was_sent_once_and_the_journal_is_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    crm, chance = Crm(), random.Random(5)
    with served(crm) as url:
        cli = Cli(tmp_path, url)
        assert cli.run("sync", "crm")["status"] == "success"
        killed, midway = 0, 0
        for number in range(KILLS):
            update = number % 2 == 0
            sql = (
                f"UPDATE crm.people SET name = 'v{number}'"
                if update
                else f"INSERT INTO crm.notes (text) SELECT 'n{number}-' || i FROM range({ROWS}) t(i)"
            )
            if number == 1:
                cli.run("sync", "crm")
            mutation = cli.plan(sql)
            crm.pause = 0.004
            killed += _killed(crm, cli.start("confirm", mutation), chance, 2 * ROWS if update else ROWS)
            crm.pause = 0.0
            states = [status for status, _ in cli.steps(mutation)]
            assert set(states) <= {"not_tried", "sending", "done"}
            midway += 0 < states.count("done") < ROWS
            _tells_the_truth(crm, cli, mutation, number, update=update)
            status = cli.status(mutation)
            if status == "pending_confirmation":
                assert cli.run("confirm", mutation)["status"] == "executed"
            elif status != "executed":
                resumed = cli.run("mutations", "resume", mutation)
                assert (resumed["status"], resumed["succeeded"]) == ("executed", ROWS), resumed
            _sent_once(crm, number, update=update)
            if update:
                assert cli.rows("SELECT DISTINCT name FROM crm.people") == [(f"v{number}",)]
            else:
                assert cli.rows(f"SELECT count(*) FROM crm.notes WHERE text LIKE 'n{number}-%'") == [(ROWS,)]
        assert cli.run("mutations", "verify")["status"] == "intact"
    assert killed >= KILLS / 2
    assert midway >= KILLS / 4


def _killed(crm: Crm, process: subprocess.Popen[str], chance: random.Random, requests: int) -> bool:
    """Kill a process after it has asked a random number of times, at once or a little later; whatever its speed."""
    wanted = crm.asked + chance.randint(0, requests)
    later = chance.choice([0.0, chance.uniform(0, 0.02), chance.uniform(0, 0.5)])
    while crm.asked < wanted and process.poll() is None:
        time.sleep(0.0005)
    time.sleep(later)
    alive = process.poll() is None
    if alive:
        process.send_signal(signal.SIGKILL)
    process.communicate()
    return alive


def _tells_the_truth(crm: Crm, cli: Cli, mutation: str, number: int, *, update: bool) -> None:
    """What the journal calls done is at the server; what it calls not tried is not."""
    for place, (status, _) in enumerate(cli.steps(mutation)):
        happened = (
            ("person", place, f"v{number}") in crm.applied if update else ("note", f"n{number}-{place}") in crm.applied
        )
        if status == "done":
            assert happened
        elif status == "not_tried":
            assert not happened


def _sent_once(crm: Crm, number: int, *, update: bool) -> None:
    for place in range(ROWS):
        key = ("person", place, f"v{number}") if update else ("note", f"n{number}-{place}")
        assert crm.applied[key] == 1, key
