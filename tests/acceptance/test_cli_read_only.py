"""A workspace that may only be read: whatever reads works, whatever writes says which folder it cannot write."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.cli_process import COMMAND, Cli, Done
from tests.acceptance.conftest import TOKEN

_DROP_FROM_BOUNDS, _WRITE_ANYWHERE = 24, 1  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE


def _like_anyone() -> None:
    """Have root heed the rights of files, as everybody else does."""
    if os.getuid() == 0 and ctypes.CDLL(None, use_errno=True).prctl(_DROP_FROM_BOUNDS, _WRITE_ANYWHERE, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


@dataclass
class Reader:
    """Runs commands in a workspace that they cannot write."""

    cli: Cli
    temp: Path

    def __call__(self, *words: str) -> Done:
        done = subprocess.run(
            [*COMMAND, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.cli.environment({"TMPDIR": str(self.temp)}),
            cwd=self.cli.root.parent,
            timeout=60,
            check=False,
            preexec_fn=_like_anyone,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def ok(self, *words: str) -> object:
        done = self(*words)
        assert done.code == 0, f"{words} ended with {done.code}\n{done.out}\n{done.err}"
        return done.json

    def count(self, table: str) -> int:
        found = self.ok("query", f"SELECT count(*) AS n FROM {table}")
        assert isinstance(found, dict)
        return int(found["rows"][0]["n"])


def _close(root: Path, *, to: str) -> None:
    modes = {"reading": (0o500, 0o400), "writing": (0o700, 0o600)}[to]
    root.chmod(0o700)
    for place in [root, *root.rglob("*")]:
        if to == "writing":
            place.chmod(modes[0] if place.is_dir() else modes[1])
    if to == "reading":
        for place in sorted([root, *root.rglob("*")], reverse=True):
            place.chmod(modes[0] if place.is_dir() else modes[1])


@pytest.fixture
def reader(filled: Cli, tmp_path: Path) -> Iterator[Reader]:
    shutil.rmtree(filled.root / ".cache", ignore_errors=True)
    temp = tmp_path / "temp"
    temp.mkdir()
    _close(filled.root, to="reading")
    yield Reader(filled, temp)
    _close(filled.root, to="writing")


@pytest.mark.parametrize(
    "words",
    [
        ("query", "SELECT count(*) AS n FROM acme.users"),
        ("query", "SELECT * FROM acme.users", "--budget", "400"),
        ("describe", "acme"),
        ("describe", "acme.users"),
        ("status",),
        ("connectors",),
        ("info",),
        ("search", "users"),
        ("history", "acme.users"),
        ("diff", "acme.users", "--since", "1"),
        ("connector", "list"),
        ("mutations",),
    ],
    ids=" ".join,
)
def test_what_reads_works_in_a_workspace_that_cannot_be_written(reader: Reader, words: tuple[str, ...]) -> None:
    before = sorted(p.relative_to(reader.cli.root) for p in reader.cli.root.rglob("*"))

    reader.ok(*words)

    assert sorted(p.relative_to(reader.cli.root) for p in reader.cli.root.rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        (("sync", "acme"), "state"),
        (("add", "acme", "--name", "b", "--api-key", TOKEN, "--no-check"), "state"),
        (("remove", "acme", "--yes"), "state"),
        (("maintain",), "state"),
        (("init",), "state"),
        (("connector", "test", "acme"), "state"),
        (("connector", "create", "b", "--url", "http://127.0.0.1:9/v1", "--endpoint", "users"), "connectors"),
        (("token", "create", "laptop"), "state"),
        (("forget", "acme.users", "1", "--yes"), "state"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value[:2]),
)
def test_what_writes_names_the_folder_that_it_cannot_write(reader: Reader, words: tuple[str, ...], folder: str) -> None:
    done = reader(*words)

    error = done.json.get("error") or done.json["connectors"][0]["error"]
    assert done.code == 1
    assert error["code"] == "system.read_only"
    assert error["message"] == f"The folder {reader.cli.root / folder} cannot be written"
    assert "DINOBASE_DIR" in error["hint"]


def test_what_waits_in_the_logs_of_sqlite_is_read_too(reader: Reader) -> None:
    """A process that was killed leaves its last commits in a log, which nobody may fold into the file here."""
    root = reader.cli.root
    _close(root, to="writing")
    kept = {}
    for file in (root / "lakes" / "acme.db", root / "state" / "records.db"):
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        if file.name == "records.db":
            connection.execute("UPDATE sync_run_tables SET total_rows = 77 WHERE table_name = 'users'")
        else:
            connection.execute("UPDATE ducklake_table SET table_name = 'people' WHERE table_name = 'users'")
        log = file.with_name(f"{file.name}-wal")
        kept[file] = (file.read_bytes(), log.read_bytes())
        connection.close()
    for file, (data, waiting) in kept.items():
        file.write_bytes(data)
        file.with_name(f"{file.name}-wal").write_bytes(waiting)
        file.with_name(f"{file.name}-shm").unlink(missing_ok=True)
    _close(root, to="reading")

    assert reader.count("acme.people") == 5
    status = reader.ok("status")
    assert isinstance(status, dict)
    assert {t["name"]: t["rows"] for c in status["connectors"] for t in c["tables"]} == {
        "orders": 3,
        "people": 5,
        "users": 77,
    }


def test_the_copy_of_a_catalog_is_nobody_elses_and_is_made_anew_when_the_lake_changes(reader: Reader) -> None:
    assert reader.count("acme.users") == 5
    (folder,) = reader.temp.glob("dinobase-*")
    (copy,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, copy.stat().st_mode & 0o777) == (0o700, 0o600)

    _close(reader.cli.root, to="writing")
    with sqlite3.connect(reader.cli.root / "lakes" / "acme.db") as catalog:
        catalog.execute("UPDATE ducklake_table SET table_name = 'people' WHERE table_name = 'users'")
    catalog.close()
    _close(reader.cli.root, to="reading")

    assert reader.count("acme.people") == 5


def test_a_folder_that_somebody_else_could_read_is_not_used_for_copies(reader: Reader) -> None:
    taken = reader.temp / f"dinobase-{os.getuid()}"
    taken.mkdir()
    taken.chmod(0o755)

    assert reader.count("acme.users") == 5

    assert list(taken.iterdir()) == []


def test_a_result_that_is_too_large_is_shortened_and_says_that_it_was_not_kept(reader: Reader) -> None:
    sql = "SELECT a.name || repeat('x', 60) FROM acme.users a, acme.users b, acme.users c"

    found = reader.ok("query", sql, "--budget", "400")

    assert isinstance(found, dict)
    assert found["truncated"]
    assert 0 < len(found["rows"]) < 125
    assert any("cannot be written to keep them" in note for note in found["notes"])


def test_agents_read_it_too_and_are_told_why_they_cannot_write(reader: Reader) -> None:
    asked = [
        ("query", {"sql": "SELECT count(*) AS n FROM acme.users", "budget": 500, "timeout": 30}),
        ("search", {"words": "users", "limit": 5}),
        ("status", {}),
        ("briefing", {}),
        ("describe", {"tables": ["acme.users"], "full": True}),
        ("refresh", {"names": ["acme"]}),
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "dinobase.mcp.worker", str(reader.cli.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=reader.cli.environment({"TMPDIR": str(reader.temp)}),
        preexec_fn=_like_anyone,  # noqa: PLW1509 - this process has one thread
    ) as worker:
        assert worker.stdin
        assert worker.stdout
        texts = {}
        for number, (name, args) in enumerate(asked, 1):
            worker.stdin.write(json.dumps({"id": number, "op": name, "identity": "mcp", "args": args}) + "\n")
            worker.stdin.flush()
            while "progress" in (answer := json.loads(worker.stdout.readline())):
                pass
            assert "text" in answer, answer
            texts[name] = answer["text"]

    assert "5" in texts["query"]
    assert "acme.users" in texts["search"]
    assert f"system.read_only: The folder {reader.cli.root / 'state'} cannot be written" in texts["refresh"]
