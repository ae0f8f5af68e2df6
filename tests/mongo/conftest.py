"""A server that speaks MongoDB's protocol over WiredTiger: SecantusDB, since no registry has MongoDB's own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pymongo
import pytest
from pymongo.database import Database

from tests.databases.desk import Desk


class Server:
    """One server, in memory."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        words = ["--port", str(self.port), "--storage-path", ":memory:", "--log-level", "ERROR"]
        program = Path(sys.executable).with_name("secantusd-py")
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(program), *words], stdout=log, stderr=subprocess.STDOUT, cwd=folder, env=dict(os.environ)
            )
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                with suppress(subprocess.TimeoutExpired):
                    raise AssertionError(self._process.wait(0.05), (folder / "log").read_text()) from None
            else:
                return

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("mongo"))
    yield server
    server.stop()


@pytest.fixture
def mongo(mongo_server: Server) -> Iterator[Database[dict[str, Any]]]:
    """An empty database of the test's own."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient("127.0.0.1", mongo_server.port, tz_aware=True)
    name = f"d{uuid4().hex[:10]}"
    yield client[name]
    client.drop_database(name)
    client.close()


@pytest.fixture
def url(mongo_server: Server, mongo: Database[dict[str, Any]]) -> str:
    return f"mongodb://127.0.0.1:{mongo_server.port}/{mongo.name}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "workspace")
