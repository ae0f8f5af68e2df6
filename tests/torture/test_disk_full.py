"""A full disk: the sync says so, the tables stay as they were, and with space again one clean sync equals the source.

A small file system of its own where one can be mounted; elsewhere a limit on the size of files stands for it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .bench import Workspace, torture
from .source import Source, served

Tables = dict[str, set[tuple[Any, ...]]]

SIZE = 12 << 20
LEFT = (0, 150_000, 450_000)
FILE_LIMITS = (100_000, 250_000)
STEP = 40_000
CONFINED = """
import os, resource, sys
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
os.execv(sys.argv[2], sys.argv[2:])
"""


class Limited(Workspace):
    """Its processes may write files of so many bytes; 0 is no limit."""

    limit = 0

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the command."""
        command = [sys.executable, "-m", "dinobase", *words]
        return subprocess.Popen(
            [sys.executable, "-c", CONFINED, str(self.limit), *command] if self.limit else command,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )


@contextmanager
def small_disk(place: Path) -> Iterator[bool]:
    """Mount a small file system there; False where this machine does not let us."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, left: int) -> None:
    """Fill a disk but for so many bytes."""
    with (place / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"\0" * 65536)
        except OSError:
            filler.truncate(max(0, filler.tell() - left))


def assert_says_so(report: dict[str, Any]) -> None:
    """Every error of the report is a full disk."""
    errors = [found for found in (report["error"], *(t["error"] for t in report["tables"])) if found]
    assert errors, report
    assert {error["code"] for error in errors} == {"lake.disk_full"}, errors


def assert_as_before(held: Tables, report: dict[str, Any], before: Tables, now: Tables) -> None:
    """A table that failed is as it was; one that worked is as the source is, or was when a resumed run listed it."""
    states = {t["name"]: t for t in report["tables"]}
    for table, rows in held.items():
        state = states.get(table, {"status": "error"})
        if state["status"] in {"error", "skipped"}:
            assert rows == before[table], table
        elif not state["resumed"]:
            assert rows == now[table], table


@pytest.mark.timeout(900)
@pytest.mark.parametrize("resumed", [pytest.param(False, marks=pytest.mark.torture), True])
def test_a_full_disk_fails_the_sync_and_spares_the_tables(tmp_path: Path, *, resumed: bool) -> None:
    source = Source(seed=13)
    with served(source) as url, small_disk(tmp_path / "disk") as mounted:
        workspace = Limited(tmp_path / "disk" / "workspace")
        workspace.environment["DINOBASE_RESUME_AFTER"] = "0" if resumed else "60"
        workspace.add("crm", url)
        workspace.run("sync", "crm")
        held = workspace.held("crm")
        assert held == source.expected()
        spaces = LEFT if mounted else FILE_LIMITS
        for left in range(0, 800_000, STEP) if torture() and mounted else spaces:
            source.change(3000)
            if mounted:
                fill(tmp_path / "disk", left)
            else:
                workspace.limit = left
            report = workspace.run("sync", "crm", code=1)["connectors"][0]
            assert_says_so(report)
            (tmp_path / "disk" / "filler").unlink(missing_ok=True)
            workspace.limit = 0
            before, held = held, workspace.held("crm")
            assert_as_before(held, report, before, source.expected())
        if resumed:
            workspace.run("sync", "crm")  # brings what the run before had listed
        assert workspace.run("sync", "crm")["status"] == "success"
        assert workspace.held("crm") == source.expected()


@pytest.mark.timeout(300)
def test_a_listing_larger_than_the_disk_leaves_what_is_there_readable(tmp_path: Path) -> None:
    source = Source(seed=17, events=300)
    with served(source) as url, small_disk(tmp_path / "disk") as mounted:
        workspace = Limited(tmp_path / "disk" / "workspace")
        workspace.add("crm", url)
        workspace.run("sync", "crm")
        before = workspace.held("crm")
        with source.lock:
            small = dict(source.events)
            for number in range(25_000):
                source.events[number] = {**source.events[number % 300], "id": number, "text": f"{number:0600}"}
        workspace.limit = 0 if mounted else 1 << 20
        report = workspace.run("sync", "crm", "--full-refresh", code=1)["connectors"][0]
        assert {t["name"]: (t["error"] or {}).get("code") for t in report["tables"]}["events"] == "lake.disk_full"
        workspace.limit = 0
        assert workspace.held("crm")["events"] == before["events"]
        assert not [path for path in (workspace.root / "spool").rglob("*") if path.is_file()]
        with source.lock:
            source.events = small
        assert workspace.run("sync", "crm")["status"] == "success"
        assert workspace.held("crm") == source.expected()
