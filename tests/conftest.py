"""What tests of several kinds need: a real PostgreSQL, a server that speaks S3; at the end, the catalogue's totals."""

from __future__ import annotations

import gc
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from dinobase.core import secrets
from tests.servers import postgres as postgres_servers
from tests.servers import s3

_INDEX = Path(__file__).parents[1] / "dinobase" / "sync" / "sources" / "index.json"
_SPECS = Path(__file__).parents[2] / "shared" / "specs"


def pytest_configure() -> None:
    """Leave the keyring of whoever runs this alone; let Ctrl-C reach what tests start, also from a background job.

    Python's collector looks rarely, as in our own commands: by default a tenth of a run's time is its.
    """
    gc.set_threshold(100_000, 20, 50)
    os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Let the collector pass over what was imported: it stays until the end."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the catalogue holds, where its tests ran."""
    ran = [report for found in terminalreporter.stats.values() for report in found]
    if any("tests/connectors/" in getattr(report, "nodeid", "") for report in ran):
        totals = json.loads(_INDEX.read_text(encoding="utf-8"))["totals"]
        shown = ", ".join(f"{count:,} {name}" for name, count in totals.items())
        terminalreporter.write_line(f"catalogue: {shown}")
        if not _SPECS.is_dir():
            terminalreporter.write_line("catalogue: ../shared/specs is not there: claims were not held against it")


@pytest.fixture(autouse=True)
def _secrets_of_its_own() -> Iterator[None]:
    """What a test makes known as a secret is not masked in the texts of the tests after it."""
    before = dict(secrets._known)
    yield
    secrets._known.clear()
    secrets._known.update(before)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL server of our own; its URL. What it holds is there for every later test: most want `postgres`."""
    with postgres_servers.served() as url:
        yield url


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[str]:
    """An empty database of the test's own in a PostgreSQL server; its URL."""
    with postgres_servers.database(postgres_server) as url:
        yield url


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server on loopback with one bucket; its URL."""
    with s3.bucket(monkeypatch) as url:
        yield url
