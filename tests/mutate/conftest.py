"""One Datasette for all tests of a process, synced once; its rows are put back and the lake copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutate.datasettes import CONNECTOR, Datasette, datasette
from tests.mutate.desk import Desk


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Datasette]:
    with datasette(tmp_path_factory.mktemp("writes") / "server") as running:
        yield running


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def _desk(root: Path, server: Datasette) -> Desk:
    return Desk(root, "shop", CONNECTOR, {"url": server.url})


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory, server: Datasette) -> Path:
    """A workspace that has just synced; to be copied, not used."""
    server.reset()
    made = _desk(tmp_path_factory.mktemp("synced") / "workspace", server)
    made.secret(token=server.token)
    made.sync()
    return made.root


@pytest.fixture
def desk(tmp_path: Path, server: Datasette, synced: Path) -> Desk:
    server.reset()
    return _desk(Path(shutil.copytree(synced, tmp_path / "workspace")), server)
