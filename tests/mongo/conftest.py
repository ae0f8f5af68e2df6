"""A server that speaks MongoDB's protocol over WiredTiger: SecantusDB, since no registry has MongoDB's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pymongo
import pytest
from pymongo.database import Database

from tests.databases.desk import Desk
from tests.servers.process import Server, free_port, running


class Mongo(Server):
    """One server, in memory."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        words = ["--port", str(port), "--storage-path", ":memory:", "--log-level", "ERROR"]
        super().__init__([str(Path(sys.executable).with_name("secantusd-py")), *words], port, folder)


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongo]:
    yield from running(Mongo, tmp_path_factory.mktemp("mongo"))


@pytest.fixture
def mongo(mongo_server: Mongo) -> Iterator[Database[dict[str, Any]]]:
    """An empty database of the test's own."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient("127.0.0.1", mongo_server.port, tz_aware=True)
    name = f"d{uuid4().hex[:10]}"
    yield client[name]
    client.drop_database(name)
    client.close()


@pytest.fixture
def url(mongo_server: Mongo, mongo: Database[dict[str, Any]]) -> str:
    return f"mongodb://127.0.0.1:{mongo_server.port}/{mongo.name}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "workspace")
