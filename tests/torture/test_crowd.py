"""Six processes sync six connectors into one workspace while a seventh queries: no error, no lost row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from .bench import Workspace, torture
from .source import Source, served

ROUNDS = 10 if torture() else 2
CROWD = 6


@contextmanager
def sources(workspace: Workspace) -> Iterator[list[Source]]:
    with ExitStack() as stack:
        found = [Source(seed=n, events=1500, people=10) for n in range(CROWD)]
        for number, source in enumerate(found):
            workspace.add(f"crm_{number}", stack.enter_context(served(source)))
        yield found


def crowd(workspace: Workspace) -> None:
    with sources(workspace) as found:
        for _ in range(ROUNDS):
            for source in found:
                source.change(200)
            running = [workspace.start("sync", f"crm_{n}") for n in range(CROWD)]
            asked = 0
            while any(process.poll() is None for process in running):
                sql = "SELECT (SELECT count(*) FROM crm_0.events) AS a, (SELECT count(*) FROM crm_1.events) AS b"
                answer = workspace.run("query", sql, code=None)
                asked += "error" not in answer
                wrong = answer.get("error", {}).get("code", "")
                assert wrong in {"", "unknown.table", "unknown.connector"}, answer  # before the first sync has ended
            for process in running:
                out, err = process.communicate()
                assert process.returncode == 0, (out[-2000:], err[-2000:])
                assert json.loads(out)["status"] == "success"
            assert asked or _ == 0
        for number, source in enumerate(found):
            assert workspace.held(f"crm_{number}") == source.expected()


@pytest.mark.timeout(900)
def test_six_syncs_and_a_reader_on_sqlite(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.run("init")
    crowd(workspace)


@pytest.mark.timeout(900)
@pytest.mark.torture
def test_six_syncs_and_a_reader_on_postgresql(tmp_path: Path, postgres: str) -> None:
    workspace = Workspace(tmp_path)
    workspace.run("init", "--catalog", postgres)
    crowd(workspace)


@pytest.mark.timeout(300)
def test_two_syncs_of_one_connector_at_once_leave_it_right(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    source = Source(seed=3)
    with served(source) as url:
        workspace.add("crm", url)
        both = [workspace.start("sync", "crm") for _ in range(2)]
        codes = []
        for process in both:
            out, err = process.communicate(timeout=120)
            codes.append(process.returncode)
            if process.returncode:
                assert "being synced by another process" in out + err
        assert 0 in codes
        assert workspace.held("crm") == source.expected()
