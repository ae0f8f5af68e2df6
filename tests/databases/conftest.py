"""Real servers: PostgreSQL from the package index, MariaDB from Debian's packages (`.ci/run` installs it)."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from tests.databases.desk import Desk, Maria
from tests.databases.shops import Shop, shop_of
from tests.servers import postgres


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "workspace")


@pytest.fixture(scope="session")
def maria_server() -> Iterator[Maria]:
    """A MariaDB server of our own."""
    assert shutil.which("mariadbd"), "MariaDB misses: apt-get install mariadb-server-core mariadb-client-core"
    with tempfile.TemporaryDirectory(prefix="my", ignore_cleanup_errors=True) as folder:
        server = Maria(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture
def maria(maria_server: Maria) -> Iterator[Callable[[str], str]]:
    """A database of its own in the MariaDB server: runs SQL in it, returns what it prints; `url` is its address."""
    name = f"d{uuid4().hex[:10]}"
    maria_server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield maria_server.in_database(name)
    with suppress(subprocess.CalledProcessError):
        maria_server.run(f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def logical_server() -> Iterator[str]:
    """A PostgreSQL server that writes a log which can be decoded; its URL."""
    with postgres.served("wal_level = logical\nfsync = off\nmax_replication_slots = 40\nmax_wal_senders = 4") as url:
        yield url


@pytest.fixture
def logical(logical_server: str) -> Iterator[str]:
    """An empty database of the test's own on that server; its slots go with it."""
    with postgres.database(logical_server) as url:
        yield url


@pytest.fixture(params=["postgres", "mariadb", "sqlite", "duckdb"])
def shop(request: pytest.FixtureRequest, desk: Desk, tmp_path: Path) -> Shop:
    """A table in a database of each kind that can be written."""
    return shop_of(request.param, request, desk, tmp_path)
