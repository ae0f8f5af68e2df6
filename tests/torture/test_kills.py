"""kill -9, a full disk, a dying server: afterwards one clean sync makes the tables equal to the source."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from .bench import Workspace, torture
from .source import Source, served

KILLS = 100 if torture() else 4


@pytest.mark.timeout(1800)
def test_after_kills_at_random_points_one_clean_sync_equals_the_source(tmp_path: Path) -> None:
    source = Source(seed=7)
    chance = random.Random(7)
    workspace = Workspace(tmp_path)
    with served(source) as url:
        workspace.add("crm", url)
        began = time.monotonic()
        workspace.run("sync", "crm")
        whole = time.monotonic() - began
        killed = 0
        for number in range(KILLS):
            source.change(300)
            process = workspace.start("sync", "crm", *(["--full-refresh"] if number % 4 == 0 else []))
            time.sleep(chance.uniform(0.1, 1.1) * whole)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
            process.communicate()
            answer = workspace.run("query", "SELECT count(*) AS n FROM crm.events")
            assert answer["rows"][0]["n"] >= 3000
            if number % 10 == 9:
                workspace.run("sync", "crm")
                assert workspace.held("crm") == source.expected()
        report = workspace.run("sync", "crm")
        assert report["status"] == "success"
        assert workspace.held("crm") == source.expected()
    assert killed > KILLS / 3


@pytest.mark.timeout(1800)
def test_a_server_that_dies_in_the_middle_costs_nothing_but_the_time(tmp_path: Path) -> None:
    source = Source(seed=11)
    workspace = Workspace(tmp_path)
    with served(source) as url:
        workspace.add("crm", url)
        workspace.run("sync", "crm")
        before = workspace.held("crm")
        for allowed in (1, 5, 17) if not torture() else range(1, 60, 2):
            source.change(400)
            source.requests, source.dies_after = 0, allowed
            report = workspace.run("sync", "crm", code=1)
            assert report["status"] in {"partial", "error"}
        source.dies_after = None
        assert before.keys() == source.expected().keys()
        workspace.run("sync", "crm")
        assert workspace.held("crm") == source.expected()
