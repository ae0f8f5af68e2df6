"""One Datasette for all tests of a module's process; its rows are put back before each test."""

from __future__ import annotations

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


@pytest.fixture
def desk(tmp_path: Path, server: Datasette) -> Desk:
    server.reset()
    made = Desk(tmp_path / "workspace", "shop", CONNECTOR, {"url": server.url})
    made.secret(token=server.token)
    made.sync()
    return made
